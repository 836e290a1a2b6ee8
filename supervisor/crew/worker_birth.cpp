#include "supervisor/crew/worker_birth.hpp"

#include <string>
#include <utility>

#include "supervisor/crew/listening.hpp"
#include "supervisor/process/affinity.hpp"

namespace girin {

Result<Newborn> WorkerBirth::fork(std::size_t slot, std::uint32_t number, Listening& listening, Inbox& inbox) {
    const Generation* const generation = common_.generations.find(number);
    if (!generation) return Error("generation " + std::to_string(number) + " is gone");
    Newborn born;
    born.generation = number;
    born.lane = listening.make_lane(number, inbox);
    born.cpu = choose_cpu(*generation, number);
    ChildSetup child = common_.setup.child;
    child.variables = generation->settings.env;
    child.cpu = born.cpu;
    common_.board[slot].reset();
    auto spawned = spawn_worker(
        common_.os, child, place_for(slot, number, *generation, born.lane),
        [this, slot, number, lane = born.lane] { leave_for_work(slot, number, lane); },
        [this, generation](const WorkerPlace& own) { return common_.setup.work(settings_of(*generation), own); });
    if (!spawned) return spawned.error();
    born.process = std::move(*spawned);
    return born;
}

WorkerPlace WorkerBirth::place_for(std::size_t slot, std::uint32_t number, const Generation& generation,
                                   std::size_t lane) const {
    WorkerPlace place;
    place.listeners = generation.listeners.sockets(lane);
    place.board = common_.board.slots();
    place.slot = slot;
    place.generation = number;
    place.code_fd = generation.files.code.get();
    place.directory_fd = generation.files.directory.get();
    place.error_log_fd = generation.files.logs.error_fd();
    place.access_log_fd = generation.files.logs.access_fd();
    return place;
}

/// As an operator's changes leave them.
Settings WorkerBirth::settings_of(const Generation& generation) const {
    Settings settings = generation.settings;
    settings.log_level = log_level_.value_or(settings.log_level);
    return settings;
}

/// The processor with the fewest workers that stay: of the same generation, and not about to be replaced. What was
/// checked before can't be had any more when a cpuset shrinks; then the kernel chooses.
std::optional<unsigned> WorkerBirth::choose_cpu(const Generation& generation, std::uint32_t number) const {
    const Settings& settings = generation.settings;
    if (settings.affinity.empty()) return std::nullopt;
    const auto cpus = choose_cpus(settings.affinity, allowed_cpus());
    if (!cpus || cpus->empty()) return std::nullopt;
    CpuList taken;
    for (const auto& [slot, worker] : common_.workers.all()) {
        const bool stays = worker.generation == number && common_.fleet.worker(slot).recycle_turn == 0;
        if (worker.cpu && !worker.asked_to_stop && stays) taken.push_back(*worker.cpu);
    }
    return least_taken_cpu(*cpus, taken);
}

/// In the worker.
void WorkerBirth::leave_for_work(std::size_t slot, std::uint32_t generation, std::size_t lane) {
    Kept kept;
    kept.generation = generation;
    kept.lane = lane;
    kept.own_line = slot;
    common_.leave_master(kept);
    // The worker's own, by their numbers: kept here as well, a rotated file would never be let go.
    for (UniqueFd& log : common_.generations.release_logs(generation)) [[maybe_unused]] const int own = log.release();
    common_.report.forget();
    if (common_.setup.leave_monitor) common_.setup.leave_monitor();
}

}  // namespace girin
