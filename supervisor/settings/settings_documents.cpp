#include "supervisor/settings/settings_documents.hpp"

#include <algorithm>

#include "supervisor/settings/command_table.hpp"
#include "supervisor/settings/guides.hpp"
#include "supervisor/settings/settings_file.hpp"
#include "supervisor/settings/settings_print.hpp"
#include "supervisor/settings/settings_table.hpp"
#include "supervisor/settings/settings_value.hpp"

namespace girin {
namespace {

constexpr std::string_view kSources =
    "A setting's value comes from the command line, else from the environment, else from the settings file, else from "
    "the variables that hosting platforms set for any server (WEB_CONCURRENCY, PORT), else it is the default. A list, "
    "such as the addresses to listen at, is taken whole from one of them. girin --print-config shows each value with "
    "its source.";

constexpr std::string_view kUnits =
    "Times are seconds, such as 30 or 0.5, or numbers with ms, s, m or h. Sizes are bytes, or numbers with k, m or g, "
    "which are 1024, its square and its cube. Switches are true or false.";

constexpr std::string_view kCommandsText =
    "For a server that runs. Each finds it by itself when there is only one, waits for the outcome, prints it (with --json "
    "as JSON), and exits with 0 only if what was asked has happened.";

std::string reload_sentence(const SettingRow& row) {
    return row.reloadable ? "A reload (HUP) applies a change." : "A change needs a restart.";
}

// Calls `open` at each section's first row, and `each` for every row.
template <class Open, class Each>
void for_each_row(Open open, Each each) {
    std::string_view section;
    for (const SettingRow& row : setting_rows()) {
        if (row.section != section) open(row.section);
        section = row.section;
        each(row);
    }
}

// --- manual page

std::string man_escaped(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (c == '\\') {
            escaped += "\\e";
        } else if (c == '-') {
            escaped += "\\-";
        } else {
            escaped += c;
        }
    }
    const bool is_request = escaped.starts_with('.') || escaped.starts_with('\'');
    return is_request ? "\\&" + escaped : escaped;
}

std::string man_names(const SettingRow& row) {
    std::string text;
    if (const std::string key = file_key(row); !key.empty()) text += "File: " + key + ". ";
    if (const std::string variable = environment_variable(row); !variable.empty())
        text += "Environment: " + variable + ". ";
    if (has_value(row)) text += "Default: " + default_text(row) + ". ";
    if (const std::string range = range_text(row); !range.empty()) text += "Range: " + range + ". ";
    return has_value(row) ? text + reload_sentence(row) : text;
}

std::string man_entry(const SettingRow& row) {
    std::string text = ".TP\n.B " + man_escaped(flags_text(row)) + "\n" + man_escaped(row.summary) + "\n";
    if (!row.details.empty()) text += man_escaped(row.details) + "\n";
    if (const std::string names = man_names(row); !names.empty()) text += ".br\n" + man_escaped(names) + "\n";
    return text;
}

// --- Markdown

std::string code(std::string_view text) {
    return "`" + std::string(text) + "`";
}

// Outside code, what Markdown would take as its own.
std::string md_escaped(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (c == '*' || c == '_' || c == '<' || c == '`' || c == '[') escaped += '\\';
        escaped += c;
    }
    return escaped;
}

std::string md_default(const SettingRow& row) {
    return row.default_words.empty() && default_text(row) != "none" ? code(default_text(row))
                                                                    : md_escaped(default_text(row));
}

std::string md_facts(const SettingRow& row) {
    std::string text;
    if (const std::string key = file_key(row); !key.empty()) text += "- file: " + code(key) + "\n";
    if (!row.other_file_key.empty()) text.insert(text.size() - 1, ", also " + code(row.other_file_key));
    if (const std::string variable = environment_variable(row); !variable.empty()) {
        text += "- environment: " + code(variable) + "\n";
    }
    if (has_value(row)) text += "- default: " + md_default(row) + "\n";
    if (const std::string range = range_text(row); !range.empty()) text += "- range: " + range + "\n";
    if (has_value(row)) text += "- " + reload_sentence(row) + "\n";
    return text.empty() ? text : "\n" + text;
}

std::string md_entry(const SettingRow& row) {
    std::string text = "\n### " + code(flags_text(row)) + "\n\n" + md_escaped(row.summary) + "\n";
    if (!row.details.empty()) text += md_escaped(row.details) + "\n";
    return text + md_facts(row);
}

