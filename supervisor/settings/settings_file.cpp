#include "supervisor/settings/settings_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "girin/base/unique_fd.hpp"

namespace girin {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string in_quotes(std::string_view text) {
    return "'" + std::string(text) + "'";
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
    const std::size_t end = text.find_last_not_of(kBlanks);
    return text.substr(begin, end == text.npos ? 0 : end + 1 - begin);
}

bool is_blank_or_comment(std::string_view line) {
    return line.empty() || line.front() == '#' || line.front() == ';';
}

char unescaped(char c) {
    switch (c) {
        case 'n': return '\n';
        case 't': return '\t';
        default: return c;
    }
}

// `text` begins with its quote.
Result<std::string> unquoted(std::string_view text) {
    const char quote = text.front();
    std::string value;
    std::size_t at = 1;
    for (; at < text.size() && text[at] != quote; ++at) {
        if (quote == '"' && text[at] == '\\' && at + 1 < text.size()) {
            value += unescaped(text[++at]);
        } else {
            value += text[at];
        }
    }
    if (at == text.size()) return Error("a quote is opened and not closed");
    const std::string_view rest = trimmed(text.substr(at + 1));
    if (!rest.empty() && rest.front() != '#') return Error(in_quotes(rest) + " stands after the closing quote");
    return {boost::system::in_place_value, std::move(value)};
}

std::string_view without_comment(std::string_view text) {
    for (std::size_t at = text.find('#'); at != text.npos; at = text.find('#', at + 1)) {
        if (at == 0 || kBlanks.find(text[at - 1]) != kBlanks.npos) return trimmed(text.substr(0, at));
    }
    return text;
}

Result<std::string> parse_value(std::string_view text) {
    if (!text.empty() && (text.front() == '"' || text.front() == '\'')) return unquoted(text);
    return {boost::system::in_place_value, std::string(without_comment(text))};
}

Result<void> check_section(std::string_view line) {
    const std::string_view section = without_comment(line);
    if (section == "[girin]") return {};
    return Error(in_quotes(section) + " is not a section of ours: only [girin] is");
}

Result<FileEntry> parse_entry(std::string_view line) {
    const std::size_t equals = line.find('=');
    if (equals == line.npos) return Error(in_quotes(without_comment(line)) + " is not NAME = VALUE");
    FileEntry entry;
    entry.key = trimmed(line.substr(0, equals));
    if (entry.key.empty()) return Error("a name is missing before '='");
    auto value = parse_value(trimmed(line.substr(equals + 1)));
    if (!value) return value.error();
    entry.value = std::move(*value);
    return entry;
}

// Adds what the line says, if it says something.
Result<void> parse_line(std::string_view line, std::size_t number, std::vector<FileEntry>& entries) {
    if (line.find('\0') != line.npos) return Error("a NUL byte: this is not a text file");
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trimmed(line);
    if (is_blank_or_comment(line)) return {};
    if (line.front() == '[') return check_section(line);
    auto entry = parse_entry(line);
    if (!entry) return entry.error();
    entry->line = number;
    entries.push_back(std::move(*entry));
    return {};
}

Result<void> check_is_readable_file(int fd, const std::string& name) {
    struct stat facts{};
    if (::fstat(fd, &facts) != 0) return Error::from_errno(errno, "read", name);
    if (S_ISDIR(facts.st_mode)) return Error("read " + name + ": it is a directory");
    return {};
}

}  // namespace

Result<std::vector<FileEntry>> parse_settings_file(std::string_view text, const std::string& name) {
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    std::vector<FileEntry> entries;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (auto parsed = parse_line(text.substr(0, end), number, entries); !parsed) {
            return parsed.error().within(name + ":" + std::to_string(number));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return entries;
}

Result<std::string> read_settings_file(const std::string& path, const std::string& name) {
    // Non-blocking, so that a FIFO without a writer can't hold us up.
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return Error::from_errno(errno, "open", name);
    if (auto checked = check_is_readable_file(fd.get(), name); !checked) return checked.error();
    std::string text;
    char piece[16384];
    while (true) {
        const ssize_t got = ::read(fd.get(), piece, sizeof piece);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Error::from_errno(errno, "read", name);
        if (got == 0) break;
        text.append(piece, static_cast<std::size_t>(got));
        if (text.size() > kLargestSettingsFileBytes) return Error("read " + name + ": larger than 1 MiB");
    }
    return {boost::system::in_place_value, std::move(text)};
}

std::string file_value(std::string_view value) {
    const bool plain = !value.empty() && trimmed(value) == value && value.find_first_of("#\"'\n\t\r") == value.npos;
    if (plain) return std::string(value);
    std::string text = "\"";
    for (const char c : value) {
        if (c == '"' || c == '\\') text += '\\';
        text += c == '\n' ? "\\n" : c == '\t' ? "\\t" : std::string(1, c);
    }
    return text + "\"";
}

}  // namespace girin
