#pragma once

// The file of a Unix socket: made at a path without ever taking one away from somebody who listens on it, and
// removed at the end only if the path still leads to the socket that we made.

#include <sys/types.h>

#include <string>

#include "girin/base/unique_fd.hpp"

namespace girin {

class SocketFile {
  public:
    SocketFile() = default;
    SocketFile(SocketFile&& other) noexcept = default;
    SocketFile& operator=(SocketFile&& other) noexcept;
    /// As remove().
    ~SocketFile();

    /// Binds `socket` to `path`. A socket that is there already gives way when nobody listens on it and it belongs
    /// to us, or to `owner` whom we work for (we being root). Errors: somebody listens; a file that isn't a socket,
    /// or somebody else's; a path too long; a directory that can't be written to, or that a link leads to which root
    /// doesn't follow (loop/base/place.hpp).
    static Result<SocketFile> bind(int socket, const std::string& path, uid_t owner);

    /// A predecessor's file, known by its device and inode. Ours to remove from claim() on.
    static SocketFile adopt(const std::string& path, dev_t device, ino_t inode);
    void claim();
    /// Whether it is where it was; true also when there is none to be.
    bool is_there() const;
    /// Errors: what is there now is another file, or a link; it isn't touched.
    Result<void> give_to(uid_t uid, gid_t gid) const;
    Result<void> set_mode(mode_t mode) const;

    /// Absolute.
    const std::string& path() const { return path_; }
    /// For a successor. 0: there is no file.
    dev_t device() const { return device_; }
    ino_t inode() const { return inode_; }
    /// Somebody else's to remove from now on.
    void forget() { owner_ = 0; }

    /// Deletes the file if this process made it and the path still leads to it.
    void remove();

  private:
    std::string path_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
    pid_t owner_ = 0;  // the process that may delete it; 0: none
};

/// Whether somebody listens on the socket at `path`, or may: true where that can't be told.
bool has_listener(const std::string& path);

}  // namespace girin
