#pragma once

// What a reload of the settings changes, and what of it must wait for a restart.

#include <string>
#include <string_view>
#include <vector>

#include "supervisor/settings/settings.hpp"

namespace girin {

struct SettingChange {
    std::string_view name;  // the flag without dashes
    std::string before, after;
    bool reloadable = true;

    /// "workers: 4 to 8"; nothing is said about reloading. Of variables only names: "env: A to A (changed), B",
    /// and of commands not even those: "on-ready: a command to another command".
    std::string to_text() const;
};

/// In the table's order.
std::vector<SettingChange> changes_between(const Settings& before, const Settings& after);

/// What a reload may put in force: `wanted`, with `running`'s values where a change needs a restart.
Settings keep_unreloadable(const Settings& running, const Settings& wanted);

}  // namespace girin
