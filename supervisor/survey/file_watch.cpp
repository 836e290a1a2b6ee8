#include "supervisor/survey/file_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace girin {
namespace {

namespace fs = std::filesystem;

// A file that is closed after writing, or renamed or linked into place. Not IN_MODIFY: every write of a linker.
constexpr std::uint32_t kChanges = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE;
constexpr int kMostLinks = 16;  // more are a loop

}  // namespace

Result<FileWatch> FileWatch::open(const std::string& file) {
    FileWatch watch;
    watch.file_ = file;
    watch.inotify_.reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!watch.inotify_) return Error::from_errno(errno, "watch", file);
    fs::path path = fs::path(file);
    for (int links = 0; links < kMostLinks; ++links) {
        if (auto watched = watch.watch_name(path); !watched) return watched.error();
        std::error_code no_link;
        const fs::path target = fs::read_symlink(path, no_link);
        if (no_link) break;
        path = target.is_absolute() ? target : path.parent_path() / target;
    }
    return watch;
}

Result<void> FileWatch::watch_name(const std::string& path) {
    const fs::path file(path);
    const std::string directory = file.has_parent_path() ? file.parent_path().string() : ".";
    const int watch = ::inotify_add_watch(inotify_.get(), directory.c_str(), kChanges | IN_ONLYDIR);
    if (watch < 0) return Error::from_errno(errno, "watch", directory);
    names_.emplace(watch, file.filename().string());
    return {};
}

void FileWatch::read_pending(TimePoint now) {
    char buffer[4096];
    for (ssize_t got = 0; (got = ::read(inotify_.get(), buffer, sizeof buffer)) > 0;) {
        inotify_event event;
        for (ssize_t at = 0; at < got; at += static_cast<ssize_t>(sizeof event + event.len)) {
            std::memcpy(&event, buffer + at, sizeof event);
            const std::string_view name = event.len > 0 ? std::string_view(buffer + at + sizeof event) : "";
            if (matters(event.wd, event.mask, name)) due_at_ = now + kQuiet;
        }
    }
}

bool FileWatch::matters(int watch, std::uint32_t mask, std::string_view name) const {
    if ((mask & IN_Q_OVERFLOW) != 0) return true;  // what was lost may have been it
    const auto [first, last] = names_.equal_range(watch);
    return std::any_of(first, last, [name](const auto& entry) { return entry.second == name; });
}

bool FileWatch::take_change(TimePoint now) {
    if (!due_at_ || now < *due_at_) return false;
    due_at_.reset();
    return true;
}

}  // namespace girin
