// The part of the world in which workers hang, or only seem to, and the machine stands still; and the master's looks at
// their scoreboard lines.

#include <algorithm>

#include "tests/supervisor/fleet/sim/invariants.hpp"
#include "tests/supervisor/fleet/sim/world.hpp"

namespace girin::sim {

using namespace std::chrono_literals;

void World::look_at_workers() {
    next_look_ = now_ + judge_.interval();
    const auto in_slot = witness_.in_slot;  // what is found may change it
    for (const auto& [slot, index] : in_slot) {
        if (!is_over()) look_at_worker(slot, index);
    }
    if (!is_over()) who_hangs_is_ended(witness_);
}

/// Looks at whom the supervisor looks at. One that hangs is examined for a while, or can't be.
void World::look_at_worker(std::size_t slot, std::size_t index) {
    const WorkerState state = fleet_.worker(slot).state;
    const bool is_judged = state == WorkerState::ready || state == WorkerState::draining;
    Process& process = witness_.processes[index];
    if (!is_judged || !process.alive || !process.ready || process.is_examined) return;
    process.allowed = witness_.watches.health.timeout;
    const auto sample = [this, &process] { return saboteur_.alter(process.ailment.sample(now_)); };
    const Finding finding = judge_.look(slot, write_line(process), process.ready_at, now_, sample);
    if (finding.kind != Finding::Kind::hangs) return;
    if (fault(10)) return tell(FleetEvent::worker_silent(slot, "no sign of life", "no stack: fork failed"));
    process.is_examined = true;
    schedule(draw(1ms, 5s), Happening::examined, index);
}

/// As the worker would have left it by now.
ScoreboardSlot& World::write_line(const Process& process) {
    ScoreboardSlot& line = board_[process.slot];
    const bool is_ill = process.ailment.kind != AilmentKind::none;
    const bool is_frozen = !is_ill && now_ < thawed_at_;
    const TimePoint sign = is_ill ? process.ailment.began : is_frozen ? frozen_at_ : now_ - 1ms;
    const bool in_callback = is_ill ? process.ailment.in_callback : process.slot % 2 == 0;
    const std::int64_t sign_ns = sign.time_since_epoch() / 1ns;
    line.last_tick_ns = sign_ns;
    line.callback_start_ns = in_callback ? sign_ns : 0;
    saboteur_.alter(line);
    return line;
}

void World::end_examination(std::size_t index) {
    Process& process = witness_.processes[index];
    process.is_examined = false;
    if (!judge_.is_still_silent(process.slot, write_line(process), process.ready_at)) return;
    tell(FleetEvent::worker_silent(process.slot, "no sign of life"));
}

void World::fall_ill(std::size_t index) {
    Process& process = witness_.processes[index];
    if (process.ailment.kind != AilmentKind::none || calm_) return;
    work_on();
    const auto kind = static_cast<AilmentKind>(1 + random_() % 6);
    process.ailment = make_ailment(kind, now_, random_());
    witness_.disturb();
    const Duration timeout = witness_.watches.health.timeout;
    const Duration most_lag = timeout > Duration::zero() ? timeout * 8 / 10 : Duration(3s);
    const bool for_good = process.ailment.hangs() && random_() % 4 != 0;
    if (for_good) return;
    const Duration longest = process.ailment.kind == AilmentKind::lags ? most_lag : Duration(60s);
    schedule(draw(100ms, longest), Happening::goes_on, index);
}

void World::go_on(std::size_t index) {
    work_on();
    witness_.processes[index].ailment = Ailment();
    witness_.disturb();
}

/// The master alone for a while, the machine with all that runs on it, or, by a suspend, without the clock.
void World::stand_still() {
    const Duration length = draw(2s, 30s);
    const auto who = random_() % 3;
    work_on();
    if (who == 2) suspended_ += length;
    if (who != 2) now_ += length;
    if (who == 1) {
        frozen_at_ = now_ - length;
        thawed_at_ = now_ + draw(0ms, 400ms);
        worked_until_ = now_;
    }
    for (const auto& [slot, index] : witness_.in_slot) {
        Process& process = witness_.processes[index];
        process.ailment.all_counts_from = now_;
        if (who == 1) process.ailment.frozen += length;
        if (who != 2) process.told_at += length;  // nobody could be killed meanwhile
        if (who != 2) process.asked_at += length;
    }
    for (Successor& successor : witness_.successors) {
        if (successor.failed_at && who != 2) *successor.failed_at += length;
    }
    witness_.disturb();
}

}  // namespace girin::sim
