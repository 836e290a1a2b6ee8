#include "supervisor/process/exit_cause.hpp"

#include <signal.h>

#include <algorithm>
#include <fstream>

#include "supervisor/process/signals.hpp"

namespace girin {
namespace {

bool is_fault(int signo) {
    constexpr int kFaults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGXCPU, SIGXFSZ};
    return std::ranges::find(kFaults, signo) != std::end(kFaults);
}

ExitStory explain_code(const ExitEvidence& evidence) {
    if (evidence.ended.is_unknown) return {ExitKind::failed, "has ended, nobody knows how: it was reaped by somebody else"};
    const int code = evidence.ended.value;
    if (code != 0) return {ExitKind::failed, "exited with code " + std::to_string(code)};
    if (evidence.asked_to_stop) return {ExitKind::finished, "has finished"};
    return {ExitKind::left, "exited with code 0 without being asked to"};
}

/// The kernel sends KILL for want of memory, so nothing else can be its doing.
bool is_oom_kill(const ExitEvidence& evidence) {
    return evidence.out_of_memory && evidence.ended.by_signal && evidence.ended.value == SIGKILL;
}

/// Where a line of /proc/self/cgroup says that our out-of-memory kills are counted; empty: not by this hierarchy.
std::string events_file(const std::string& line) {
    constexpr std::string_view kMemory = ":memory:";  // version 1
    if (line.starts_with("0::")) return "/sys/fs/cgroup" + line.substr(3) + "/memory.events";
    const auto memory = line.find(kMemory);
    if (memory == std::string::npos) return {};
    return "/sys/fs/cgroup/memory" + line.substr(memory + kMemory.size()) + "/memory.oom_control";
}

std::string events_file_of_own_cgroup() {
    std::ifstream cgroups("/proc/self/cgroup");
    std::string line;
    while (std::getline(cgroups, line)) {
        const std::string file = events_file(line);
        if (!file.empty() && std::ifstream(file)) return file;
    }
    return {};
}

}  // namespace

ExitStory explain_exit(const ExitEvidence& evidence) {
    const ChildExit& ended = evidence.ended;
    if (!ended.by_signal) return explain_code(evidence);
    const std::string signal = signal_name(ended.value) + (ended.core_dumped ? " (core dumped)" : "");
    if (evidence.own_kill && evidence.own_kill->signo == ended.value) {
        const std::string why = evidence.own_kill->why.empty() ? "" : ": " + evidence.own_kill->why;
        return {ExitKind::killed_by_us, "was killed by us with " + signal + why};
    }
    if (is_oom_kill(evidence)) {
        return {ExitKind::out_of_memory, "was killed by the kernel: out of memory in the cgroup"};
    }
    if (is_fault(ended.value)) return {ExitKind::crashed, "crashed: " + signal};
    return {ExitKind::killed_outside, "was killed by " + signal + " from outside"};
}

OomWatch::OomWatch(std::string events_file)
    : events_file_(events_file.empty() ? events_file_of_own_cgroup() : std::move(events_file)),
      count_(read_count()) {}

bool OomWatch::has_killed_since() {
    const std::uint64_t count = read_count();
    if (count <= count_) return false;
    ++count_;  // each victim takes one
    return true;
}

std::uint64_t OomWatch::read_count() const {
    if (events_file_.empty()) return 0;
    std::ifstream events(events_file_);
    std::string key;
    std::uint64_t value = 0;
    while (events >> key >> value) {
        if (key == "oom_kill") return value;
    }
    return 0;
}

}  // namespace girin
