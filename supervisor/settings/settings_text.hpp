#pragma once

// Text to Settings: command line, environment and settings file, each value with its source. Precedence, lowest first:
// default, what a hosting platform sets for any server (WEB_CONCURRENCY, PORT), file, environment (GIRIN_…), command
// line. A list from one source replaces the list from a lower one. Not here: printing (settings_print.hpp).

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "girin/base/error.hpp"
#include "supervisor/settings/settings.hpp"
#include "supervisor/settings/settings_table.hpp"

namespace girin {

struct SettingSource {
    enum class Kind { default_value, platform, file, environment, command_line };

    Kind kind = Kind::default_value;
    std::string where;  // "girin.conf:12", "GIRIN_WORKERS"; empty for the other kinds

    SettingSource() = default;
    SettingSource(Kind source_kind, std::string place) : kind(source_kind), where(std::move(place)) {}

    /// "default", "girin.conf:12", "environment GIRIN_WORKERS", "command line".
    std::string to_text() const;
    bool operator==(const SettingSource&) const = default;
};

/// All that settings depend on beside the file. Taken once when the process starts, before it changes its directory or
/// environment; a reload parses the same input again, and only the file is read anew.
struct SettingsInput {
    std::vector<std::string> arguments;    // without the program's name
    std::vector<std::string> environment;  // NAME=VALUE
    std::string working_directory;         // where a relative settings file is looked for
    std::size_t usable_cores = 1;          // what `workers = auto` means
    std::uint64_t usable_memory = 0;       // bytes, of which shares are taken; 0: not known
    bool application_built_in = false;     // the program brings its own: none may be named
    bool file_required = false;            // also girin.conf must be there: set for a reload of what came from it

    SettingsInput() {}
    /// Of this process: its arguments, environment, directory and cores.
    static SettingsInput of_process(int argc, const char* const* argv);
};

/// What the command line asks for. All but `run` end the program with exit code 0 when nothing is wrong; check_config
/// still has to judge what settings alone don't show, such as whether the application loads, and check_start whether
/// a worker starts.
enum class SettingsAnswer { run, check_start, check_config, print_config, print_docs, version, help };

struct ParsedSettings {
    Settings settings;
    std::vector<SettingSource> sources;  // one for each of setting_rows(), in its order
    SettingsAnswer answer = SettingsAnswer::run;
    std::string docs_format;  // of print_docs: "man", "markdown" or "sample"

    ParsedSettings();
    const SettingSource& source_of(const SettingRow& row) const;
};

/// The settings file as read; none: `name` is empty.
struct SettingsFile {
    std::string name;  // as messages call it
    std::string path;  // absolute
    std::string text;

    SettingsFile() {}
};

/// Pure: no system call. For help, version and documents the settings stay at their defaults and only the command
/// line's shape is judged. Errors: one sentence that names the setting, its text, what is wrong and where it was
/// written, to be printed after the program's name.
Result<ParsedSettings> parse_settings(const SettingsInput& input, const SettingsFile& file);

/// Finds and reads the file, and no more. Errors: it can't be read, or the command line doesn't say which it is. Blocks: as
/// a disk does.
Result<SettingsFile> read_settings(const SettingsInput& input);

/// Reads the file, then parses. The file is the one that --config or GIRIN_CONFIG names, else girin.conf in
/// the working directory if that exists. Errors: as above, or the file can't be read. Blocks: as a disk does.
Result<ParsedSettings> load_settings(const SettingsInput& input);

}  // namespace girin
