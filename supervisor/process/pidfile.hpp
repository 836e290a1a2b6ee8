#pragma once

// The pidfile: a lock that lives as long as its master does. The lock decides who runs; the pid inside is for people
// and scripts, so that a stale file, an empty one or a stranger's pid in it never keep a server from starting.

#include <sys/types.h>

#include <string>

#include "girin/base/unique_fd.hpp"

namespace girin {

class Pidfile {
  public:
    Pidfile() = default;
    Pidfile(Pidfile&& other) noexcept = default;
    Pidfile& operator=(Pidfile&& other) noexcept;
    /// As remove().
    ~Pidfile();

    /// Creates or takes over `path`, locks it and writes our pid. A lock of somebody who isn't the running process that the
    /// file names is no master's: such a file makes room for a new one. Errors: another running master holds it; the file
    /// can't be opened, or is something else than a plain file. Blocks: for 200 ms when somebody's lock is in doubt.
    static Result<Pidfile> create(const std::string& path);

    /// A predecessor's, with its lock: `fd` is its descriptor. Ours from claim() on.
    static Pidfile inherit(const std::string& path, UniqueFd fd);
    /// Writes our pid. Errors: a full disk; the lock is ours all the same.
    Result<void> claim();

    /// From the root, wherever a relative name may lead later.
    const std::string& path() const { return path_; }
    /// Borrowed; -1: there is none. Whoever has a copy shares the lock.
    int fd() const { return fd_.get(); }
    /// Deletes the file if we are the process that created it and the name still means our file. Then lets the lock go.
    void remove();
    /// For a child: lets go of its copy of the lock without touching the file.
    void forget();

  private:
    std::string path_;
    UniqueFd fd_;
    pid_t owner_ = 0;
};

}  // namespace girin
