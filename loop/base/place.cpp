#include "loop/base/place.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <string_view>
#include <utility>

namespace girin {
namespace {

constexpr int kMostLinks = 40;  // as the kernel
constexpr int kDirectory = O_PATH | O_DIRECTORY | O_CLOEXEC;

bool are_root() { return ::geteuid() == 0; }

/// Nobody but root can put names there, or take them away. In one like /tmp they can't be taken away or replaced.
bool is_roots_own(const struct stat& directory) {
    const bool writable = (directory.st_mode & 022) != 0 && (directory.st_mode & S_ISVTX) == 0;
    return directory.st_uid == 0 && !writable;
}

/// Not every filesystem, nor every kernel, knows RENAME_NOREPLACE; a second name is as careful of what is there.
void rename_to_free_name(int directory, const char* from, const char* to) {
    if (::renameat2(directory, from, directory, to, RENAME_NOREPLACE) == 0 || errno == EEXIST) return;
    if (::linkat(directory, from, directory, to, 0) == 0) ::unlinkat(directory, from, 0);
}

bool is_in_proc(int fd) {
    struct statfs about {};
    return ::fstatfs(fd, &about) == 0 && about.f_type == PROC_SUPER_MAGIC;
}

}  // namespace

/// Along a path, part by part, each opened in the directory before it.
class Walk {
  public:
    Walk(const std::string& path, std::string_view what, Place::End end) : what_(what), end_(end), rest_(path) {}

    Result<Place> run() {
        if (auto begun = begin(); !begun) return begun.error();
        while (!take_part().empty()) {
            const bool is_last = rest_.find_first_not_of('/') == std::string::npos;
            if (auto went = step(is_last); !went) return went.error();
            if (is_last && at_end_) return finish();
        }
        part_ = ".";
        return finish();
    }

  private:
    Result<void> begin() {
        place_.directory_.reset(::open(rest_.starts_with('/') ? "/" : ".", kDirectory));
        return place_.directory_ ? Result<void>() : failed(errno);
    }

    const std::string& take_part() {
        rest_.erase(0, rest_.find_first_not_of('/'));
        const std::size_t end = std::min(rest_.find('/'), rest_.size());
        part_ = rest_.substr(0, end);
        rest_.erase(0, end);
        return part_;
    }

