#pragma once

// The variables that settings put into a process's environment, and whose it is. Not here: how settings are read from it
// (settings_text.hpp).

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "girin/base/error.hpp"

namespace girin {

/// What the process was started with, and over it the variables of the settings in force. A forked child has its own.
class Environment {
  public:
    /// Each NAME=VALUE, in place of all those that an earlier call has set: where those aren't set again, there is what
    /// had been before. Errors: an entry without '=' or with an empty name, of which nothing is repeated, since it may be
    /// a secret; earlier entries are set by then.
    Result<void> set(const std::vector<std::string>& entries);

  private:
    void take_back();

    std::map<std::string, std::optional<std::string>> covered_;  // what each was before; none: it wasn't there
};

/// HOME, USER and LOGNAME as a login of that user has them, and nothing that only means something to the former one.
/// Both are empty for a user that has no entry in passwd.
void set_user_variables(const std::string& name, const std::string& home);

}  // namespace girin
