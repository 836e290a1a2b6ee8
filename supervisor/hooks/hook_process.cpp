#include "supervisor/hooks/hook_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <vector>

#include "loop/base/log_output.hpp"
#include "supervisor/process/descriptors.hpp"
#include "supervisor/process/exit_cause.hpp"
#include "supervisor/process/signals.hpp"

namespace girin {
namespace {

constexpr int kNotRun = 127;  // as shells have it
constexpr const char* kShell = "/bin/sh";
/// The facts come last, so that they aren't hidden by variables of the same name.
std::vector<std::string> environment_for(const HookFacts& facts) {
    const std::vector<std::string> told = to_environment(facts);
    std::vector<std::string> entries;
    for (char** entry = environ; entry && *entry; ++entry) {
        const std::string_view own(*entry);
        const std::string_view name = own.substr(0, own.find('=') + 1);
        const auto hides = [&](const std::string& fact) { return fact.starts_with(name); };
        if (!name.empty() && std::ranges::none_of(told, hides)) entries.emplace_back(own);
    }
    entries.insert(entries.end(), told.begin(), told.end());
    return entries;
}

[[noreturn]] void become_command(const std::string& command, std::vector<std::string> environment) {
    ::setpgid(0, 0);
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int log = ::fcntl(log_fd(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (nothing < 0 || log < 0 || ::dup2(nothing, STDIN_FILENO) < 0) ::_exit(kNotRun);
    if (::dup2(log, STDOUT_FILENO) < 0 || ::dup2(log, STDERR_FILENO) < 0) ::_exit(kNotRun);
    close_on_exec_from(STDERR_FILENO + 1);
    std::vector<char*> variables;
    for (std::string& entry : environment) variables.push_back(entry.data());
    variables.push_back(nullptr);
    default_signals();
    ::execle(kShell, "sh", "-c", command.c_str(), nullptr, variables.data());
    ::_exit(kNotRun);
}

}  // namespace

Result<HookProcess> HookProcess::start(Os& os, const HookOrder& order, Duration timeout) {
    std::vector<std::string> environment = environment_for(order.facts);
    std::fflush(nullptr);
    auto child = os.fork_child();
    if (!child) return child.error();
    if (child->pid == 0) become_command(order.command, std::move(environment));
    ::setpgid(child->pid, child->pid);  // whoever comes first
    HookProcess started;
    started.child_ = std::move(*child);
    started.event_ = order.facts.event;
    started.deadline_ = os.now() + timeout;
    return started;
}

void HookProcess::kill_group(std::string why) {
    deadline_.reset();
    killed_why_ = std::move(why);
    ::kill(-pid(), SIGKILL);  // not reaped yet, so the number is no other's
}

std::optional<std::string> HookProcess::poll_end(Os& os) {
    const auto ended = os.reap_child(pidfd());
    if (!ended) return ended.error().message();
    if (!*ended) return std::nullopt;
    const ChildExit& exit = **ended;
    if (!exit.by_signal && exit.value == 0) return std::string();
    ExitEvidence evidence;
    evidence.ended = exit;
    if (!killed_why_.empty()) evidence.own_kill = OwnKill(SIGKILL, killed_why_);
    return explain_exit(evidence).sentence;
}

std::string name_of(const HookProcess& hook) {
    return "Hook on-" + std::string(to_text(hook.event())) + " (pid " + std::to_string(hook.pid()) + ")";
}

UniqueFd watch_for_stop() {
    sigset_t stops;
    sigemptyset(&stops);
    for (const SignalRow& row : signal_table()) {
        const bool stop = row.meaning == SignalMeaning::stop_gracefully || row.meaning == SignalMeaning::stop_quickly;
        if (stop) sigaddset(&stops, row.signo);
    }
    return UniqueFd(::signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK));
}

HookOutcome run_hook_blocking(Os& os, const HookOrder& order, Duration timeout) {
    const std::string name = "Hook on-" + std::string(to_text(order.facts.event));
    auto hook = HookProcess::start(os, order, timeout);
    if (!hook) return {HookEnd::failed, name + " can't be run: " + hook.error().message()};
    const UniqueFd stop = watch_for_stop();
    bool stopped = false;
    TimePoint limit = *hook->deadline();
    while (true) {
        pollfd fds[] = {{hook->pidfd(), POLLIN, 0}, {stopped ? -1 : stop.get(), POLLIN, 0}};
        const Duration wait = limit - os.now();
        const Duration deaf = os.longest_deaf_wait().value_or(wait);
        [[maybe_unused]] const int ready = ::poll(fds, std::size(fds), to_wait_ms(std::min(wait, deaf)));
        os.on_child_signal();
        if (const auto end = hook->poll_end(os)) {
            if (stopped) return {HookEnd::stopped, ""};
            return {end->empty() ? HookEnd::succeeded : HookEnd::failed, name + " " + *end};
        }
        stopped = stopped || fds[1].revents != 0;
        const bool late = os.now() >= limit;
        if (!hook->deadline() && late) return {stopped ? HookEnd::stopped : HookEnd::failed, name + " can't be killed"};
        if (!hook->deadline() || (!stopped && !late)) continue;
        hook->kill_group(stopped ? "the server stops" : "it took longer than " + to_text(timeout));
        limit = os.now() + kHookKillPatience;
    }
}

}  // namespace girin
