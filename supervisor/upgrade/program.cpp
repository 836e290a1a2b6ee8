#include "supervisor/upgrade/program.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <string_view>

namespace girin {
namespace {

std::string current_directory() {
    char path[PATH_MAX];
    return ::getcwd(path, sizeof path) ? path : "/";
}

std::string own_binary() {
    char link[PATH_MAX];
    const ssize_t bytes = ::readlink("/proc/self/exe", link, sizeof link);
    return bytes > 0 ? without_deleted_mark(std::string(link, static_cast<std::size_t>(bytes))) : "";
}

/// Whether `path` leads to the binary that runs. A name can be anything: whoever starts us chooses it.
bool is_own_binary(const std::string& path) {
    struct stat there {}, own {};
    return ::stat(path.c_str(), &there) == 0 && ::stat("/proc/self/exe", &own) == 0 && there.st_dev == own.st_dev &&
           there.st_ino == own.st_ino;
}

std::string find_in_path(const std::string& name) {
    const char* const value = std::getenv("PATH");
    std::string_view rest = value ? value : "";
    while (!rest.empty()) {
        const std::size_t colon = rest.find(':');
        const std::string candidate = std::string(rest.substr(0, colon)) + "/" + name;
        if (is_own_binary(candidate)) return candidate;
        rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
    }
    return {};
}

std::string path_of(const std::string& name, const std::string& directory) {
    std::string path = name;
    if (name.find('/') == std::string::npos) path = find_in_path(name);
    if (!path.empty() && path[0] != '/') path = directory + "/" + path;
    return !path.empty() && is_own_binary(path) ? path : own_binary();
}

}  // namespace

std::string without_deleted_mark(std::string link) {
    constexpr std::string_view kMark = " (deleted)";
    if (link.ends_with(kMark)) link.resize(link.size() - kMark.size());
    return link;
}

ProgramStart ProgramStart::of_process(int argc, const char* const* argv) {
    ProgramStart start;
    start.directory = current_directory();
    start.arguments.assign(argv, argv + argc);
    for (char** entry = environ; entry && *entry; ++entry) start.environment.emplace_back(*entry);
    start.path = path_of(argc > 0 ? argv[0] : "", start.directory);
    return start;
}

}  // namespace girin