    Result<void> step(bool is_last) {
        UniqueFd entry(::openat(directory(), part_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        at_end_ = is_last;
        if (!entry) return errno == ENOENT && is_last ? Result<void>() : failed(errno);
        struct stat about {};
        if (::fstat(entry.get(), &about) != 0) return failed(errno);
        const bool is_wanted = is_last && end_ == Place::End::itself;
        if (S_ISLNK(about.st_mode) && !is_wanted) return follow(entry.get(), about, is_last);
        if (is_last) return {};
        if (!S_ISDIR(about.st_mode)) return failed(ENOTDIR);
        place_.directory_ = std::move(entry);
        return {};
    }

    Result<void> follow(int link, const struct stat& about, bool is_last) {
        if (++links_ > kMostLinks) return failed(ELOOP);
        struct stat above {};
        if (::fstat(directory(), &above) != 0) return failed(errno);
        const bool in_proc = is_in_proc(link);
        if (about.st_uid != 0 || (!in_proc && !is_roots_own(above))) return refuse(about.st_uid);
        if (in_proc) return follow_kernels(is_last);
        std::array<char, PATH_MAX> target{};
        const ssize_t bytes = ::readlinkat(link, "", target.data(), target.size());
        if (bytes <= 0) return failed(bytes == 0 ? ENOENT : errno);
        rest_ = std::string(target.data(), static_cast<std::size_t>(bytes)) + "/" + rest_;
        if (is_last) rest_.pop_back();  // what the link leads to may be a file, or be missing
        at_end_ = false;
        return rest_.starts_with('/') ? begin() : Result<void>();
    }

    /// A link of /proc is more than its text.
    Result<void> follow_kernels(bool is_last) {
        place_.follows_ = is_last;
        if (is_last) return {};
        place_.directory_.reset(::openat(directory(), part_.c_str(), kDirectory));
        return place_.directory_ ? Result<void>() : failed(errno);
    }

    Result<Place> finish() {
        struct stat above {};
        place_.is_foreign_ = ::fstat(directory(), &above) != 0 || !is_roots_own(above);
        place_.name_ = part_;
        return std::move(place_);
    }

    int directory() const { return place_.directory_.get(); }
    Error failed(int why) const { return Error::from_errno(why, what_); }
    Error refuse(uid_t owner) const {
        return Error(std::string(what_) + ": root doesn't follow '" + part_ + "', a symbolic link " +
                         (owner == 0 ? "in a directory that others can change" : "of user " + std::to_string(owner)),
                     ELOOP);
    }

    std::string_view what_;
    Place::End end_;
    std::string rest_;
    std::string part_;
    bool at_end_ = false;
    int links_ = 0;
    Place place_ = make_place();

    static Place make_place() {
        Place place;
        place.follows_ = false;
        return place;
    }
};

Result<Place> Place::find(const std::string& path, std::string_view what, End end) {
    if (path.empty()) return Error::from_errno(ENOENT, what);
    if (are_root()) return Walk(path, what, end).run();
    const std::size_t slash = path.rfind('/');
    const std::string above = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    Place place;
    place.directory_.reset(::open(above.c_str(), kDirectory));
    if (!place.directory_) return Error::from_errno(errno, what);
    place.follows_ = end == End::followed;
    place.name_ = path.substr(slash == std::string::npos ? 0 : slash + 1);
    if (place.name_.empty()) place.name_ = ".";
    return place;
}

int Place::open(int flags, mode_t mode) const {
    UniqueFd fd(::openat(directory(), name_.c_str(), flags | O_CLOEXEC | (follows_ ? 0 : O_NOFOLLOW), mode));
    struct stat about {};
    const bool writes = (flags & O_ACCMODE) != O_RDONLY;
    if (!fd || !writes || !is_foreign_ || ::fstat(fd.get(), &about) != 0) return fd.release();
    // Where fs.protected_hardlinks is off, others may give root's files a name of their own.
    if (!S_ISREG(about.st_mode) || about.st_nlink <= 1) return fd.release();
    errno = EMLINK;
    return -1;
}

bool Place::look(struct stat& about) const {
    return ::fstatat(directory(), name_.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0;
}

bool Place::remove() const { return ::unlinkat(directory(), name_.c_str(), 0) == 0; }

bool Place::move_away(dev_t device, ino_t inode, const std::string& name) const {
    // An empty file of ours keeps the name, so that nothing of anybody's is overwritten; any filesystem can do that.
    if (!UniqueFd(::openat(directory(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600))) return false;
    if (::renameat(directory(), name_.c_str(), directory(), name.c_str()) != 0) {
        const int why = errno;
        ::unlinkat(directory(), name.c_str(), 0);
        errno = why;
        return false;
    }
    Place moved;
    moved.directory_.reset(::openat(directory(), ".", kDirectory));
    moved.name_ = name;
    struct stat about {};
    if (moved.look(about) && about.st_dev == device && about.st_ino == inode) return true;
    // Somebody was faster. Their name comes back, unless a third was faster still.
    rename_to_free_name(directory(), name.c_str(), name_.c_str());
    errno = ESTALE;
    return false;
}

UniqueFd Place::open_same(dev_t device, ino_t inode) const {
    UniqueFd fd(::openat(directory(), name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat about {};
    if (!fd || ::fstat(fd.get(), &about) != 0) return {};
    if (about.st_dev == device && about.st_ino == inode && !S_ISLNK(about.st_mode)) return fd;
    errno = ESTALE;
    return {};
}

bool Place::change_mode(dev_t device, ino_t inode, mode_t mode) const {
    const UniqueFd fd = open_same(device, inode);
    // fchmod() takes no descriptor that only names a file, and fchmodat2() is of Linux 6.6.
    return fd && ::chmod(("/proc/self/fd/" + std::to_string(fd.get())).c_str(), mode) == 0;
}

bool Place::change_owner(dev_t device, ino_t inode, uid_t uid, gid_t gid) const {
    const UniqueFd fd = open_same(device, inode);
    return fd && ::fchownat(fd.get(), "", uid, gid, AT_EMPTY_PATH) == 0;
}

Result<UniqueFd> open_file(const std::string& path, int flags, mode_t mode, std::string_view what) {
    const auto place = Place::find(path, what);
    if (!place) return place.error();
    UniqueFd fd(place->open(flags, mode));
    if (!fd) return Error::from_errno(errno, what);
    return fd;
}

std::string absolute_path(const std::string& path) {
    std::array<char, PATH_MAX> directory{};
    if (path.starts_with('/') || ::getcwd(directory.data(), directory.size()) == nullptr) return path;
    return std::string(directory.data()) + "/" + path;
}

}  // namespace girin
