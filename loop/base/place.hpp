#pragma once

// Place: where a name leads, as a directory's descriptor and the last part of the name, so that what is done there happens
// in one directory, whatever becomes of the name meanwhile. Root follows no symbolic link that another user could have
// put there: it would lend them its rights. Not here: what is opened there.

#include <sys/stat.h>
#include <sys/types.h>

#include <string>
#include <string_view>

#include "girin/base/unique_fd.hpp"

namespace girin {

class Place {
  public:
    /// Whether a link at the end is followed, or is what is there.
    enum class End { followed, itself };

    /// The directory of `path`, which is taken from the working directory when it is relative. As root, a link on the
    /// way, or at its end, is followed only when it is root's (or in /proc, where links are the kernel's), and in a
    /// directory that only root can change. Any other user follows links as usual. Nothing has to be at the end yet.
    /// Errors: "<what>: <reason>"; ELOOP for a link that isn't followed. Blocks: as a disk does.
    static Result<Place> find(const std::string& path, std::string_view what, End end = End::followed);

    /// openat() there, close-on-exec. -1 and errno: as openat(); ELOOP when a link has come there meanwhile, or, as root,
    /// EMLINK for a file that is to be written, has other names, and is where others can give it one.
    int open(int flags, mode_t mode = 0) const;
    /// Of what is there, without following a link.
    bool look(struct stat& about) const;
    bool remove() const;
    /// What is there has another name in the same directory from now on; or, if it isn't `device` and `inode`, the same as
    /// before. False and errno: it isn't (ESTALE), there is something of that other name (EEXIST), or it can't be renamed.
    bool move_away(dev_t device, ino_t inode, const std::string& name) const;
    /// Changes what is there, a link excepted, only if it is `device` and `inode`. False and errno: it isn't, or can't be.
    bool change_mode(dev_t device, ino_t inode, mode_t mode) const;
    bool change_owner(dev_t device, ino_t inode, uid_t uid, gid_t gid) const;

    int directory() const { return directory_.get(); }
    const std::string& name() const { return name_; }

  private:
    friend class Walk;

    UniqueFd open_same(dev_t device, ino_t inode) const;

    UniqueFd directory_;
    std::string name_;
    bool follows_ = true;     // what is at the end may be a link that the kernel follows
    bool is_foreign_ = false;  // others than root can change the directory
};

/// A file at a place: Place::find() and open(). Errors: as both.
Result<UniqueFd> open_file(const std::string& path, int flags, mode_t mode, std::string_view what);

/// `path` from the root, as the working directory is now: links in it stay.
std::string absolute_path(const std::string& path);

}  // namespace girin
