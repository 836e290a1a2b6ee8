#include "supervisor/settings/settings_text.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "supervisor/settings/cpus.hpp"
#include "supervisor/settings/settings_arguments.hpp"
#include "supervisor/settings/settings_checks.hpp"
#include "supervisor/settings/settings_file.hpp"
#include "supervisor/settings/settings_value.hpp"

extern "C" char** environ;

namespace girin {
namespace {

constexpr std::string_view kDefaultFile = "girin.conf";
constexpr std::string_view kDocsFormats[] = {"man", "markdown", "sample"};

std::size_t index_of(const SettingRow& row) {
    return static_cast<std::size_t>(&row - setting_rows().data());
}

SettingsAnswer answer_of(std::string_view flag) {
    if (flag == "help") return SettingsAnswer::help;
    if (flag == "version") return SettingsAnswer::version;
    if (flag == "print-docs") return SettingsAnswer::print_docs;
    if (flag == "print-config") return SettingsAnswer::print_config;
    if (flag == "check-start") return SettingsAnswer::check_start;
    return SettingsAnswer::check_config;
}

bool needs_settings(SettingsAnswer answer) {
    return answer <= SettingsAnswer::print_config;
}

// Of several answers asked for, the one that needs least is given.
Result<void> read_answer(const Assignment& asked, ParsedSettings& parsed) {
    parsed.answer = std::max(parsed.answer, answer_of(asked.row->flag));
    if (is_switch(*asked.row)) return {};
    if (std::ranges::find(kDocsFormats, asked.text) == std::end(kDocsFormats)) {
        return asked.refused(Error("'" + asked.text + "' is not man, markdown or sample"));
    }
    parsed.docs_format = asked.text;
    return {};
}

// Everything at its default, with what the command line asks for.
Result<ParsedSettings> read_answers(const std::vector<Assignment>& command_line) {
    ParsedSettings parsed;
    for (const Assignment& assignment : command_line) {
        if (has_value(*assignment.row)) continue;
        if (auto read = read_answer(assignment, parsed); !read) return read.error();
    }
    return parsed;
}

Result<void> apply(const Assignment& assignment, ParsedSettings& parsed) {
    SettingSource& source = parsed.sources[index_of(*assignment.row)];
    const bool continues_list = is_list(*assignment.row) && source.kind == assignment.source.kind;
    if (!continues_list) {
        clear_list(*assignment.row, parsed.settings);
        source = assignment.source;
    }
    auto read = read_value(*assignment.row, assignment.text, parsed.settings);
    return read ? read : Result<void>(assignment.refused(read.error()));
}

// In the order given, lowest precedence first: all are judged, also those that a later one replaces.
Result<void> apply_all(const std::vector<Assignment>& assignments, ParsedSettings& parsed) {
    for (const Assignment& assignment : assignments) {
        if (!has_value(*assignment.row)) continue;
        if (auto applied = apply(assignment, parsed); !applied) return applied;
    }
    return {};
}

std::vector<Assignment> in_order_of_precedence(std::vector<Assignment> environment, std::vector<Assignment> file,
                                               std::vector<Assignment> command_line) {
    const auto ours = std::ranges::find(environment, SettingSource::Kind::environment,
                                        [](const Assignment& a) { return a.source.kind; });
    environment.insert(ours, file.begin(), file.end());
    environment.insert(environment.end(), command_line.begin(), command_line.end());
    return environment;
}

Result<std::vector<Assignment>> read_everything(const SettingsInput& input, const SettingsFile& file,
                                                std::vector<Assignment> command_line) {
    auto environment = read_environment(input.environment);
    if (!environment) return environment.error();
    std::vector<Assignment> entries;
    if (!file.name.empty()) {
        auto read = read_file_entries(file);
        if (!read) return read.error();
        entries = std::move(*read);
    }
    return in_order_of_precedence(std::move(*environment), std::move(entries), std::move(command_line));
}

Result<void> check_application_choice(const SettingsInput& input, const ParsedSettings& parsed) {
    if (input.application_built_in) return check_application_ours(parsed.settings);
    // What is printed may be looked at before an application exists.
    if (parsed.answer == SettingsAnswer::print_config) return {};
    return check_application_given(parsed.settings);
}

Result<void> finish(const SettingsInput& input, const SettingsFile& file, ParsedSettings& parsed) {
    Settings& settings = parsed.settings;
    settings.config = file.path;
    const SettingRow& workers = row_of(&Settings::workers);
    if (settings.workers == 0)
        settings.workers = std::clamp<std::uint64_t>(input.usable_cores, workers.min, workers.max);
    if (settings.max_memory_share > 0) {
        if (input.usable_memory == 0) return Error("max-memory: this machine doesn't say how much a share is");
        settings.max_memory = std::max<std::uint64_t>(input.usable_memory / 100 * settings.max_memory_share, 1);
    }
    if (auto checked = check_application_choice(input, parsed); !checked) return checked;
    // Programs that listen on ports of their own may take none of ours, and whoever came there would wait for ever.
    const bool may_need_none = !settings.exec.empty() && settings.exec_port > 0;
    const bool named = parsed.source_of(row_of(&Settings::bind)).kind != SettingSource::Kind::default_value;
    if (may_need_none && !named) settings.bind.clear();
    if (auto checked = check_together(settings); !checked) return checked;
    std::vector<WantedAddress> wanted = wanted_addresses(settings);
    // Sockets that are handed over stand in for an address that nobody has named.
    if (!named) std::erase_if(wanted, [](const WantedAddress& one) { return one.setting == "bind"; });
    return check_distinct(wanted);
}

struct FileChoice {
    std::string name;  // as written
    bool required = true;

