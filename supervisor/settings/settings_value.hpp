#pragma once

// One setting's value as text, both ways, by the type of its field. Not here: where text comes from
// (settings_text.hpp).

#include <string>
#include <string_view>
#include <vector>

#include "girin/base/error.hpp"
#include "supervisor/settings/settings_table.hpp"

namespace girin {

/// Reads `text` into the row's field: a list gets its items appended, anything else is replaced. Numbers are plain;
/// times are seconds ("30", "0.5") or carry ms, s, m or h; sizes may carry k, m or g (1024, its square and cube);
/// switches are true or false, yes or no, on or off, 1 or 0. Errors: a sentence that begins with the text in quotes;
/// the field is unchanged then.
Result<void> read_value(const SettingRow& row, std::string_view text, Settings& settings);

/// What read_value reads again; for a list, one text for each item, for others exactly one.
std::vector<std::string> value_texts(const SettingRow& row, const Settings& settings);
/// The same in one line for people: items are separated by ", ".
std::string value_text(const SettingRow& row, const Settings& settings);

void clear_list(const SettingRow& row, Settings& settings);
/// Copies the row's field, whatever it is.
void copy_value(const SettingRow& row, const Settings& from, Settings& to);

/// "1" to "1024", "0s" to "24h": the row's range in its unit; empty without one.
std::string range_text(const SettingRow& row);

}  // namespace girin
