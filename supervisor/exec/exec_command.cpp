#include "supervisor/exec/exec_command.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <utility>

#include "girin/base/unique_fd.hpp"

namespace girin {
namespace {

std::string called(const std::string& name) { return "command '" + name + "'"; }

/// Links are followed as by a process whose "/" is `root`.
UniqueFd open_within(const std::string& root, const std::string& path) {
    const UniqueFd directory(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT;
    UniqueFd found(static_cast<int>(::syscall(SYS_openat2, directory.get(), path.c_str(), &how, sizeof how)));
    const bool is_unknown = !found && (errno == ENOSYS || errno == EPERM);  // an old kernel, or a container's filter
    return is_unknown ? UniqueFd(::open((root + "/" + path).c_str(), O_PATH | O_CLOEXEC)) : std::move(found);
}

/// Only to be looked at. Empty, with errno: it isn't there.
UniqueFd open_program(const std::string& root, const std::string& path) {
    return root.empty() ? UniqueFd(::open(path.c_str(), O_PATH | O_CLOEXEC)) : open_within(root, path);
}

Result<void> check_program(int program, const std::string& name) {
    struct stat file {};
    if (::fstat(program, &file) != 0) return Error::from_errno(errno, "look at", called(name));
    if (!S_ISREG(file.st_mode)) return Error(called(name) + " is not a program: it is no file");
    const std::string path = "/proc/self/fd/" + std::to_string(program);
    if (::access(path.c_str(), X_OK) != 0) return Error(called(name) + " is not executable");
    return {};
}

Result<void> check_path(const std::string& root, const std::string& name) {
    const UniqueFd program = open_program(root, name);
    if (program) return check_program(program.get(), name);
    if (errno != ENOENT && errno != ENOTDIR) return Error::from_errno(errno, "look at", called(name));
    return Error(called(name) + " was not found" + (root.empty() ? "" : " in the root directory " + root));
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
    for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
}

}  // namespace

Result<void> find_program_blocking(const std::string& name, const std::string& root) {
    if (name.empty()) return Error("the command is empty");
    if (name.find('/') != name.npos) return check_path(root, name);
    const char* const given = std::getenv("PATH");
    std::istringstream directories(given ? given : "/usr/local/bin:/usr/bin:/bin");
    Error why(called(name) + " was not found in PATH" + (root.empty() ? "" : " in the root directory " + root));
    for (std::string directory; std::getline(directories, directory, ':');) {
        const UniqueFd program = open_program(root, (directory.empty() ? "." : directory) + "/" + name);
        const auto checked = program ? check_program(program.get(), name) : Result<void>(why);
        if (checked) return {};
        why = checked.error();
    }
    return why;
}

std::vector<std::string> fill_in(const std::vector<std::string>& words, const ExecPlace& place) {
    std::vector<std::string> filled = words;
    for (std::string& word : filled) {
        if (place.first_fd >= 0) replace_all(word, "{fd}", std::to_string(place.first_fd));
        if (place.port > 0) replace_all(word, "{port}", std::to_string(place.port));
        replace_all(word, "{slot}", std::to_string(place.slot));
    }
    return filled;
}

}  // namespace girin
