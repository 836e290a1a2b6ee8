#include "supervisor/survey/worker_survey.hpp"

#include <algorithm>

namespace girin {
namespace {

bool serves(const Fleet& fleet, const WorkerLook& look) {
    return fleet.worker(look.slot).state == WorkerState::ready;
}

}  // namespace

double PoolLook::share() const {
    if (threads == 0) return 0;
    return queued > 0 ? 1 : std::min(1.0, static_cast<double>(busy) / static_cast<double>(threads));
}

void WorkerSurvey::begin(const SurveyOptions& options) {
    recycling_ = RecycleWatch(options.recycling, options.seed);
    scaling_ = ScaleAdvisor(options.scaling);
}

std::vector<FleetEvent> WorkerSurvey::look_for_worn_out(const Fleet& fleet, std::span<const WorkerLook> looks,
                                                   TimePoint now) {
    std::vector<FleetEvent> worn_out;
    if (!recycling_.is_needed()) return worn_out;
    for (const WorkerLook& look : looks) {
        if (!serves(fleet, look)) continue;
        const auto why = recycling_.look(look.slot, look.ready_since, now, look.resident);
        if (why) worn_out.push_back(FleetEvent::worker_asks_recycle(look.slot, *why));
    }
    return worn_out;
}

std::optional<FleetEvent> WorkerSurvey::look_at_load(const Fleet& fleet, std::span<const WorkerLook> looks,
                                                const std::function<std::uint64_t()>& count_queued, TimePoint now) {
    if (!needs_load()) return std::nullopt;
    const auto sample = fleet.is_paused() ? std::nullopt : sample_load(fleet, looks, count_queued, now);
    if (!sample) {
        scaling_.interrupt();
        return std::nullopt;
    }
    const std::optional<ScaleStep> step = scaling_.look(*sample, now);
    if (!step) return std::nullopt;
    return FleetEvent::scale_to(step->workers, step->reason);
}

/// Nothing while workers come or go for other reasons, or when none was looked at before.
std::optional<LoadSample> WorkerSurvey::sample_load(const Fleet& fleet, std::span<const WorkerLook> looks,
                                                    const std::function<std::uint64_t()>& count_queued,
                                                    TimePoint now) {
    double busy = 0;
    double of_loops = 0;
    std::uint64_t jobs = 0;
    std::size_t known = 0;
    for (const WorkerLook& look : looks) {
        if (!serves(fleet, look)) continue;
        const auto turns = turns_.share(look.slot, look.ready_since, look.turns, now);
        const auto cpu = cpu_.share(look.slot, look.ready_since, look.cpu, now);
        const double loop = std::max(turns.value_or(0), cpu.value_or(0));
        of_loops += loop;
        busy += std::max(loop, look.pool.share());
        jobs += look.pool.queued;
        known += turns.has_value();
    }
    const bool is_settled = !fleet.is_stopping() && !fleet.is_reloading() && fleet.ready_count() == fleet.wanted();
    if (!is_settled || known == 0) return std::nullopt;
    LoadSample sample(fleet.wanted(), busy / static_cast<double>(known), count_queued());
    sample.jobs = jobs;
    sample.is_of_pools = busy > of_loops;
    return sample;
}

std::optional<FleetEvent> WorkerSurvey::scale_by_operator(const Fleet& fleet, int workers) {
    if (!needs_load()) return FleetEvent::scale_by(workers);
    const std::size_t least = scaling_.move_least(workers);
    if (fleet.wanted() >= least || fleet.is_paused()) return std::nullopt;
    return FleetEvent::scale_to(least);
}

std::size_t workers_after_reload(const Fleet& fleet, std::size_t least, std::size_t most) {
    return most <= least ? least : std::clamp(fleet.wanted(), least, most);
}

}  // namespace girin
