#include "supervisor/settings/settings_change.hpp"

#include "supervisor/settings/settings_table.hpp"
#include "supervisor/settings/settings_value.hpp"

namespace girin {
namespace {

std::string shown(const std::string& value) {
    return value.empty() ? "nothing" : value;
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
        change.before = value_text(row, before);
        change.after = value_text(row, after);
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
