#pragma once

// Shorthands of the settings' tests: an input from a few words, and what comes out of it.

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "supervisor/settings/settings_text.hpp"

namespace girin::test {

inline SettingsInput input_of(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
    SettingsInput input;
    input.arguments = std::move(arguments);
    input.environment = std::move(environment);
    input.working_directory = "/nowhere";
    input.usable_cores = 3;
    return input;
}

inline SettingsFile file_of(std::string text) {
    SettingsFile file;
    file.name = "girin.conf";
    file.path = "/nowhere/girin.conf";
    file.text = std::move(text);
    return file;
}

inline Result<ParsedSettings> parse(std::vector<std::string> arguments, std::vector<std::string> environment = {},
                                    const SettingsFile& file = SettingsFile()) {
    return parse_settings(input_of(std::move(arguments), std::move(environment)), file);
}

/// The message, or a text that no message is.
inline std::string error_of(const Result<ParsedSettings>& parsed) {
    return parsed ? "(no error)" : parsed.error().message();
}

}  // namespace girin::test
