#include "supervisor/process/pidfile.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace girin {
namespace {

bool name_means(const std::string& path, int fd) {
    struct stat by_name {}, by_fd {};
    return ::lstat(path.c_str(), &by_name) == 0 && ::fstat(fd, &by_fd) == 0 &&
           by_name.st_dev == by_fd.st_dev && by_name.st_ino == by_fd.st_ino;
}

Error held_by_another(const std::string& path, int fd) {
    char content[24] = {};
    const ssize_t bytes = ::pread(fd, content, sizeof content - 1, 0);
    const std::string pid = bytes > 0 ? std::to_string(std::atol(content)) : "unknown";
    return Error("pidfile " + path + ": another girin (pid " + pid + ") is running with it");
}

Result<UniqueFd> open_plain_file(const std::string& path) {
    // No links: a file in a directory that others can write to must not lead us to truncate something else.
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644));
    if (!fd) return Error::from_errno(errno, "open pidfile", path);
    struct stat about {};
    if (::fstat(fd.get(), &about) != 0) return Error::from_errno(errno, "look at pidfile", path);
    if (!S_ISREG(about.st_mode)) return Error("open pidfile " + path + ": not a plain file");
    return fd;
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
    // Between our open and our lock the last owner may delete the name; then what we locked is nobody's file any more.
    for (int attempt = 0; attempt < 100; ++attempt) {
        auto fd = open_plain_file(path);
        if (!fd) return fd.error();
        if (::flock(fd->get(), LOCK_EX | LOCK_NB) != 0) {
            if (errno == EWOULDBLOCK) return held_by_another(path, fd->get());
            return Error::from_errno(errno, "lock pidfile", path);
        }
        if (!name_means(path, fd->get())) continue;
        Pidfile file;
        file.path_ = path;
        file.fd_ = std::move(*fd);
        file.owner_ = ::getpid();
        if (auto written = write_pid(file.fd_.get(), path); !written) return written.error();
        return file;
    }
    return Error("lock pidfile " + path + ": others keep replacing it");
}

Pidfile Pidfile::inherit(std::string path, UniqueFd fd) {
    Pidfile file;
    file.path_ = std::move(path);
    file.fd_ = std::move(fd);
    return file;
}

Result<void> Pidfile::claim() {
    if (!fd_) return {};
    owner_ = ::getpid();
    return write_pid(fd_.get(), path_);
}

void Pidfile::remove() {
    if (fd_ && owner_ == ::getpid() && name_means(path_, fd_.get())) ::unlink(path_.c_str());
    forget();
}

void Pidfile::forget() { fd_.reset(); }

}  // namespace girin
