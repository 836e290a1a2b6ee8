#include "supervisor/health/process_sample.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <vector>

#include "girin/base/unique_fd.hpp"

namespace girin {
namespace {

std::string read_small_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 4096> buffer;
    const ssize_t bytes = fd ? ::read(fd.get(), buffer.data(), buffer.size()) : -1;
    return bytes > 0 ? std::string(buffer.data(), static_cast<std::size_t>(bytes)) : std::string();
}

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    while (true) {
        const auto begin = text.find_first_not_of(" \n");
        if (begin == std::string_view::npos) return words;
        const auto end = std::min(text.find_first_of(" \n", begin), text.size());
        words.push_back(text.substr(begin, end - begin));
        text.remove_prefix(end);
    }
}

std::optional<std::uint64_t> to_number(std::string_view word) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
    return number;
}

/// utime + stime, which count in ticks.
std::optional<Duration> cpu_of(const std::vector<std::string_view>& stat) {
    constexpr std::size_t kUtime = 11, kStime = 12;  // counted from the state
    if (stat.size() <= kStime) return std::nullopt;
    const auto utime = to_number(stat[kUtime]);
    const auto stime = to_number(stat[kStime]);
    static const long ticks_a_second = ::sysconf(_SC_CLK_TCK);
    if (!utime || !stime || ticks_a_second <= 0) return std::nullopt;
    return Duration(std::chrono::seconds(1)) / ticks_a_second * static_cast<std::int64_t>(*utime + *stime);
}

}  // namespace

ProcessSample parse_process_sample(std::string_view stat, std::string_view schedstat) {
    constexpr std::size_t kStarted = 19;  // counted from the state
    ProcessSample sample;
    // The name before it, in brackets, may hold anything, brackets too.
    if (const auto name_end = stat.rfind(')'); name_end != std::string_view::npos) {
        const auto words = words_of(stat.substr(name_end + 1));
        if (!words.empty()) sample.state = words[0][0];
        if (words.size() > 1) sample.parent = static_cast<pid_t>(to_number(words[1]).value_or(0));
        if (words.size() > kStarted) sample.started = to_number(words[kStarted]);
        sample.cpu = cpu_of(words);
    }
    const auto times = words_of(schedstat);
    if (times.size() < 2) return sample;
    if (const auto cpu = to_number(times[0])) sample.cpu = Duration(static_cast<std::int64_t>(*cpu));
    if (const auto delay = to_number(times[1])) sample.run_delay = Duration(static_cast<std::int64_t>(*delay));
    return sample;
}

ProcessSample sample_process(pid_t pid, pid_t thread) {
    const std::string place = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(thread != 0 ? thread : pid);
    ProcessSample sample = parse_process_sample(read_small_file(place + "/stat"), read_small_file(place + "/schedstat"));
    const std::string channel = read_small_file(place + "/wchan");
    if (channel != "0") sample.wait_channel = channel;
    return sample;
}

ProcessSample read_process_stat(pid_t pid) {
    return parse_process_sample(read_small_file("/proc/" + std::to_string(pid) + "/stat"), {});
}

pid_t kept_program(const ScoreboardSlot& line, pid_t keeper) {
    const pid_t told = line.program.load(std::memory_order_relaxed);
    if (told <= 0 || keeper <= 0) return 0;
    return read_process_stat(told).parent == keeper ? told : 0;
}

bool parse_dumping_core(std::string_view status) { return status.find("\nCoreDumping:\t1\n") != status.npos; }

bool is_dumping_core(pid_t pid) { return parse_dumping_core(read_small_file("/proc/" + std::to_string(pid) + "/status")); }

std::string parse_cpu_pressure(std::string_view text) {
    const auto words = words_of(text);
    constexpr std::string_view kTenSeconds = "avg10=";
    if (words.size() < 2 || words[0] != "some" || !words[1].starts_with(kTenSeconds)) return {};
    return std::string(words[1].substr(kTenSeconds.size())) + " %";
}

std::string read_cpu_pressure() { return parse_cpu_pressure(read_small_file("/proc/pressure/cpu")); }

}  // namespace girin
