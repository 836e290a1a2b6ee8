#include "supervisor/settings/settings_value.hpp"

#include <algorithm>
#include <array>
#include <boost/system/result.hpp>
#include <cctype>
#include <charconv>
#include <cmath>
#include <type_traits>
#include <utility>

namespace girin {
namespace {

using std::chrono::milliseconds;

struct Suffix {
    std::string_view text;
    std::uint64_t factor;
};

// Largest first: printing takes the first that divides.
constexpr Suffix kSizeSuffixes[] = {{"g", 1024 * 1024 * 1024}, {"m", 1024 * 1024}, {"k", 1024}, {"", 1}};
constexpr Suffix kTimeSuffixes[] = {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};

constexpr std::array<std::string_view, 5> kLogLevels = {"debug", "info", "warning", "error", "critical"};
constexpr std::array<std::string_view, 2> kLogFormats = {"text", "json"};
constexpr std::string_view kInheritWord = "inherit";

std::string in_quotes(std::string_view text) {
    return "'" + std::string(text) + "'";
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

bool is_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string with_suffix(std::uint64_t value, std::span<const Suffix> suffixes, std::string_view zero) {
    if (value == 0) return std::string(zero);
    const auto suffix = std::ranges::find_if(suffixes, [&](const Suffix& s) { return value % s.factor == 0; });
    return std::to_string(value / suffix->factor) + std::string(suffix->text);
}

std::string octal(std::uint64_t value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value, 8).ptr;
    return "0" + std::string(digits, end);
}

std::string number_text(SettingUnit unit, std::uint64_t value) {
    switch (unit) {
        case SettingUnit::bytes: return with_suffix(value, kSizeSuffixes, "0");
        case SettingUnit::milliseconds: return with_suffix(value, kTimeSuffixes, "0s");
        case SettingUnit::octal: return value == 0 ? "0" : octal(value);
        case SettingUnit::none:
        case SettingUnit::count: break;
    }
    return std::to_string(value);
}

Error out_of_range(const SettingRow& row, std::string_view text) {
    return Error(in_quotes(text) + " is out of range: " + range_text(row));
}

Result<std::uint64_t> in_range(const SettingRow& row, std::string_view text, std::uint64_t value) {
    if (value < row.min || value > row.max) return out_of_range(row, text);
    return value;
}

// `base` 8 for octal. Too many digits for the type are out of every range.
Result<std::uint64_t> whole_number(const SettingRow& row, std::string_view text, int base, std::string_view what) {
    const bool negative = text.starts_with('-') && is_digits(text.substr(1));
    if (negative) return out_of_range(row, text);
    std::uint64_t value = 0;
    const auto end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value, base);
    if (text.empty() || stopped != end) return Error(in_quotes(text) + " is not " + std::string(what));
    if (error != std::errc()) return out_of_range(row, text);
    return in_range(row, text, value);
}

Result<std::uint64_t> read_count(const SettingRow& row, std::string_view text) {
    if (!row.zero_word.empty() && lower(text) == row.zero_word) return std::uint64_t{0};
    const std::string or_word = row.zero_word.empty() ? "" : ", nor " + std::string(row.zero_word);
    return whole_number(row, text, 10, "a whole number" + or_word);
}

std::size_t number_end(std::string_view text) {
    return std::min(text.find_first_not_of("0123456789."), text.size());
}

Result<std::uint64_t> read_size(const SettingRow& row, std::string_view text) {
    const std::string_view number = text.substr(0, number_end(text));
    const std::string unit = lower(text.substr(number.size()));
    const auto suffix = std::ranges::find(kSizeSuffixes, unit, &Suffix::text);
    if (text.starts_with('-') && is_digits(text.substr(1))) return out_of_range(row, text);
    if (suffix == std::end(kSizeSuffixes) || !is_digits(number)) {
        return Error(in_quotes(text) + " is not a size: a whole number of bytes, or with k, m or g");
    }
    std::uint64_t value = 0;
    const auto [stopped, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc() || value > row.max / suffix->factor) return out_of_range(row, text);
    return in_range(row, text, value * suffix->factor);
}

Result<std::uint64_t> read_time(const SettingRow& row, std::string_view text) {
    if (text.starts_with('-') && number_end(text.substr(1)) > 0) return out_of_range(row, text);
    const std::string_view number = text.substr(0, number_end(text));
    const std::string unit = number.size() == text.size() ? "s" : lower(text.substr(number.size()));
    const auto suffix = std::ranges::find(kTimeSuffixes, unit, &Suffix::text);
    double value = 0;
    const auto end = number.data() + number.size();
    const auto [stopped, error] = std::from_chars(number.data(), end, value, std::chars_format::fixed);
    if (number.empty() || stopped != end || suffix == std::end(kTimeSuffixes)) {
        return Error(in_quotes(text) + " is not a time: seconds, or a number with ms, s, m or h");
    }
    const double ms = value * static_cast<double>(suffix->factor);
    if (error != std::errc() || ms > static_cast<double>(row.max)) return out_of_range(row, text);
    if (ms > 0 && ms < 1) return Error(in_quotes(text) + " is shorter than a millisecond");
    return in_range(row, text, static_cast<std::uint64_t>(std::llround(ms)));
}

Result<bool> read_switch(std::string_view text) {
    constexpr std::string_view kYes[] = {"true", "yes", "on", "1"};
    constexpr std::string_view kNo[] = {"false", "no", "off", "0"};
    const std::string word = lower(text);
    if (std::ranges::find(kYes, word) != std::end(kYes)) return true;
    if (std::ranges::find(kNo, word) != std::end(kNo)) return false;
    return Error(in_quotes(text) + " is neither true nor false");
}

template <class Enum, std::size_t N>
Result<Enum> read_word(std::string_view text, const std::array<std::string_view, N>& words) {
    const auto word = std::ranges::find(words, lower(text));
    if (word != words.end()) return static_cast<Enum>(word - words.begin());
    std::string choices;
    for (std::size_t i = 0; i < N; ++i) {
        choices += (i == 0 ? "" : i + 1 == N ? " or " : ", ") + std::string(words[i]);
    }
    return Error(in_quotes(text) + " is not " + choices);
}

Result<std::string> read_text(const SettingRow& row, std::string_view text) {
    if (text.find('\0') != text.npos) return Error("a NUL byte can't stand in a value");
    std::string value(text);
    if (row.check && !value.empty()) {
        if (const auto checked = row.check(value); !checked) return checked.error();
    }
    return {boost::system::in_place_value, std::move(value)};
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
    const std::size_t end = text.find_last_not_of(" \t");
    return text.substr(begin, end == text.npos ? 0 : end + 1 - begin);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> items;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(separator), text.size());
        items.push_back(trimmed(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return items;
}

Result<std::string> read_item(const SettingRow& row, std::string_view text, std::string*) {
    if (text.empty() && row.separator != 0) return Error("an item of the list is empty");
    return read_text(row, text);
}

Result<BindAddress> read_item(const SettingRow&, std::string_view text, BindAddress*) {
    return parse_bind_address(text);
}

// Each overload reads one type of field; the pointer tells which.
Result<std::uint64_t> read_as(const SettingRow& row, std::string_view text, std::uint64_t*) {
    return row.unit == SettingUnit::bytes ? read_size(row, text) : read_count(row, text);
}

Result<milliseconds> read_as(const SettingRow& row, std::string_view text, milliseconds*) {
    const auto ms = read_time(row, text);
    if (!ms) return ms.error();
    return milliseconds(static_cast<milliseconds::rep>(*ms));
}

Result<std::optional<std::uint32_t>> read_as(const SettingRow& row, std::string_view text,
                                             std::optional<std::uint32_t>*) {
    if (lower(text) == kInheritWord) return std::optional<std::uint32_t>();
    const std::string_view digits = lower(text).starts_with("0o") ? text.substr(2) : text;
    const auto mode = whole_number(row, digits, 8, "an octal number, nor inherit");
    if (!mode) return mode.error();
    return std::optional(static_cast<std::uint32_t>(*mode));
}

Result<bool> read_as(const SettingRow&, std::string_view text, bool*) {
    return read_switch(text);
}
Result<std::string> read_as(const SettingRow& row, std::string_view text, std::string*) {
    return read_text(row, text);
}
Result<LogLevel> read_as(const SettingRow&, std::string_view text, LogLevel*) {
    return read_word<LogLevel>(text, kLogLevels);
}
Result<LogFormat> read_as(const SettingRow&, std::string_view text, LogFormat*) {
    return read_word<LogFormat>(text, kLogFormats);
}

template <class Value>
Result<void> read_into(const SettingRow& row, std::string_view text, Value& value) {
    auto read = read_as(row, text, static_cast<Value*>(nullptr));
    if (!read) return read.error();
    value = std::move(*read);
    return {};
}

template <class Item>
Result<void> read_into(const SettingRow& row, std::string_view text, std::vector<Item>& list) {
    std::vector<Item> items;
    // Without a separator the text is one item, to the letter; but an empty list is printed as an empty text.
    if (row.separator == 0 && text.empty() && list.empty()) return {};
    const auto parts = row.separator == 0 ? std::vector<std::string_view>{text} : split(text, row.separator);
    for (const std::string_view part : parts) {
        auto item = read_item(row, part, static_cast<Item*>(nullptr));
        if (!item) return item.error();
        items.push_back(std::move(*item));
    }
    list.insert(list.end(), items.begin(), items.end());
    return {};
}

std::vector<std::string> texts_of(const SettingRow& row, std::uint64_t value) {
    if (value == 0 && !row.zero_word.empty()) return {std::string(row.zero_word)};
    return {number_text(row.unit, value)};
}
std::vector<std::string> texts_of(const SettingRow& row, milliseconds value) {
    return {number_text(row.unit, static_cast<std::uint64_t>(value.count()))};
}
std::vector<std::string> texts_of(const SettingRow& row, const std::optional<std::uint32_t>& value) {
    return {value ? number_text(row.unit, *value) : std::string(kInheritWord)};
}
std::vector<std::string> texts_of(const SettingRow&, bool value) {
    return {value ? "true" : "false"};
}
std::vector<std::string> texts_of(const SettingRow&, const std::string& value) {
    return {value};
}
std::vector<std::string> texts_of(const SettingRow&, const std::vector<std::string>& value) {
    return value;
}
std::vector<std::string> texts_of(const SettingRow&, const std::vector<BindAddress>& value) {
    std::vector<std::string> texts;
    for (const BindAddress& address : value) texts.push_back(address.to_text());
    return texts;
}
std::vector<std::string> texts_of(const SettingRow&, LogLevel value) {
    return {std::string(kLogLevels[static_cast<std::size_t>(value)])};
}
std::vector<std::string> texts_of(const SettingRow&, LogFormat value) {
    return {std::string(kLogFormats[static_cast<std::size_t>(value)])};
}

// "4", or "2:8". A single number takes back what a range has set.
Result<void> read_range(const SettingRow& row, std::string_view text, Settings& settings) {
    auto& least = settings.*std::get<std::uint64_t Settings::*>(row.field);
    const std::size_t colon = text.find(':');
    if (colon == text.npos) {
        const auto count = read_count(row, text);
        if (!count) return count.error();
        least = *count;
        settings.*row.most = 0;
        return {};
    }
    const auto from = whole_number(row, text.substr(0, colon), 10, "a whole number");
    if (!from) return from.error();
    const auto to = whole_number(row, text.substr(colon + 1), 10, "a whole number");
    if (!to) return to.error();
    if (*to < *from) return Error(in_quotes(text) + " is no range: the smaller number stands first");
    least = *from;
    settings.*row.most = *to;
    return {};
}

// "25%"; nothing for what isn't one.
std::optional<Result<std::uint64_t>> read_share(std::string_view text) {
    if (!text.ends_with('%')) return std::nullopt;
    const std::string_view number = text.substr(0, text.size() - 1);
    std::uint64_t share = 0;
    const auto [stopped, error] = std::from_chars(number.data(), number.data() + number.size(), share);
    const bool is_share = error == std::errc() && stopped == number.data() + number.size() && share > 0 && share <= 100;
    if (!is_share) return Error(in_quotes(text) + " is not a share: whole numbers from 1% to 100% are");
    return share;
}

// Calls `act` with the pointer to the row's member; a row without a value is left alone.
template <class Act>
void with_member(const SettingRow& row, Act act) {
    std::visit(
        [&](auto member) {
            if constexpr (!std::is_same_v<decltype(member), std::monostate>) act(member);
        },
        row.field);
}

}  // namespace

Result<void> read_value(const SettingRow& row, std::string_view text, Settings& settings) {
    if (row.most != nullptr) return read_range(row, text, settings);
    const auto share = row.share != nullptr ? read_share(text) : std::nullopt;
    if (share && !*share) return share->error();
    Result<void> outcome;
    with_member(row, [&](auto member) { outcome = read_into(row, share ? "0" : text, settings.*member); });
    if (row.share != nullptr && outcome) settings.*row.share = share ? **share : 0;
    return outcome;
}

std::vector<std::string> value_texts(const SettingRow& row, const Settings& settings) {
    std::vector<std::string> texts;
    with_member(row, [&](auto member) { texts = texts_of(row, settings.*member); });
    if (row.share != nullptr && settings.*row.share > 0) texts = {std::to_string(settings.*row.share) + "%"};
    if (row.most != nullptr && settings.*row.most > 0) texts.front() += ":" + std::to_string(settings.*row.most);
    return texts;
}

std::string value_text(const SettingRow& row, const Settings& settings) {
    std::string line;
    for (const std::string& text : value_texts(row, settings)) line += (line.empty() ? "" : ", ") + text;
    return line;
}

void clear_list(const SettingRow& row, Settings& settings) {
    with_member(row, [&](auto member) {
        if (is_list(row)) settings.*member = {};
    });
}

void copy_value(const SettingRow& row, const Settings& from, Settings& to) {
    with_member(row, [&](auto member) { to.*member = from.*member; });
    if (row.most != nullptr) to.*row.most = from.*row.most;
    if (row.share != nullptr) to.*row.share = from.*row.share;
}

std::string range_text(const SettingRow& row) {
    if (row.unit == SettingUnit::none) return {};
    const std::string range = number_text(row.unit, row.min) + " to " + number_text(row.unit, row.max);
    if (row.share != nullptr) return range + ", or 1% to 100%";
    return row.zero_word.empty() ? range : range + ", or " + std::string(row.zero_word);
}

}  // namespace girin
