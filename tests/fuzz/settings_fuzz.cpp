// Settings as an operator, a file or a platform may write them: parsed or refused with a sentence, printed, and read again.

#include <algorithm>

#include "supervisor/settings/bind_address.hpp"
#include "supervisor/settings/settings_file.hpp"
#include "supervisor/settings/settings_print.hpp"
#include "supervisor/settings/settings_text.hpp"
#include "supervisor/settings/settings_value.hpp"
#include "tests/fuzz/server/choices.hpp"
#include "tests/fuzz/server/verdict.hpp"

namespace girin::test {
namespace {

const std::string_view kValues[] = {"1", "0", "4", "auto", "true", "off", "30s", "0.5", "5m", "64k", "50%", "1-3,5",
    ":8000", "unix:/run/s",
                                    "fd://3", "[::1]:0", "info", "json", "%(h)s", "*", "10.0.0.0/8", "A=b",
                                        "text with # in it", "\"q\\n\"", "-"};

SettingsFile file_of(std::string text) {
    SettingsFile file;
    file.name = "girin.conf";
    file.path = "/nowhere/girin.conf";
    file.text = std::move(text);
    return file;
}

SettingsInput input_of(std::vector<std::string> arguments, std::vector<std::string> environment) {
    SettingsInput input;
    input.arguments = std::move(arguments);
    input.environment = std::move(environment);
    input.working_directory = "/nowhere";
    input.usable_cores = 3;
    input.usable_memory = 1 << 30;
    return input;
}

std::string a_value(Choices& choices) {
    const std::size_t which = choices.below(std::size(kValues) + 8);
    return which < std::size(kValues) ? std::string(kValues[which]) : std::string(choices.bytes(1 + choices.below(12)));
}

const SettingRow& a_row(Choices& choices) {
    const auto rows = setting_rows();
    return rows[choices.below(rows.size())];
}

void judge_refusal(const Error& why, std::string_view what) {
    const std::string sentence = why.message();
    expect(!sentence.empty() && sentence.size() < 4000, "a refusal is a sentence", std::string(what));
}

/// --print-config: a file that gives the same settings.
void judge_printed(const ParsedSettings& parsed) {
    const std::string text = config_text(parsed);
    const auto again = parse_settings(input_of({}, {}), file_of(text));
    expect(again.has_value(), "printed settings are read", text + (again ? "" : again.error().message()));
    for (const SettingRow& row : setting_rows()) {
        if (!has_value(row) || row.flag == "config") continue;
        expect(value_texts(row, again->settings) == value_texts(row, parsed.settings), "printed settings say the same",
               std::string(row.flag) + "\n" + text);
    }
}

void judge(const Result<ParsedSettings>& parsed, std::string_view what) {
    if (!parsed) return judge_refusal(parsed.error(), what);
    if (parsed->answer == SettingsAnswer::run && !parsed->settings.application.empty()) judge_printed(*parsed);
}

/// From all three places at once.
void judge_sources(Choices& choices) {
    std::vector<std::string> arguments, environment;
    std::string file;
    for (std::size_t count = choices.below(10); count > 0; --count) {
        const SettingRow& row = a_row(choices);
        const std::string value = a_value(choices);
        switch (choices.below(5)) {
            case 0: arguments.push_back("--" + std::string(row.flag)); arguments.push_back(value); break;
            case 1: arguments.push_back("--" + std::string(row.flag) + "=" + value); break;
            case 2: environment.push_back(environment_variable(row) + "=" + value); break;
            case 3: file += file_key(row) + " = " + file_value(value) + "\n"; break;
            default: arguments.push_back(value); break;
        }
    }
    if (choices.below(2) == 0) arguments.insert(arguments.begin(), "demo");
    // No NUL reaches an argument or a variable.
    for (auto* list : {&arguments, &environment}) {
        for (std::string& text : *list) std::erase(text, '\0');
    }
    judge(parse_settings(input_of(arguments, environment), file_of(file)), file);
}

void judge_file(std::string_view text) {
    const auto entries = parse_settings_file(text, "girin.conf");
    if (!entries) return judge_refusal(entries.error(), text);
    const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
    std::string written;
    std::size_t line = 0;
    for (const FileEntry& entry : *entries) {
        expect(!entry.key.empty(), "an entry has a name", std::string(text));
        expect(entry.line > line && entry.line <= lines, "an entry has a line", std::string(text));
        line = entry.line;
        written += entry.key + " = " + file_value(entry.value) + "\n";
    }
    const auto again = parse_settings_file(written, "girin.conf");
    expect(again && again->size() == entries->size(), "entries are read as they were written",
        written + (again ? "" : again.error().message()));
    for (std::size_t i = 0; i < entries->size(); ++i) {
        expect((*again)[i].key == (*entries)[i].key && (*again)[i].value == (*entries)[i].value, "a value stays what it is",
            written);
    }
    judge(parse_settings(input_of({"demo"}, {}), file_of(std::string(text))), text);
}

void judge_value(Choices& choices) {
    const SettingRow& row = a_row(choices);
    if (!has_value(row)) return;
    const std::string text(choices.rest());
    const Settings before;
    Settings settings;
    clear_list(row, settings);
    const auto cleared = value_texts(row, settings);
    const auto read = read_value(row, text, settings);
    if (!read) {
        expect(value_texts(row, settings) == cleared, "a refused value changes nothing", text);
        return judge_refusal(read.error(), text);
    }
    const auto texts = value_texts(row, settings);
    Settings again;
    clear_list(row, again);
    for (const std::string& one : texts) {
        expect(read_value(row, one, again).has_value(), "a value's own text is read",
            std::string(row.flag) + ": " + one + " of " + text);
    }
    expect(value_texts(row, again) == texts, "and says the same", std::string(row.flag) + ": " + text);
    for (const SettingRow& other : setting_rows()) {
        if (&other == &row || !has_value(other)) continue;
        if (value_texts(other, settings) != value_texts(other,
            before)) wrong("a value is of one setting: " + std::string(row.flag));
    }
}

void judge_address(std::string_view text) {
    const auto address = parse_bind_address(text);
    if (!address) return judge_refusal(address.error(), text);
    const auto again = parse_bind_address(address->to_text());
    expect(again && *again == *address, "an address is read as it is told", std::string(text) + " told as " + address->to_text());
}

}  // namespace
}  // namespace girin::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace girin::test;
    Choices choices({reinterpret_cast<const char*>(data), size});
    switch (choices.byte() % 4) {
        case 0: judge_sources(choices); break;
        case 1: judge_file(choices.rest()); break;
        case 2: judge_value(choices); break;
        default: judge_address(choices.rest()); break;
    }
    return 0;
}