// --- sample file

std::string comment(std::string_view text) {
    constexpr std::size_t kColumns = 100;
    std::string lines, line = "#";
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (line.size() + 1 + end > kColumns) {
            lines += line + "\n";
            line = "#";
        }
        line += " " + std::string(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines + line + "\n";
}

// `#name = value`, without a space: what is to be uncommented looks different from what is to be read.
std::string sample_entry(const SettingRow& row) {
    const std::string key = file_key(row);
    if (key.empty()) return {};
    std::string text = "\n" + comment(row.summary);
    const auto values = value_texts(row, Settings());
    for (const std::string& value : values) text += "#" + key + " = " + file_value(value) + "\n";
    if (values.empty()) text += "#" + key + " = \"\"\n";
    return text;
}

bool has_file_key(std::string_view section) {
    return std::ranges::any_of(setting_rows(),
                               [&](const SettingRow& row) { return row.section == section && !file_key(row).empty(); });
}

}  // namespace

std::string man_page() {
    std::string text = ".\\\" Printed by: girin --print-docs man\n.TH GIRIN 1 \"\" \"girin " +
                       std::string(girin_version()) + "\" \"User Commands\"\n";
    text += ".SH NAME\ngirin \\- serve a C++ application over HTTP with several processes\n";
    text += ".SH SYNOPSIS\n.B girin\n[\\fIOPTION\\fR]... \\fIAPPLICATION\\fR\n.br\n.B girin\n\\fICOMMAND\\fR "
            "[\\fB\\-\\-json\\fR] [\\fB\\-\\-control\\-socket\\fR \\fIPATH\\fR | \\fB\\-n\\fR \\fINAME\\fR | "
            "\\fB\\-p\\fR \\fIPIDFILE\\fR]\n.SH DESCRIPTION\n";
    text += man_escaped(kSources) + "\n.PP\n" + man_escaped(kUnits) + "\n.SH OPTIONS\n";
    for_each_row([&](std::string_view section) { text += ".SS " + std::string(section) + "\n"; },
                 [&](const SettingRow& row) { text += man_entry(row); });
    text += ".SH COMMANDS\n" + man_escaped(kCommandsText) + "\n";
    for (const CommandRow& row : command_rows()) {
        text += ".TP\n.B " + man_escaped(command_synopsis(row)) + "\n" + man_escaped(row.summary) + "\n";
    }
    text += ".SH EXIT STATUS\n";
    for (const ExitCodeMeaning& row : exit_codes()) {
        text += ".TP\n.B " + std::to_string(static_cast<int>(row.code)) + "\n" + man_escaped(row.meaning) + "\n";
    }
    text += ".SH FILES\n.TP\n.B girin.conf\n" + man_escaped(row_of(&Settings::config).details) + "\n";
    text += ".SH SEE ALSO\nThe guides in share/doc/girin where girin is installed:\n";
    for (const Guide& guide : guides()) {
        text += ".TP\n.B " + man_escaped(guide.file) + "\n" + man_escaped(guide.about) + "\n";
    }
    return text;
}

std::string settings_reference() {
    std::string text = "<!-- Printed by: girin --print-docs markdown -->\n# Settings\n\n"
                       "[girin](../README.md) · [which of them matter first]"
                       "(../supervisor/OPERATING.md#settings-that-matter-first)\n\n";
    text += md_escaped(kSources) + "\n\n" + md_escaped(kUnits) + "\n";
    for_each_row([&](std::string_view section) { text += "\n## " + std::string(section) + "\n"; },
                 [&](const SettingRow& row) { text += md_entry(row); });
    return text;
}

std::string sample_file() {
    std::string text = comment(
        "Settings of girin, all at their defaults. Take the # away before a name to set it. Printed by: "
        "girin --print-docs sample");
    const auto open = [&](std::string_view section) {
        if (has_file_key(section)) text += "\n# --- " + std::string(section) + " ---\n";
    };
    for_each_row(open, [&](const SettingRow& row) { text += sample_entry(row); });
    return text;
}

std::string document_text(std::string_view format) {
    if (format == "man") return man_page();
    if (format == "markdown") return settings_reference();
    if (format == "sample") return sample_file();
    return {};
}

}  // namespace girin