    FileChoice() {}
};

// The last one counts, as for every setting that isn't a list.
void choose_file(const std::vector<Assignment>& assignments, FileChoice& choice) {
    for (const Assignment& assignment : assignments) {
        if (assignment.row->field == SettingField(&Settings::config)) choice.name = assignment.text;
    }
}

Result<FileChoice> chosen_file(const SettingsInput& input, const std::vector<Assignment>& command_line) {
    const auto environment = read_environment(input.environment);
    if (!environment) return environment.error();
    FileChoice choice;
    choose_file(*environment, choice);
    choose_file(command_line, choice);
    if (!choice.name.empty()) return choice;
    choice.name = kDefaultFile;
    choice.required = input.file_required;
    return choice;
}

Result<SettingsFile> read_chosen_file(const SettingsInput& input, const FileChoice& choice) {
    SettingsFile file;
    const auto path = (std::filesystem::path(input.working_directory) / choice.name).lexically_normal();
    std::error_code unknown;
    if (!choice.required && !std::filesystem::exists(path, unknown)) return file;
    auto text = read_settings_file(path.string(), choice.name);
    if (!text) return text.error();
    file.name = choice.name;
    file.path = path.string();
    file.text = std::move(*text);
    return file;
}

}  // namespace

std::string SettingSource::to_text() const {
    switch (kind) {
        case Kind::default_value: return "default";
        case Kind::file: return where;
        case Kind::platform:
        case Kind::environment: return "environment " + where;
        case Kind::command_line: break;
    }
    return "command line";
}

SettingsInput SettingsInput::of_process(int argc, const char* const* argv) {
    SettingsInput input;
    for (int i = 1; i < argc; ++i) input.arguments.emplace_back(argv[i]);
    for (char** entry = environ; entry && *entry; ++entry) input.environment.emplace_back(*entry);
    std::error_code gone;
    input.working_directory = std::filesystem::current_path(gone).string();
    input.usable_cores = girin::usable_cores();
    input.usable_memory = memory_limit(read_kernel_file).value_or(machine_memory());
    return input;
}

ParsedSettings::ParsedSettings() : sources(setting_rows().size()) {}

const SettingSource& ParsedSettings::source_of(const SettingRow& row) const {
    return sources[index_of(row)];
}

Result<ParsedSettings> parse_settings(const SettingsInput& input, const SettingsFile& file) {
    auto command_line = read_command_line(input.arguments);
    if (!command_line) return command_line.error();
    auto parsed = read_answers(*command_line);
    if (!parsed || !needs_settings(parsed->answer)) return parsed;
    const auto assignments = read_everything(input, file, std::move(*command_line));
    if (!assignments) return assignments.error();
    if (auto applied = apply_all(*assignments, *parsed); !applied) return applied.error();
    if (auto finished = finish(input, file, *parsed); !finished) return finished.error();
    return parsed;
}

Result<SettingsFile> read_settings(const SettingsInput& input) {
    const auto command_line = read_command_line(input.arguments);
    if (!command_line) return command_line.error();
    const auto choice = chosen_file(input, *command_line);
    if (!choice) return choice.error();
    return read_chosen_file(input, *choice);
}

Result<ParsedSettings> load_settings(const SettingsInput& input) {
    const auto command_line = read_command_line(input.arguments);
    if (!command_line) return command_line.error();
    // Help must not depend on a file that can't be read.
    auto asked = read_answers(*command_line);
    if (!asked || !needs_settings(asked->answer)) return asked;
    const auto file = read_settings(input);
    if (!file) return file.error();
    return parse_settings(input, *file);
}

}  // namespace girin
