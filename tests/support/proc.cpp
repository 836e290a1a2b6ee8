#include "tests/support/proc.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

namespace girin::test {
namespace {

namespace fs = std::filesystem;

fs::path proc_path(pid_t pid, const char* name) {
    return fs::path("/proc") / std::to_string(pid) / name;
}

std::optional<std::string> slurp(const fs::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file || text.str().empty()) return std::nullopt;
    return text.str();
}

// Field `number` of /proc/PID/stat as proc(5) counts them, from 3 on: the name (2) may hold spaces and parentheses.
std::optional<std::string> stat_field(pid_t pid, int number) {
    const auto text = slurp(proc_path(pid, "stat"));
    if (!text) return std::nullopt;
    const auto name_end = text->rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    std::istringstream rest(text->substr(name_end + 1));
    std::string field;
    for (int i = 3; i <= number; ++i) {
        if (!(rest >> field)) return std::nullopt;
    }
    return field;
}

std::optional<long long> stat_number(pid_t pid, int number) {
    const auto text = stat_field(pid, number);
    long long value = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc{}) {
        return std::nullopt;
    }
    return value;
}

// Sum of the lines "Key:   123 kB" whose key is one of `keys`, in bytes.
std::optional<std::size_t> kilobyte_lines(const fs::path& path, std::initializer_list<std::string_view> keys) {
    std::ifstream file(path);
    std::optional<std::size_t> sum;
    for (std::string line; std::getline(file, line);) {
        const auto colon = line.find(':');
        if (colon == std::string::npos) continue;
        const std::string_view key(line.data(), colon);
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) continue;
        sum = sum.value_or(0) + std::stoull(line.substr(colon + 1)) * 1024;
    }
    return sum;
}

std::vector<pid_t> all_pids() {
    std::vector<pid_t> pids;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
        const std::string name = entry.path().filename();
        pid_t pid = 0;
        const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (parsed.ec == std::errc{} && parsed.ptr == name.data() + name.size()) pids.push_back(pid);
    }
    std::sort(pids.begin(), pids.end());
    return pids;
}

std::optional<std::size_t> entry_count(const fs::path& directory) {
    std::error_code error;
    fs::directory_iterator entries(directory, error);
    if (error) return std::nullopt;
    return static_cast<std::size_t>(std::distance(fs::begin(entries), fs::end(entries)));
}

}  // namespace

std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> children = all_pids();
    std::erase_if(children, [&](pid_t pid) { return parent_of(pid) != parent; });
    return children;
}

std::vector<pid_t> zombies_of(pid_t parent) {
    std::vector<pid_t> zombies = children_of(parent);
    std::erase_if(zombies, [](pid_t pid) { return state_of(pid) != 'Z'; });
    return zombies;
}

std::vector<pid_t> descendants_of(pid_t ancestor) {
    std::vector<pid_t> found = children_of(ancestor);
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto more = children_of(found[i]);
        found.insert(found.end(), more.begin(), more.end());
    }
    return found;
}

std::optional<char> state_of(pid_t pid) {
    const auto text = stat_field(pid, 3);
    if (!text) return std::nullopt;
    return text->front();
}

bool is_running(pid_t pid) {
    const auto state = state_of(pid);
    return state && *state != 'Z' && *state != 'X';
}

std::optional<pid_t> parent_of(pid_t pid) {
    const auto parent = stat_number(pid, 4);
    if (!parent) return std::nullopt;
    return static_cast<pid_t>(*parent);
}

std::string title_of(pid_t pid) {
    std::string title = slurp(proc_path(pid, "cmdline")).value_or("");
    std::ranges::replace(title, '\0', ' ');
    return title;
}

std::optional<std::size_t> fd_count(pid_t pid) { return entry_count(proc_path(pid, "fd")); }

std::vector<std::string> fd_targets(pid_t pid) {
    std::vector<std::string> targets;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(proc_path(pid, "fd"), error)) {
        std::error_code gone;
        const fs::path target = fs::read_symlink(entry.path(), gone);
        if (!gone) targets.push_back(target.string());
    }
    return targets;
}

std::optional<std::size_t> thread_count(pid_t pid) { return entry_count(proc_path(pid, "task")); }

std::optional<std::size_t> rss_bytes(pid_t pid) { return kilobyte_lines(proc_path(pid, "status"), {"VmRSS"}); }

std::optional<std::size_t> pss_bytes(pid_t pid) {
    return kilobyte_lines(proc_path(pid, "smaps_rollup"), {"Pss"});
}

std::optional<std::size_t> private_bytes(pid_t pid) {
    return kilobyte_lines(proc_path(pid, "smaps_rollup"), {"Private_Clean", "Private_Dirty"});
}

std::optional<Duration> cpu_time(pid_t pid) {
    const auto user = stat_number(pid, 14);
    const auto system = stat_number(pid, 15);
    if (!user || !system) return std::nullopt;
    const auto tick = std::chrono::nanoseconds(std::chrono::seconds{1}) / ::sysconf(_SC_CLK_TCK);
    return (*user + *system) * tick;
}

}  // namespace girin::test
