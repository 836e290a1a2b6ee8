#include "supervisor/settings/settings_change.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "supervisor/settings/settings_table.hpp"
#include "supervisor/settings/settings_value.hpp"

namespace girin {
namespace {

std::string shown(const std::string& value) {
    return value.empty() ? "nothing" : value;
}

std::string name_of(const std::string& entry) {
    return entry.substr(0, entry.find('='));
}

/// "TOKEN, MODE (changed)": a value may be a secret, and logs go to many places. Marked are those that `others` has with
/// another value.
std::string names_only(const std::vector<std::string>& entries, const std::vector<std::string>& others) {
    std::string text;
    for (const std::string& entry : entries) {
        const std::string name = name_of(entry);
        const bool is_same = std::ranges::find(others, entry) != others.end();
        const bool is_there = std::ranges::find(others, name, name_of) != others.end();
        text += (text.empty() ? "" : ", ") + name + (is_there && !is_same ? " (changed)" : "");
    }
    return text;
}

/// Before and after; empty: there is none.
std::pair<std::string, std::string> texts(const SettingRow& row, const Settings& before, const Settings& after) {
    if (row.hides_values) {
        return {names_only(value_texts(row, before), {}), names_only(value_texts(row, after), value_texts(row, before))};
    }
    if (!row.hides_command) return {value_text(row, before), value_text(row, after)};
    const bool was = !value_text(row, before).empty();
    const bool is = !value_text(row, after).empty();
    return {was ? "a command" : "", !is ? "" : was ? "another command" : "a command"};
}

}  // namespace

std::string SettingChange::to_text() const {
    return std::string(name) + ": " + shown(before) + " to " + shown(after);
}

std::vector<SettingChange> changes_between(const Settings& before, const Settings& after) {
    std::vector<SettingChange> changes;
    for (const SettingRow& row : setting_rows()) {
        if (value_texts(row, before) == value_texts(row, after)) continue;
        SettingChange change;
        change.name = row.flag;
        std::tie(change.before, change.after) = texts(row, before, after);
        change.reloadable = row.reloadable;
        changes.push_back(std::move(change));
    }
    return changes;
}

Settings keep_unreloadable(const Settings& running, const Settings& wanted) {
    Settings kept = wanted;
    for (const SettingRow& row : setting_rows()) {
        if (!row.reloadable) copy_value(row, running, kept);
    }
    return kept;
}

}  // namespace girin
