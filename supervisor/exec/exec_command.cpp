#include "supervisor/exec/exec_command.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>

namespace girin {
namespace {

std::string called(const std::string& name) { return "command '" + name + "'"; }

Result<void> check_program(const std::string& path, const std::string& name) {
    struct stat file {};
    if (::stat(path.c_str(), &file) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return Error(called(name) + " was not found");
        return Error::from_errno(errno, "look at", called(name));
    }
    if (!S_ISREG(file.st_mode)) return Error(called(name) + " is not a program: it is no file");
    if (::access(path.c_str(), X_OK) != 0) return Error(called(name) + " is not executable");
    return {};
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
    for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
}

}  // namespace

Result<void> find_program_blocking(const std::string& name) {
    if (name.empty()) return Error("the command is empty");
    if (name.find('/') != name.npos) return check_program(name, name);
    const char* const given = std::getenv("PATH");
    std::istringstream directories(given ? given : "/usr/local/bin:/usr/bin:/bin");
    Error why(called(name) + " was not found in PATH");
    for (std::string directory; std::getline(directories, directory, ':');) {
        const std::string path = (directory.empty() ? "." : directory) + "/" + name;
        const auto checked = check_program(path, name);
        if (checked) return {};
        if (::access(path.c_str(), F_OK) == 0) why = checked.error();
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
