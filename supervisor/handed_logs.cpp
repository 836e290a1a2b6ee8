#include "supervisor/handed_logs.hpp"

#include <grp.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "loop/base/line_sink.hpp"
#include "loop/base/log.hpp"

namespace girin {
namespace {

/// With the rights of another to files, while this lives. What can't be taken is told by the open that fails.
class AsOwner {
  public:
    explicit AsOwner(const Identity& owner) : changes_(owner.changes_user() || owner.changes_group()) {
        if (!changes_) return;
        groups_.resize(static_cast<std::size_t>(::getgroups(0, nullptr)));
        ::getgroups(static_cast<int>(groups_.size()), groups_.data());
        [[maybe_unused]] const int changed = ::setgroups(owner.groups.size(), owner.groups.data());
        if (owner.changes_group()) ::setfsgid(owner.gid);
        if (owner.changes_user()) ::setfsuid(owner.uid);
    }
    ~AsOwner() {
        if (!changes_) return;
        ::setfsuid(::geteuid());
        ::setfsgid(::getegid());
        [[maybe_unused]] const int changed = ::setgroups(groups_.size(), groups_.data());
    }
    AsOwner(const AsOwner&) = delete;
    AsOwner& operator=(const AsOwner&) = delete;

  private:
    bool changes_;
    std::vector<gid_t> groups_;
};

bool is_file(const std::string& file) { return !file.empty() && file != "-"; }

}  // namespace

Result<UniqueFd> open_log_as(const Identity& owner, const std::string& file) {
    const AsOwner as_owner(owner);
    return open_for_sink(file);
}

HandedLogs::Parcel HandedLogs::pack(const Settings& settings) {
    Parcel parcel;
    std::int64_t which = 0;
    const auto add = [&](HandedLog log, int fd) {
        which |= static_cast<std::int64_t>(log);
        parcel.descriptors.push_back(fd);
    };
    // One that an older worker writes elsewhere stays as it is.
    const bool is_own = is_file(settings.error_logfile) && settings.error_logfile == own_file_;
    if (is_own) add(HandedLog::error, log_fd());
    const int access = is_file(settings.access_logfile) ? open_access_log(settings.access_logfile) : -1;
    if (access >= 0) add(HandedLog::access, access);
    parcel.message = Message(MessageKind::reopen_logs, which);
    return parcel;
}

int HandedLogs::open_access_log(const std::string& file) {
    const auto known = access_logs_.find(file);
    if (known != access_logs_.end()) return known->second.get();
    auto opened = open_log_as(owner_, file);
    if (!opened) log_error("Access log: " + opened.error().message() + "; the old file is used on");
    return access_logs_.emplace(file, opened ? std::move(*opened) : UniqueFd()).first->second.get();
}

}  // namespace girin
