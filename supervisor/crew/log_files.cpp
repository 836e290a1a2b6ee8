#include "supervisor/crew/log_files.hpp"

#include <grp.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "girin/log.hpp"

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

Result<UniqueFd> open_with_rights_of(const Identity& owner, const std::string& file, int standard_fd) {
    const AsOwner as_owner(owner);
    return open_for_sink(file, standard_fd, Links::all);
}

}  // namespace

Result<UniqueFd> open_log_as(const Identity& owner, const std::string& file, int standard_fd) {
    const bool is_own = !is_file(file) || (!owner.changes_user() && !owner.changes_group());
    if (is_own) return open_for_sink(file, standard_fd);
    auto theirs = open_with_rights_of(owner, file, standard_fd);
    if (theirs || theirs.error().errno_value() != EACCES) return theirs;
    return open_for_sink(file, standard_fd);
}

Result<LogFiles> LogFiles::open(const Settings& settings, const Identity& owner) {
    LogFiles files;
    files.error_file_ = settings.error_logfile;
    files.access_file_ = settings.access_logfile;
    files.owner_ = owner;
    auto error = open_for_sink(files.error_file_);
    if (!error) return error.error();
    files.error_ = std::move(*error);
    if (!settings.exec.empty()) files.access_file_.clear();  // a program writes its own
    if (files.access_file_.empty()) return files;
    auto access = open_log_as(owner, files.access_file_, STDOUT_FILENO);
    if (!access) return access.error();
    files.access_ = std::move(*access);
    return files;
}

Result<void> LogFiles::reopen() {
    error_is_new_ = access_is_new_ = false;
    if (is_file(access_file_)) {
        auto opened = open_log_as(owner_, access_file_);
        access_is_new_ = opened.has_value();
        if (opened) access_ = std::move(*opened);
        if (!opened) log_error("Access log: " + opened.error().message() + "; the old file is used on");
    }
    if (!is_file(error_file_)) return {};
    auto opened = open_for_sink(error_file_);
    error_is_new_ = opened.has_value();
    if (!opened) log_error("The log goes on as it was: " + opened.error().message());
    if (!opened) return opened.error();
    error_ = std::move(*opened);
    return {};
}

std::vector<UniqueFd> LogFiles::release() {
    std::vector<UniqueFd> both;
    both.push_back(std::move(error_));
    both.push_back(std::move(access_));
    return both;
}

LogFiles::Parcel LogFiles::pack(Which wanted) const {
    Parcel parcel;
    std::int64_t which = 0;
    const auto add = [&](HandedLog log, const UniqueFd& fd) {
        which |= static_cast<std::int64_t>(log);
        parcel.descriptors.push_back(fd.get());
    };
    if (error_is_new_) add(HandedLog::error, error_);
    if (access_is_new_ && wanted == Which::all) add(HandedLog::access, access_);
    parcel.message = Message(MessageKind::reopen_logs, which);
    return parcel;
}

}  // namespace girin
