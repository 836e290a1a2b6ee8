#pragma once

// Who a process runs as and where: user, group and supplementary groups, directory. Names are
// looked up once, in the master and before any fork; workers apply plain numbers.

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "girin/base/error.hpp"
#include "girin/base/unique_fd.hpp"

namespace girin {

/// What a worker becomes. Numbers of -1 mean "stay as you are".
struct Identity {
    uid_t uid = static_cast<uid_t>(-1);
    gid_t gid = static_cast<gid_t>(-1);
    std::vector<gid_t> groups;  // supplementary; applied only when uid or gid is
    std::string name, home;     // of the user; empty: unchanged, or one without an entry in passwd

    Identity() = default;
    bool changes_user() const { return uid != static_cast<uid_t>(-1); }
    bool changes_group() const { return gid != static_cast<gid_t>(-1); }
    bool operator==(const Identity&) const = default;
};

/// `user` and `group` are names or numbers; empty: unchanged. A user without a group brings its own primary and
/// supplementary groups; a number that has no name brings the group of the same number, never root's. Errors: no such
/// user or group; or a change that only root may make while we aren't root.
Result<Identity> find_identity(const std::string& user, const std::string& group);

/// For good: afterwards there is no way back. Cores are written as before: the kernel takes that away with the user.
/// Errors: the kernel refuses; then the process must not go on.
Result<void> become(const Identity& identity);

/// For good: no file that is executed later gives more rights than there are.
Result<void> forbid_new_privileges();

/// The bounding set, from which executed files take their capabilities. Before become(), which may take the right to do
/// so; without that right, nothing happens.
Result<void> drop_capability_bounds();
/// What the process itself has; after become(), which needs it. For good.
Result<void> drop_capabilities();

Result<void> change_directory(const std::string& directory);

/// `directory` as it is now, whatever its name, or a link in it, leads to later; empty: none. Errors: as above.
Result<UniqueFd> open_directory(const std::string& directory);

/// In another working directory, while this lives; -1: in the same.
class InDirectory {
  public:
    explicit InDirectory(int directory);
    ~InDirectory();
    InDirectory(const InDirectory&) = delete;
    InDirectory& operator=(const InDirectory&) = delete;

  private:
    UniqueFd former_;
};

}  // namespace girin
