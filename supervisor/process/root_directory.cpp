#include "supervisor/process/root_directory.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>

namespace girin {
namespace {

constexpr unsigned kMayChroot = 1u << CAP_SYS_CHROOT;

/// Of the calling thread. Of the two words CAP_SYS_CHROOT is in the first.
struct CapabilitySets {
    __user_cap_data_struct words[_LINUX_CAPABILITY_U32S_3] = {};
};

__user_cap_header_struct own_header() { return {_LINUX_CAPABILITY_VERSION_3, 0}; }

Result<CapabilitySets> read_capabilities() {
    auto header = own_header();
    CapabilitySets sets;
    if (::syscall(SYS_capget, &header, sets.words) != 0) return Error::from_errno(errno, "read capabilities");
    return sets;
}

Result<void> set_capabilities(const CapabilitySets& sets) {
    auto header = own_header();
    if (::syscall(SYS_capset, &header, sets.words) != 0) return Error::from_errno(errno, "set capabilities");
    return {};
}

Result<void> keep_only_chroot() {
    auto own = read_capabilities();
    if (!own) return own.error();
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    CapabilitySets kept;
    kept.words[0].permitted = own->words[0].permitted & kMayChroot;
    return set_capabilities(kept);
}

Result<void> wake_chroot(CapabilitySets& own) {
    own.words[0].effective |= own.words[0].permitted & kMayChroot;
    return set_capabilities(own);
}

Result<void> drop_chroot(CapabilitySets& own) {
    own.words[0].effective &= ~kMayChroot;
    own.words[0].permitted &= ~kMayChroot;
    own.words[0].inheritable &= ~kMayChroot;
    return set_capabilities(own);
}

}  // namespace

Result<void> check_root_directory(const std::string& directory) {
    if (auto opened = open_root_directory(directory); !opened) return opened.error();
    const auto own = read_capabilities();
    if (!own) return own.error();
    if ((own->words[0].effective & kMayChroot) != 0) return {};
    return Error("chroot " + directory + ": only root, or who has CAP_SYS_CHROOT, may give workers a root directory", EPERM);
}

Result<UniqueFd> open_root_directory(const std::string& directory) {
    UniqueFd opened(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!opened) return Error::from_errno(errno, "chroot", directory);
    return opened;
}

Result<void> become_with_root_ahead(const Identity& identity, bool drop_others) {
    // Who may not change the bounding set, has none that a file's capabilities could be added from.
    ::prctl(PR_CAPBSET_DROP, CAP_SYS_CHROOT, 0, 0, 0);
    const bool was_root = ::geteuid() == 0;
    ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    if (auto became = become(identity); !became) return became;
    ::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
    const bool left_root = was_root && ::geteuid() != 0;
    return left_root || drop_others ? keep_only_chroot() : Result<void>();
}

Result<void> enter_root_directory(int root) {
    auto own = read_capabilities();
    if (!own) return own.error();
    if (auto woken = wake_chroot(*own); !woken) return woken;
    if (::fchdir(root) != 0 || ::chroot(".") != 0 || ::chdir("/") != 0) {
        return Error::from_errno(errno, "enter the root directory of --chroot");
    }
    return drop_chroot(*own);
}

void keep_time_zone() {
    // With a name for it, the C library doesn't look for its file again; without, each strftime does.
    ::setenv("TZ", ":/etc/localtime", 0);
    ::tzset();
}

}  // namespace girin
