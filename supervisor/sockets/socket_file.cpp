#include "supervisor/sockets/socket_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace girin {
namespace {

std::string directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

/// Between finding a socket dead and replacing it, another master may have done the same: the directory's lock makes
/// the two one step. Bounded to half a second; a directory that can't be opened for reading is used without.
UniqueFd lock_directory(const std::string& path) {
    UniqueFd directory(::open(directory_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (int attempt = 0; directory && attempt < 50; ++attempt) {
        if (::flock(directory.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) break;
        ::poll(nullptr, 0, 10);
    }
    return directory;
}

Result<sockaddr_un> to_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) {
        return Error("bind unix:" + path + ": a path of 1 to " +
                     std::to_string(sizeof address.sun_path - 1) + " bytes is needed");
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

/// Any answer but "refused" means that somebody is, or may be, there: a full queue as well.
bool nobody_listens(const sockaddr_un& address) {
    const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!probe) return false;
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    return ::connect(probe.get(), generic, sizeof address) != 0 && errno == ECONNREFUSED;
}

Result<void> clear_the_way(const std::string& path, const sockaddr_un& address, uid_t owner) {
    struct stat about {};
    if (::lstat(path.c_str(), &about) != 0) return {};  // nothing there; other reasons are for bind() to tell
    if (!S_ISSOCK(about.st_mode)) return Error("bind unix:" + path + ": a file that isn't a socket is in the way");
    if (!nobody_listens(address)) {
        return Error("bind unix:" + path + ": another server listens there", EADDRINUSE);
    }
    const bool ours = about.st_uid == ::geteuid() || (::geteuid() == 0 && about.st_uid == owner);
    if (!ours) {
        return Error("bind unix:" + path + ": a socket of user " + std::to_string(about.st_uid) + " is in the way");
    }
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return Error::from_errno(errno, "remove stale socket", path);
    }
    return {};
}

}  // namespace

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
    if (this == &other) return *this;
    remove();
    path_ = std::move(other.path_);
    device_ = other.device_;
    inode_ = other.inode_;
    owner_ = std::exchange(other.owner_, 0);
    return *this;
}

SocketFile::~SocketFile() { remove(); }

Result<SocketFile> SocketFile::bind(int socket, const std::string& path, uid_t owner) {
    const auto address = to_address(path);
    if (!address) return address.error();
    const UniqueFd lock = lock_directory(path);
    if (auto cleared = clear_the_way(path, *address, owner); !cleared) return cleared.error();
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
        return Error::from_errno(errno, "bind", "unix:" + path);
    }
    struct stat about {};
    ::lstat(path.c_str(), &about);
    SocketFile file;
    file.path_ = path;
    file.device_ = about.st_dev;
    file.inode_ = about.st_ino;
    file.owner_ = ::getpid();
    return file;
}

SocketFile SocketFile::adopt(std::string path, dev_t device, ino_t inode) {
    SocketFile file;
    file.path_ = std::move(path);
    file.device_ = device;
    file.inode_ = inode;
    return file;
}

void SocketFile::claim() {
    if (inode_ != 0) owner_ = ::getpid();
}

void SocketFile::remove() {
    struct stat about {};
    const bool ours = owner_ != 0 && owner_ == ::getpid() && ::lstat(path_.c_str(), &about) == 0 &&
                      about.st_dev == device_ && about.st_ino == inode_;
    if (ours) ::unlink(path_.c_str());
    owner_ = 0;
}

}  // namespace girin
