#pragma once

// The shape of one setting's row, and ways to find a row. The rows stand in settings_table.cpp, and nothing else names
// a flag, a file key, an environment variable or a range: readers, printers and documents all walk them. Defaults are
// not here but in settings.hpp.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "girin/base/error.hpp"
#include "supervisor/settings/settings.hpp"

namespace girin {

/// Where a row's value lives. Its type decides how text is read; none: a row that asks for an answer, such as --help.
using SettingField =
    std::variant<std::monostate, bool Settings::*, std::uint64_t Settings::*, std::chrono::milliseconds Settings::*,
                 std::string Settings::*, std::vector<std::string> Settings::*, std::vector<BindAddress> Settings::*,
                 LogLevel Settings::*, LogFormat Settings::*, std::optional<std::uint32_t> Settings::*>;

enum class SettingUnit { none, count, bytes, milliseconds, octal };

enum class SettingPlaces { all, not_in_file, command_line };

struct SettingRow {
    std::string_view flag = {};  // long, without dashes; the file's key and the environment's variable follow from it
    char short_flag = 0;
    std::string_view section = {};
    SettingField field = {};

    SettingUnit unit = SettingUnit::none;
    std::uint64_t min = 0, max = 0;   // in `unit`, where there is one; both are allowed
    std::string_view zero_word = {};  // how 0 is written where it isn't a number: "auto"; then 0 as such is refused
    std::uint64_t Settings::*most = nullptr;  // "LEAST:MOST" is allowed, and MOST goes here; 0: a single number
    std::uint64_t Settings::* share = nullptr;  // "25%" of this machine's memory is allowed, and 25 goes here; 0: a number
    char separator = ',';             // between the items of a list in one value; 0: none
    /// Judges one text, or one item of a list; null: any will do. Errors: a sentence that begins with the text.
    Result<void> (*check)(const std::string& text) = nullptr;

    bool reloadable = true;  // HUP applies a change
    bool hides_values = false;  // of NAME=VALUE, logs have the name only
    bool hides_command = false;  // logs have only that there is one, and another: its arguments may be secrets
    SettingPlaces places = SettingPlaces::all;
    std::string_view other_flag = {};         // a second long flag
    std::string_view other_file_key = {};     // Gunicorn's, where it isn't the flag's
    std::string_view platform_variable = {};  // set by hosting platforms for any server; the settings file overrides it
    std::string_view platform_prefix = {};    // put before what that variable holds
    std::string_view default_words = {};      // for documents, where the default isn't a fixed value

    std::string_view metavar = {};  // empty: a switch
    std::string_view summary = {};  // one line
    std::string_view details = {};  // whole sentences; may be empty
};

/// In the order of documents: rows of one section stand together.
std::span<const SettingRow> setting_rows();

/// "keep-alive" → "keep_alive" and "GIRIN_KEEP_ALIVE"; empty where the row isn't read from there.
std::string file_key(const SettingRow& row);
std::string environment_variable(const SettingRow& row);

/// Null: no such row. With any of the names that the command line, or a file, knows.
const SettingRow* find_flag(std::string_view flag);
const SettingRow* find_file_key(std::string_view key);
/// The row whose value is `field`, to be used with members that are known to have one.
const SettingRow& row_of(SettingField field);

bool is_switch(const SettingRow& row);
bool is_list(const SettingRow& row);
/// Whether the row has a value in Settings.
bool has_value(const SettingRow& row);

/// What no single row can judge: each check by its name, listed under the table. Errors: the first that fails.
Result<void> check_together(const Settings& settings);

}  // namespace girin
