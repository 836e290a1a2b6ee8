// The shell's side of an upgrade in place, as PID 1 has to do it, on both ends: the binary that executes another, and
// the one that was executed and has the former's workers. Not here: upgrades beside us (supervisor_upgrade.cpp).

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "girin/log.hpp"
#include "supervisor/supervisor.hpp"
#include "supervisor/upgrade/execute.hpp"

namespace girin {
namespace {

constexpr Duration kAnyTime = std::chrono::hours(1);

/// How long the former binary's monitor may be needed: whoever waits there for the upgrade hears of its outcome.
Duration monitor_limit(const Handover& handover, const Settings& settings) {
    if (handover.askers.empty()) return kMonitorLongDrainLimit;
    const bool limited = settings.boot_timeout.count() > 0;
    const Duration boot = limited ? settings.boot_timeout + settings.boot_timeout / 4 : kAnyTime;
    return boot + settings.soak + settings.graceful_timeout + kMonitorLongDrainLimit;
}

}  // namespace

/// The new binary has shown, beside us, that it serves. Returns only when it can't be executed.
void Supervisor::execute_in_place() {
    Handover handover;
    handover.in_place = true;
    const UniqueFd binary(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    handover.binary_fd = binary.get();
    handover.sockets = to_handover(generations_.committed().listeners);
    if (setup_.add_to_handover) setup_.add_to_handover(handover);
    handover.elders = elders_.list();
    for (const auto& [slot, worker] : workers_.all()) handover.elders.emplace_back(worker.pid, worker.channel.get());
    if (monitor_.is_running()) handover.elders.emplace_back(monitor_.pid(), monitor_.channel(), true);
    log_info("Upgrade: " + setup_.program.path + " is executed in place, with " +
             std::to_string(workers_.all().size()) + " workers that serve until it is ready");
    // Who asked for it hears what comes of it from the binary that serves then; others can't be answered there.
    if (monitor_.is_running()) handover.askers = upgrade_askers_;
    if (!handover.askers.empty()) handover.requests_fd = monitor_.requests();
    desk_.on_replaced();
    tell_outcomes();
    const Error failure = execute_program(setup_.program.path, setup_.program, handover);
    upgrade(UpgradeEvent::not_spawned, failure.message());
}

void Supervisor::begin_in_place() {
    const Handover& handover = setup_.predecessor->handover();
    elders_.adopt(handover, monitor_limit(handover, generations_.committed().settings));
    place_began_ = os_.now();
    if (handover.failure.empty()) return;
    trouble_ = "the last upgrade failed: " + handover.failure;
    elders_.answer(AnswerKind::failed, "the former binary goes on: " + handover.failure);
    log_error("Upgrade: failed, the former binary goes on: " + handover.failure);
}

/// Without a way back there is nothing better than to try on: the workers of the former binary serve meanwhile.
FleetOptions Supervisor::fleet_options(const Settings& settings) const {
    FleetOptions options = to_fleet_options(settings);
    if (in_place() && !setup_.has_way_back) options.outlives_first_failure = true;
    return options;
}

/// How long a new binary may take before the former one is gone back to.
std::optional<TimePoint> Supervisor::place_deadline() const {
    if (!in_place() || !on_trial() || fleet_.is_stopping()) return std::nullopt;
    const Settings& settings = generations_.committed().settings;
    if (well_since_) return *well_since_ + settings.soak;
    const bool limited = setup_.has_way_back && settings.boot_timeout.count() > 0;
    return limited ? std::optional(place_began_ + settings.boot_timeout + settings.boot_timeout / 4) : std::nullopt;
}

void Supervisor::look_after_place(TimePoint now) {
    elders_.on_time(now);
    if (!in_place() || !on_trial() || fleet_.is_stopping()) return;
    const bool well = told_ready_ && fleet_.ready_count() >= fleet_.wanted();
    if (!well) well_since_.reset();
    if (well && !well_since_) well_since_ = now;
    const std::optional<TimePoint> due = place_deadline();
    if (!due || now < *due) return;
    if (!well) return give_place_back("not all workers were ready in time: " + fleet_.last_failure());
    take_over();
    elders_.answer(AnswerKind::done, "the new binary serves, as pid " + std::to_string(::getpid()));
    elders_.drain(generations_.committed().settings.graceful_timeout, false);
}

/// What our workers have in hand is finished first; the elders serve meanwhile.
void Supervisor::give_place_back(const std::string& why) {
    place_failure_ = why;
    decide(FleetEvent::stop_graceful());
}

/// Whether the former binary goes on in this process.
bool Supervisor::goes_back() const {
    return in_place() && on_trial() && setup_.has_way_back && end_ && end_->code != ExitCode::ok;
}

/// The end of this process would be theirs. Bounded by their deadline, and KILL.
void Supervisor::wait_for_elders() {
    if (elders_.empty()) return;
    if (!elders_.deadline()) elders_.quit();
    while (!elders_.empty()) {
        for (const ReadySource source : wait_.wait(os_, elders_.deadline())) {
            if (source.kind == SourceKind::elder) elders_.on_ready(source.id);
            if (source.kind == SourceKind::signals) on_late_signals();
        }
        elders_.on_time(os_.now());
    }
}

/// A second order to stop, while the last workers finish.
void Supervisor::on_late_signals() {
    for (const ReceivedSignal& signal : signals_.read_pending()) {
        if (signal.row->meaning == SignalMeaning::stop_quickly) elders_.quit();
    }
}

}  // namespace girin
