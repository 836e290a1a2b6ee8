#include "supervisor/monitor/process_memory.hpp"

#include <unistd.h>

#include <fstream>
#include <string>

namespace girin {
namespace {

std::optional<std::uint64_t> read_resident_pages(const std::string& directory) {
    std::ifstream file(directory + "/statm");
    std::uint64_t all = 0;
    std::uint64_t resident = 0;
    if (!(file >> all >> resident)) return std::nullopt;
    return resident;
}

/// "Pss:   1234 kB"
std::optional<std::uint64_t> read_pss(const std::string& directory) {
    std::ifstream file(directory + "/smaps_rollup");
    std::string word;
    std::uint64_t kib = 0;
    while (file >> word) {
        if (word == "Pss:" && file >> kib) return kib * 1024;
    }
    return std::nullopt;
}

}  // namespace

std::optional<ProcessMemory> read_process_memory(pid_t pid) {
    const std::string directory = "/proc/" + std::to_string(pid);
    const auto pages = read_resident_pages(directory);
    if (!pages || *pages == 0) return std::nullopt;
    ProcessMemory memory;
    memory.rss_bytes = *pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    memory.pss_bytes = read_pss(directory);
    return memory;
}

}  // namespace girin
