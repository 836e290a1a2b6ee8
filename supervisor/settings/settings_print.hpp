#pragma once

// What a person is shown of the settings: help, and the values in force with their sources. Not here: documents that
// are generated into files (settings_documents.hpp).

#include <optional>
#include <string>
#include <string_view>

#include "supervisor/settings/settings_text.hpp"

namespace girin {

/// "0.1.0".
std::string_view girin_version();

/// --help: all settings by section, with defaults, for a terminal of 80 columns or more.
std::string help_text();

/// --print-config: a settings file that gives the same settings, with the source of each value as a comment.
std::string config_text(const ParsedSettings& parsed);

/// What `parsed.answer` asks to be printed, with its line's end; none for run and the checks.
std::optional<std::string> answer_text(const ParsedSettings& parsed);

/// What a row's value is by default, as documents tell it: "2s", "auto, or …"; "none" for an empty one.
std::string default_text(const SettingRow& row);

/// "-w, --workers COUNT"; for a switch that has a value, with its negation: "-D, --daemon, --no-daemon".
std::string flags_text(const SettingRow& row);

}  // namespace girin
