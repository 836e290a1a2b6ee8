#pragma once

// Texts for settings, as found in one place and not yet judged. The command line's shape is Boost.Program_options'
// business, and its complaints become our sentences here; so do unknown names in the environment and in the file.

#include <string>
#include <vector>

#include "girin/base/error.hpp"
#include "supervisor/settings/settings_text.hpp"

namespace girin {

/// A text for a row that waits to be read.
struct Assignment {
    const SettingRow* row = nullptr;
    std::string text;
    SettingSource source;

    Assignment(const SettingRow& of, std::string value, SettingSource from)
        : row(&of), text(std::move(value)), source(std::move(from)) {}

    /// A sentence's end, about this text, told with where it stands: "--workers: 'x' is not a whole number (command
    /// line)".
    Error refused(const Error& why) const;
};

/// Switches come as "true" or "false"; the argument that is no option is the application. Errors: unknown options,
/// missing or superfluous values, several applications.
Result<std::vector<Assignment>> read_command_line(const std::vector<std::string>& arguments);

/// Lowest first: platforms' variables, then ours. Empty variables count as unset. Errors: a variable whose name is
/// nearly one of ours; others that begin with GIRIN_ are left alone, they may be the application's.
Result<std::vector<Assignment>> read_environment(const std::vector<std::string>& environment);

/// Errors: grammar, unknown names, a value that isn't a list given twice.
Result<std::vector<Assignment>> read_file_entries(const SettingsFile& file);

}  // namespace girin
