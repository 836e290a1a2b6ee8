#pragma once

// A root directory of a worker's own (--chroot). Entering it takes a capability, and what is loaded before that must not
// run as root: so a worker becomes its user first and keeps that one capability, asleep, until it has entered. Not here:
// when that is (spawn.cpp, worker/process/entry.cpp, exec/program.cpp), and what has to be opened before.

#include <string>

#include "girin/base/unique_fd.hpp"
#include "supervisor/process/privileges.hpp"

namespace girin {

/// Whether `directory` is one, and whether we may make it anybody's root. Errors: "chroot /srv/jail: no such file or
/// directory"; or it takes CAP_SYS_CHROOT, which we don't have.
Result<void> check_root_directory(const std::string& directory);

/// For enter_root_directory(), and of no other use: the user that is about to enter may not be able to find it.
/// Errors: as above.
Result<UniqueFd> open_root_directory(const std::string& directory);

/// As become(), but what enter_root_directory() needs is kept. Whoever stops being root keeps nothing else, and with
/// `drop_others` nobody does. Errors: as become().
Result<void> become_with_root_ahead(const Identity& identity, bool drop_others);

/// `root` and its "/" are all that is to be reached from now on, for all threads, and the right to do this is gone for
/// good. Errors: the user may not enter it; it was not kept.
///
/// Threads: must be the only one: another would keep the capability.
Result<void> enter_root_directory(int root);

/// The time zone as it is now stays that of this process, wherever its file is out of reach.
void keep_time_zone();

}  // namespace girin
