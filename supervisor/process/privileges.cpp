#include "supervisor/process/privileges.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <optional>

namespace girin {
namespace {

std::optional<unsigned> parse_number(const std::string& text) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
    // The largest number means "no change" to the kernel.
    return whole && number != static_cast<unsigned>(-1) ? std::optional(number) : std::nullopt;
}

const passwd* look_up_user(const std::string& user) {
    if (const auto number = parse_number(user)) return ::getpwuid(*number);
    return ::getpwnam(user.c_str());
}

std::vector<gid_t> groups_of(const char* user, gid_t primary) {
    int count = 64;
    std::vector<gid_t> groups(static_cast<std::size_t>(count));
    if (::getgrouplist(user, primary, groups.data(), &count) < 0) {
        groups.resize(static_cast<std::size_t>(count));
        if (::getgrouplist(user, primary, groups.data(), &count) < 0) count = 0;
    }
    groups.resize(static_cast<std::size_t>(count));
    return groups;
}

Result<void> add_user(Identity& identity, const std::string& user) {
    if (const passwd* entry = look_up_user(user)) {
        identity.uid = entry->pw_uid;
        identity.gid = entry->pw_gid;
        identity.groups = groups_of(entry->pw_name, entry->pw_gid);
        identity.name = entry->pw_name;
        identity.home = entry->pw_dir;
        return {};
    }
    const auto number = parse_number(user);
    if (!number) return Error("user '" + user + "': no such user");
    identity.uid = *number;  // a number without a name is fine: containers have many
    identity.gid = *number;  // else it would keep ours, which is root's
    identity.groups = {identity.gid};
    return {};
}

Result<void> add_group(Identity& identity, const std::string& group) {
    const auto number = parse_number(group);
    const struct group* entry = number ? nullptr : ::getgrnam(group.c_str());
    if (!number && !entry) return Error("group '" + group + "': no such group");
    identity.gid = number ? *number : entry->gr_gid;
    if (identity.groups.empty() || identity.name.empty()) identity.groups = {identity.gid};
    return {};
}

/// What we already are needs no right, so that the same settings work for root and for the user itself.
void leave_out_what_is_so(Identity& identity) {
    if (::geteuid() == 0) return;
    if (identity.uid == ::geteuid()) identity.uid = static_cast<uid_t>(-1);
    if (identity.gid == ::getegid()) identity.gid = static_cast<gid_t>(-1);
}

}  // namespace

Result<Identity> find_identity(const std::string& user, const std::string& group) {
    Identity identity;
    if (!user.empty()) {
        if (auto added = add_user(identity, user); !added) return added.error();
    }
    if (!group.empty()) {
        if (auto added = add_group(identity, group); !added) return added.error();
    }
    leave_out_what_is_so(identity);
    if (::geteuid() != 0 && identity.changes_user()) return Error("user '" + user + "': only root may change to it", EPERM);
    if (::geteuid() != 0 && identity.changes_group()) return Error("group '" + group + "': only root may change to it", EPERM);
    return identity;
}

Result<void> become(const Identity& identity) {
    if (!identity.changes_user() && !identity.changes_group()) return {};
    const int writes_cores = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    // Groups first: without the user's rights there is no changing them.
    if (::setgroups(identity.groups.size(), identity.groups.data()) != 0) {
        return Error::from_errno(errno, "set supplementary groups");
    }
    if (identity.changes_group() && ::setresgid(identity.gid, identity.gid, identity.gid) != 0) {
        return Error::from_errno(errno, "change to group", std::to_string(identity.gid));
    }
    if (identity.changes_user() && ::setresuid(identity.uid, identity.uid, identity.uid) != 0) {
        return Error::from_errno(errno, "change to user", std::to_string(identity.uid));
    }
    if (writes_cores == 1) ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    return {};
}

Result<void> forbid_new_privileges() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) return {};
    return Error::from_errno(errno, "forbid new privileges");
}

Result<void> drop_capability_bounds() {
    for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
        if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
        if (errno == EPERM) return {};
        return Error::from_errno(errno, "drop capability", std::to_string(capability));
    }
    return {};
}

Result<void> drop_capabilities() {
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
    if (::syscall(SYS_capset, &header, none) == 0) return {};
    return Error::from_errno(errno, "drop capabilities");
}

Result<void> change_directory(const std::string& directory) {
    if (!directory.empty() && ::chdir(directory.c_str()) != 0) {
        return Error::from_errno(errno, "change to directory", directory);
    }
    return {};
}

Result<UniqueFd> open_directory(const std::string& directory) {
    if (directory.empty()) return UniqueFd();
    UniqueFd opened(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!opened) return Error::from_errno(errno, "change to directory", directory);
    return opened;
}

InDirectory::InDirectory(int directory) {
    if (directory < 0) return;
    former_.reset(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (former_ && ::fchdir(directory) != 0) former_.reset();
}

InDirectory::~InDirectory() {
    if (former_) [[maybe_unused]] const int back = ::fchdir(former_.get());
}

}  // namespace girin
