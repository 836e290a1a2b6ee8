#include "supervisor/hooks/hooks.hpp"

#include <poll.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "girin/log.hpp"

namespace girin {
namespace {

std::string setting_name(HookEvent event) { return "on-" + std::string(to_text(event)); }

}  // namespace

const std::string& hook_command(const Settings& settings, HookEvent event) {
    switch (event) {
        case HookEvent::starting: return settings.on_starting;
        case HookEvent::ready: return settings.on_ready;
        case HookEvent::reload: return settings.on_reload;
        case HookEvent::worker_exit: return settings.on_worker_exit;
        case HookEvent::degraded: break;
    }
    return settings.on_degraded;
}

Result<void> call_back(const ServerCallbacks& callbacks, const HookFacts& facts) {
    const auto& callback = callbacks.of(facts.event);
    if (!callback) return {};
    try {
        callback(facts);
        return {};
    } catch (const std::exception& error) {
        return Error("callback " + setting_name(facts.event) + " has thrown: " + error.what());
    } catch (...) {
        return Error("callback " + setting_name(facts.event) + " has thrown something that is no std::exception");
    }
}

Hooks::Hooks(Os& os, EventWait& wait, ServerCallbacks callbacks)
    : os_(os), wait_(wait), callbacks_(std::move(callbacks)) {}

void Hooks::tell(const Settings& settings, const HookFacts& facts) {
    call(facts);
    const std::string& command = hook_command(settings, facts.event);
    if (command.empty()) return;
    timeout_ = settings.hook_timeout;
    start_waiting();
    if (running_.size() < queue_.limits().at_once) return start(HookOrder(command, facts));
    if (queue_.add(HookOrder(command, facts)) || std::exchange(dropping_, true)) return;
    log_warning("Hook " + setting_name(facts.event) + " is dropped: " + std::to_string(running_.size()) +
                " run and " + std::to_string(queue_.waiting()) + " wait already");
}

void Hooks::call(const HookFacts& facts) {
    const TimePoint before = os_.now();
    if (auto called = call_back(callbacks_, facts); !called) log_error(called.error().message());
    const Duration taken = os_.now() - before;
    if (taken < kSlowCallback) return;
    log_warning("Callback " + setting_name(facts.event) + " took " + to_text(taken) +
                "; nothing was supervised meanwhile");
}

void Hooks::start_waiting() {
    while (const auto order = queue_.take_next(running_.size())) start(*order);
}

void Hooks::start(const HookOrder& order) {
    const auto fail = [&](const Error& error) {
        log_warning("Hook " + setting_name(order.facts.event) + " can't be run: " + error.message());
    };
    auto started = HookProcess::start(os_, order, timeout_);
    if (!started) return fail(started.error());
    const std::uint32_t id = next_id();
    if (auto watched = wait_.add(started->pidfd(), ReadySource(SourceKind::hook_end, id)); !watched) {
        started->kill_group("it can't be watched");  // unwatched, it is reaped like an adopted child
        return fail(watched.error());
    }
    log_debug(name_of(*started) + " runs");
    running_.emplace(id, std::move(*started));
}

std::uint32_t Hooks::next_id() {
    do ++last_id_;
    while (running_.contains(last_id_));
    return last_id_;
}

void Hooks::on_end(std::uint32_t id) {
    const auto found = running_.find(id);
    if (found == running_.end()) return;
    const auto end = found->second.poll_end(os_);
    if (!end) return;
    if (end->empty()) log_debug(name_of(found->second) + " has finished");
    if (!end->empty()) log_warning(name_of(found->second) + " " + *end);
    wait_.remove(found->second.pidfd());
    running_.erase(found);
    start_waiting();
    if (queue_.waiting() == 0) tell_dropped();
}

/// The first of a row was told when it happened; how many it were is told once there is room again.
void Hooks::tell_dropped() {
    if (!std::exchange(dropping_, false)) return;
    log_warning("Hooks were dropped: " + std::to_string(queue_.take_dropped()));
}

void Hooks::on_deadline(TimePoint now) {
    for (auto& [id, hook] : running_) {
        if (hook.deadline() && *hook.deadline() <= now) hook.kill_group("it took longer than " + to_text(timeout_));
    }
}

std::optional<TimePoint> Hooks::next_deadline() const {
    std::optional<TimePoint> next;
    for (const auto& [id, hook] : running_) {
        if (hook.deadline() && (!next || *hook.deadline() < *next)) next = hook.deadline();
    }
    return next;
}

std::vector<pid_t> Hooks::pids() const {
    std::vector<pid_t> pids;
    for (const auto& [id, hook] : running_) pids.push_back(hook.pid());
    return pids;
}

void Hooks::finish_blocking() {
    const UniqueFd stop = watch_for_stop();
    wait_blocking(stop.get(), os_.now() + timeout_);
    if (running_.empty()) return;
    if (queue_.waiting() > 0) log_warning("Hooks are dropped, as the server ends: " + std::to_string(queue_.waiting()));
    queue_.clear();
    end_all();
    wait_blocking(-1, os_.now() + kHookKillPatience);
}

void Hooks::end_all() {
    for (auto& [id, hook] : running_) {
        if (hook.deadline()) hook.kill_group("the server ends");
    }
}

void Hooks::wait_blocking(int stop_fd, TimePoint limit) {
    while (!running_.empty() && os_.now() < limit) {
        std::vector<pollfd> fds = {{stop_fd, POLLIN, 0}};
        std::vector<std::uint32_t> ids;
        for (const auto& [id, hook] : running_) {
            fds.push_back({hook.pidfd(), POLLIN, 0});
            ids.push_back(id);
        }
        const TimePoint until = std::min(limit, next_deadline().value_or(limit));
        const Duration wait = until - os_.now();
        const Duration deaf = os_.longest_deaf_wait().value_or(wait);
        [[maybe_unused]] const int ready = ::poll(fds.data(), fds.size(), to_wait_ms(std::min(wait, deaf)));
        os_.on_child_signal();
        for (const std::uint32_t id : ids) on_end(id);
        on_deadline(os_.now());
        if (fds.front().revents != 0) return;
    }
}

void Hooks::forget() {
    running_.clear();
    queue_.clear();
}

}  // namespace girin
