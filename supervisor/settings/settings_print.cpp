#include "supervisor/settings/settings_print.hpp"

#include <algorithm>
#include <vector>

#include "supervisor/settings/command_table.hpp"
#include "supervisor/settings/guides.hpp"
#include "supervisor/settings/settings_documents.hpp"
#include "supervisor/settings/settings_file.hpp"
#include "supervisor/settings/settings_value.hpp"

namespace girin {
namespace {

constexpr std::size_t kHelpColumns = 80;
constexpr std::size_t kSourceColumn = 40;
constexpr std::string_view kIndent = "      ";

constexpr std::string_view kHelpHead =
    "Usage: girin [OPTION]... APPLICATION\n"
    "Serve a C++ application over HTTP with several processes.\n"
    "\n"
    "  girin -w 4 -b 127.0.0.1:8000 demo\n"
    "  girin -w 4 -b :8000 -b unix:/run/shop.sock ./libshop.so\n"
    "  girin status            and other commands for a server that runs, see below\n"
    "\n"
    "Each setting can also stand in the environment (--keep-alive: GIRIN_KEEP_ALIVE)\n"
    "and in the settings file (keep_alive = 5s). The command line comes first, then\n"
    "the environment, then the file. TIME is seconds, or a number with ms, s, m or h;\n"
    "SIZE is bytes, or a number with k, m or g.\n";

bool is_application(const SettingRow& row) {
    return row.field == SettingField(&Settings::application);
}

std::string wrapped(std::string_view text, std::string_view indent, std::size_t columns) {
    std::string lines, line(indent);
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const bool is_first = line.size() == indent.size();
        if (!is_first && line.size() + 1 + end > columns) {
            lines += line + "\n";
            line = indent;
        } else if (!is_first) {
            line += ' ';
        }
        line += text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines + line + "\n";
}

std::string help_of(const SettingRow& row) {
    std::string text(row.summary);
    if (has_value(row) && !is_switch(row)) text += " [" + default_text(row) + "]";
    return "  " + flags_text(row) + "\n" + wrapped(text, kIndent, kHelpColumns);
}

// "workers = 4" and "# command line", in columns.
std::string config_line(std::string line, const std::string& source) {
    line.resize(std::max(line.size() + 1, kSourceColumn), ' ');
    return line + "# " + source + "\n";
}

std::string config_of(const SettingRow& row, const ParsedSettings& parsed) {
    const std::string source = parsed.source_of(row).to_text();
    std::string lines;
    for (const std::string& text : value_texts(row, parsed.settings)) {
        lines += config_line(file_key(row) + " = " + file_value(text), source);
    }
    // A list that is empty is written as an empty value, or a lower source would show through.
    return lines.empty() ? config_line(file_key(row) + " = \"\"", source) : lines;
}

}  // namespace

std::string_view girin_version() {
    return GIRIN_VERSION;
}

std::string default_text(const SettingRow& row) {
    if (!row.default_words.empty()) return std::string(row.default_words);
    const std::string text = value_text(row, Settings());
    return text.empty() ? "none" : text;
}

std::string flags_text(const SettingRow& row) {
    if (is_application(row)) return std::string(row.metavar);
    std::string text = row.short_flag == 0 ? "" : std::string("-") + row.short_flag + ", ";
    text += "--" + std::string(row.flag);
    if (!row.other_flag.empty()) text += ", --" + std::string(row.other_flag);
    if (!is_switch(row)) return text + " " + std::string(row.metavar);
    return has_value(row) ? text + ", --no-" + std::string(row.flag) : text;
}

std::string help_text() {
    std::string text(kHelpHead);
    std::string_view section;
    for (const SettingRow& row : setting_rows()) {
        if (row.section != section) text += "\n" + std::string(row.section) + ":\n";
        section = row.section;
        text += help_of(row);
    }
    text += "\nFor a server that runs (each has --help and --json):\n";
    for (const CommandRow& row : command_rows()) {
        text += "  " + command_synopsis(row) + "\n" + wrapped(row.summary, kIndent, kHelpColumns);
    }
    text += "\nGuides, in share/doc/girin where girin is installed:\n";
    for (const Guide& guide : guides()) {
        text += "  " + std::string(guide.file) + "\n" + wrapped(guide.about, kIndent, kHelpColumns);
    }
    return text;
}

std::string config_text(const ParsedSettings& parsed) {
    const SettingRow& config = row_of(&Settings::config);
    std::string text = "# settings file: ";
    text += parsed.settings.config.empty() ? "none" : parsed.settings.config;
    text += " (" + parsed.source_of(config).to_text() + ")\n";
    for (const SettingRow& row : setting_rows()) {
        if (!file_key(row).empty()) text += config_of(row, parsed);
    }
    return text;
}

std::optional<std::string> answer_text(const ParsedSettings& parsed) {
    switch (parsed.answer) {
        case SettingsAnswer::help: return help_text();
        case SettingsAnswer::version: return "girin " + std::string(girin_version()) + "\n";
        case SettingsAnswer::print_docs: return document_text(parsed.docs_format);
        case SettingsAnswer::print_config: return config_text(parsed);
        case SettingsAnswer::run:
        case SettingsAnswer::check_start:
        case SettingsAnswer::check_config: break;
    }
    return std::nullopt;
}

}  // namespace girin
