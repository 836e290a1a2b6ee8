#include "supervisor/process/memory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <string>
#include <string_view>

#include "girin/base/unique_fd.hpp"

namespace girin {

std::optional<std::uint64_t> resident_bytes(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/statm";
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return std::nullopt;
    char text[256];
    const ssize_t got = ::read(file.get(), text, sizeof text);
    if (got <= 0) return std::nullopt;
    // "2311 811 640 …": the second number, in pages.
    const std::string_view line(text, static_cast<std::size_t>(got));
    const std::size_t second = line.find(' ');
    if (second == line.npos) return std::nullopt;
    std::uint64_t pages = 0;
    const auto [end, error] = std::from_chars(line.data() + second + 1, line.data() + line.size(), pages);
    if (error != std::errc()) return std::nullopt;
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace girin
