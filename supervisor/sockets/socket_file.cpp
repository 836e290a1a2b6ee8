#include "supervisor/sockets/socket_file.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "loop/base/place.hpp"

namespace girin {
namespace {

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

Result<Place> find_place(const std::string& path) {
    return Place::find(path, "bind unix:" + path, Place::End::itself);
}

Error in_use(const std::string& path) {
    return Error("bind unix:" + path + ": another server listens there", EADDRINUSE);
}

/// A master that was killed here may have had our pid, and left the first name; a few more are enough.
constexpr int kMostNamesAside = 100;

/// False and errno: as Place::move_away().
bool remove_if_same(const Place& place, const struct stat& about) {
    for (int n = 0; n < kMostNamesAside; ++n) {
        const std::string aside = "." + std::to_string(::getpid()) + "~" + (n > 0 ? std::to_string(n) : "");
        if (place.move_away(about.st_dev, about.st_ino, aside)) {
            return ::unlinkat(place.directory(), aside.c_str(), 0) == 0;
        }
        if (errno != EEXIST) return false;
    }
    return false;
}

/// Between finding a socket dead and taking it away, another master may have done the same, and listen there: so it is
/// moved first, looked at again, and given back if it isn't the dead one. Nobody has to be waited for.
Result<void> clear_the_way(const Place& place, const std::string& path, const sockaddr_un& address, uid_t owner) {
    struct stat about {};
    if (!place.look(about)) return {};  // nothing there; other reasons are for bind() to tell
    if (!S_ISSOCK(about.st_mode)) return Error("bind unix:" + path + ": a file that isn't a socket is in the way");
    if (!nobody_listens(address)) return in_use(path);
    const bool ours = about.st_uid == ::geteuid() || (::geteuid() == 0 && about.st_uid == owner);
    if (!ours) {
        return Error("bind unix:" + path + ": a socket of user " + std::to_string(about.st_uid) + " is in the way");
    }
    if (remove_if_same(place, about)) return {};
    if (errno == ENOENT) return {};
    return errno == ESTALE ? in_use(path) : Error::from_errno(errno, "remove stale socket", path);
}

bool is_own_socket(const struct stat& about) { return S_ISSOCK(about.st_mode) && about.st_uid == ::geteuid(); }

}  // namespace

bool has_listener(const std::string& path) {
    const auto address = to_address(path);
    return !address || !nobody_listens(*address);
}

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
    const auto place = find_place(path);
    if (!place) return place.error();
    if (auto cleared = clear_the_way(*place, path, *address, owner); !cleared) return cleared.error();
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
        return Error::from_errno(errno, "bind", "unix:" + path);
    }
    struct stat about {};
    // bind() takes a name, not a place: what it made must be where we looked.
    if (!place->look(about) || !is_own_socket(about)) {
        return Error("bind unix:" + path + ": its directory was replaced meanwhile");
    }
    SocketFile file;
    file.path_ = absolute_path(path);
    file.device_ = about.st_dev;
    file.inode_ = about.st_ino;
    file.owner_ = ::getpid();
    return file;
}

SocketFile SocketFile::adopt(const std::string& path, dev_t device, ino_t inode) {
    SocketFile file;
    file.path_ = absolute_path(path);
    file.device_ = device;
    file.inode_ = inode;
    return file;
}

bool SocketFile::is_there() const {
    if (inode_ == 0) return true;
    const auto place = find_place(path_);
    struct stat about {};
    return place && place->look(about) && about.st_dev == device_ && about.st_ino == inode_;
}

void SocketFile::claim() {
    if (inode_ != 0) owner_ = ::getpid();
}

Result<void> SocketFile::give_to(uid_t uid, gid_t gid) const {
    if (inode_ == 0) return {};
    const auto place = find_place(path_);
    if (!place) return place.error();
    if (!place->change_owner(device_, inode_, uid, gid)) return Error::from_errno(errno, "change owner of", path_);
    return {};
}

Result<void> SocketFile::set_mode(mode_t mode) const {
    if (inode_ == 0) return {};
    const auto place = find_place(path_);
    if (!place) return place.error();
    if (!place->change_mode(device_, inode_, mode)) return Error::from_errno(errno, "change mode of", path_);
    return {};
}

void SocketFile::remove() {
    if (owner_ == 0 || std::exchange(owner_, 0) != ::getpid()) return;
    const auto place = find_place(path_);
    struct stat about {};
    if (place && place->look(about) && about.st_dev == device_ && about.st_ino == inode_) place->remove();
}

}  // namespace girin
