#include "supervisor/process/pidfile.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

#include "loop/base/place.hpp"

namespace girin {
namespace {

bool is_same(const struct stat& one, const struct stat& other) {
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool name_means(const Place& place, int fd) {
    struct stat by_name {}, by_fd {};
    return place.look(by_name) && ::fstat(fd, &by_fd) == 0 && is_same(by_name, by_fd);
}

pid_t pid_in(int fd) {
    char content[24] = {};
    return ::pread(fd, content, sizeof content - 1, 0) > 0 ? static_cast<pid_t>(std::atol(content)) : 0;
}

/// Whether that process has the file open; also when it can't be asked.
bool has_open(pid_t pid, const struct stat& file) {
    const std::string directory = "/proc/" + std::to_string(pid) + "/fd";
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(directory.c_str()), &::closedir);
    if (!entries) return true;
    while (const dirent* const entry = ::readdir(entries.get())) {
        struct stat about {};
        if (::fstatat(::dirfd(entries.get()), entry->d_name, &about, 0) == 0 && is_same(about, file)) return true;
    }
    return false;
}

/// Only its owner writes to the file, but whoever can read it can lock it: a lock is a master's only if the file says so,
/// and that process has it open.
bool is_held_by_master(int fd) {
    struct stat file {};
    const pid_t pid = pid_in(fd);
    if (pid <= 0 || ::fstat(fd, &file) != 0) return false;
    return (::kill(pid, 0) == 0 || errno == EPERM) && has_open(pid, file);
}

Error held_by_another(const std::string& path, int fd) {
    const pid_t pid = pid_in(fd);
    return Error("pidfile " + path + ": another girin (pid " + (pid > 0 ? std::to_string(pid) : "unknown") +
                 ") is running with it");
}

Result<UniqueFd> open_plain_file(const Place& place, const std::string& path) {
    // No links: a file in a directory that others can write to must not lead us to truncate something else.
    UniqueFd fd(place.open(O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0644));
    if (!fd) return Error::from_errno(errno, "open pidfile", path);
    struct stat about {};
    if (::fstat(fd.get(), &about) != 0) return Error::from_errno(errno, "look at pidfile", path);
    if (!S_ISREG(about.st_mode)) return Error("open pidfile " + path + ": not a plain file");
    return fd;
}

Result<Place> find_place(const std::string& path) {
    return Place::find(path, "open pidfile " + path, Place::End::itself);
}

Result<void> write_pid(int fd, const std::string& path) {
    const std::string text = std::to_string(::getpid()) + "\n";
    const auto size = static_cast<ssize_t>(text.size());
    if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, text.data(), text.size(), 0) != size) {
        return Error::from_errno(errno, "write pidfile", path);
    }
    return {};
}

}  // namespace

Pidfile& Pidfile::operator=(Pidfile&& other) noexcept {
    if (this == &other) return *this;
    remove();
    path_ = std::move(other.path_);
    fd_ = std::move(other.fd_);
    owner_ = std::exchange(other.owner_, 0);
    return *this;
}

Pidfile::~Pidfile() { remove(); }

Result<Pidfile> Pidfile::create(const std::string& path) {
    constexpr int kAttempts = 100;
    constexpr int kPatience = 20;  // attempts, kPauseMs apart: a master that has just locked it writes its pid
    constexpr int kPauseMs = 10;
    // Between our open and our lock the last owner may delete the name; then what we locked is nobody's file any more.
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        const auto place = find_place(path);
        if (!place) return place.error();
        auto fd = open_plain_file(*place, path);
        if (!fd) return fd.error();
        if (::flock(fd->get(), LOCK_EX | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK) return Error::from_errno(errno, "lock pidfile", path);
            if (is_held_by_master(fd->get())) return held_by_another(path, fd->get());
            if (attempt < kPatience) ::poll(nullptr, 0, kPauseMs);
            else if (name_means(*place, fd->get())) place->remove();  // a stranger's lock; a new file has none
            continue;
        }
        if (!name_means(*place, fd->get())) continue;
        Pidfile file;
        file.path_ = absolute_path(path);
        file.fd_ = std::move(*fd);
        file.owner_ = ::getpid();
        if (auto written = write_pid(file.fd_.get(), path); !written) return written.error();
        return file;
    }
    return Error("lock pidfile " + path + ": others keep replacing it");
}

Pidfile Pidfile::inherit(const std::string& path, UniqueFd fd) {
    Pidfile file;
    file.path_ = absolute_path(path);
    file.fd_ = std::move(fd);
    return file;
}

Result<void> Pidfile::claim() {
    if (!fd_) return {};
    owner_ = ::getpid();
    return write_pid(fd_.get(), path_);
}

void Pidfile::remove() {
    if (fd_ && owner_ == ::getpid()) {
        const auto place = find_place(path_);
        if (place && name_means(*place, fd_.get())) place->remove();
    }
    forget();
}

void Pidfile::forget() { fd_.reset(); }

}  // namespace girin
