// The part of the world in which workers grow old, large and busy, and the master's survey looks at them once a second.

#include <algorithm>
#include <cmath>
#include <utility>

#include "tests/supervisor/fleet/sim/invariants.hpp"
#include "tests/supervisor/fleet/sim/world.hpp"

namespace girin::sim {

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr std::uint64_t kMaxMemory = 100 * kMiB;

}  // namespace

WatchSettings World::draw_watch_settings() {
    WatchSettings settings;
    ScaleOptions& scaling = settings.survey.scaling;
    scaling.least = scaling.most = 1 + random_() % options_.max_workers;
    if (random_() % 2 == 0) scaling.most += random_() % (options_.max_workers - scaling.least + 1);
    settings.has_range = scaling.most > scaling.least;
    scaling.down_after = draw(3s, 10s);
    RecycleLimits& recycling = settings.survey.recycling;
    if (random_() % 2 == 0) recycling.lifetime = draw(20s, 120s);
    recycling.lifetime_jitter = draw(0s, 10s);
    if (random_() % 2 == 0) recycling.memory_bytes = kMaxMemory;
    settings.survey.seed = random_();
    if (random_() % 8 != 0) settings.health.timeout = draw(4s, 12s);
    if (random_() % 8 != 0) settings.health.lag_warning = draw(2s, 6s);
    return settings;
}

/// As the supervisor does it at the start and with each commit.
void World::watch_by(std::uint32_t generation) {
    const WatchSettings& settings = witness_.watches = settings_[generation];
    survey_.begin(settings.survey);
    next_survey_.reset();
    if (survey_.is_needed()) next_survey_ = now_ + WorkerSurvey::kInterval;
    judge_.set_options(settings.health);
    const TimePoint next = now_ + judge_.interval();
    next_look_ = judge_.interval() > Duration::zero() ? std::optional(std::min(next, next_look_.value_or(next))) : std::nullopt;
    for (const auto& [slot, index] : witness_.in_slot) {
        witness_.processes[index].looks_too_large = 0;
        witness_.processes[index].ailment.all_counts_from = now_;
    }
    witness_.disturb();
}

void World::take_survey() {
    next_survey_ = now_ + WorkerSurvey::kInterval;
    work_on();
    std::vector<WorkerLook> looks = look_at_all();
    note_looks(looks);
    looks = saboteur_.alter(std::move(looks));
    for (const FleetEvent& event : survey_.look_for_worn_out(fleet_, looks, now_)) tell(event);
    if (is_over()) return;
    const auto count_queued = [this] { return static_cast<std::uint64_t>(witness_.queued); };
    if (const auto step = survey_.look_at_load(fleet_, looks, count_queued, now_)) tell(*step);
    if (!is_over()) check_survey(witness_);
}

std::vector<WorkerLook> World::look_at_all() {
    std::vector<WorkerLook> looks;
    for (const auto& [slot, index] : witness_.in_slot) {
        const Process& process = witness_.processes[index];
        if (!process.ready) continue;
        WorkerLook& look = looks.emplace_back();
        look.slot = slot;
        look.ready_since = process.ready_at;
        look.turns = process.worked;
        look.cpu = process.worked * 3 / 10;
        if (process.work_place == Process::WorkPlace::kernel) std::swap(look.turns, look.cpu);
        if (process.work_place == Process::WorkPlace::pool) {
            constexpr double kThreads = 1000;
            look.turns /= 10;
            look.pool.threads = static_cast<std::size_t>(kThreads);
            look.pool.busy = static_cast<std::size_t>(std::lround(kThreads * process.busy_now));
        }
        const bool is_read = survey_.needs_memory() && !fault(50);
        if (is_read) look.resident = process.habit.resident_at(now_ - process.ready_at);
    }
    return looks;
}

/// What an honest survey has to make of it.
void World::note_looks(const std::vector<WorkerLook>& looks) {
    const std::uint64_t limit = witness_.watches.survey.recycling.memory_bytes;
    for (const WorkerLook& look : looks) {
        Process& process = witness_.processes[witness_.in_slot.at(look.slot)];
        const bool is_large = limit > 0 && look.resident && *look.resident > limit;
        process.looks_too_large = is_large ? process.looks_too_large + 1 : 0;
    }
    note_load(witness_);
}

/// Up to now: the load is shared alike by all that serve, and what they can't do has to queue.
void World::work_on() {
    const Duration passed = now_ - worked_until_;
    worked_until_ = now_;
    if (passed <= Duration::zero()) return;
    const auto serving = static_cast<double>(witness_.serving());
    const bool all_busy = witness_.queued > 0 || witness_.demand >= serving;
    const double share = all_busy ? 1 : witness_.demand / serving;
    const auto worked = std::chrono::duration_cast<Duration>(passed * share);
    for (const auto& [slot, index] : witness_.in_slot) {
        Process& process = witness_.processes[index];
        const bool is_held = process.ailment.kind != AilmentKind::none && process.ailment.in_callback;
        if (process.ready) process.worked += is_held ? passed : worked;
        process.busy_now = is_held ? 1 : share;
    }
    constexpr double kConnectionsASecond = 50, kMostQueued = 500;
    const double more = (witness_.demand - serving) * kConnectionsASecond * std::chrono::duration<double>(passed).count();
    witness_.queued = std::clamp(witness_.queued + more, 0.0, kMostQueued);
}

void World::change_load() {
    work_on();
    const auto most = static_cast<double>(options_.max_workers) * 1.2;
    witness_.demand = most * static_cast<double>(random_() % 1000) / 1000;
    witness_.disturb();
    if (!calm_) schedule(draw(1s, 90s), Happening::load_changes);
}

Habit World::draw_habit() {
    Habit habit;
    habit.base_bytes = (20 + random_() % 70) * kMiB;
    if (fault(3)) habit.growth_bytes = random_() % (5 * kMiB);
    if (random_() % 2 == 0) habit.peak_bytes = random_() % (50 * kMiB);
    habit.between_peaks = draw(4s, 20s);
    habit.peak = draw(100ms, 1900ms);
    return habit;
}

/// With a range they move its lower end.
void World::scale_by_operator(int workers) {
    const std::optional<FleetEvent> event = survey_.scale_by_operator(fleet_, workers);
    if (witness_.watches.has_range) {
        ScaleOptions& scaling = witness_.watches.survey.scaling;
        const auto least = static_cast<std::int64_t>(scaling.least) + workers;
        const auto most = static_cast<std::int64_t>(scaling.most);
        scaling.least = static_cast<std::size_t>(std::clamp<std::int64_t>(least, 1, most));
        witness_.disturb();
    }
    if (event) tell(*event);
}

void World::scale_to_by_operator(std::size_t workers) {
    if (!survey_.needs_load()) return tell(FleetEvent::scale_to(workers));
    const auto least = static_cast<int>(survey_.scaling().least);
    if (!fleet_.is_paused()) scale_by_operator(static_cast<int>(workers) - least);
}

}  // namespace girin::sim
