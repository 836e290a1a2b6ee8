// Carrying out what the Fleet decides. Events that follow from it are decided on afterwards, one after another.

#include <signal.h>
#include <unistd.h>

#include <cctype>
#include <utility>

#include "girin/log.hpp"
#include "supervisor/process/affinity.hpp"
#include "supervisor/sockets/lanes.hpp"
#include "supervisor/supervisor.hpp"

namespace girin {

void Supervisor::decide(FleetEvent event) {
    events_.push_back(std::move(event));
    if (std::exchange(deciding_, true)) return;
    while (!events_.empty() && !end_) {
        const FleetEvent next = std::move(events_.front());
        events_.pop_front();
        for (const Action& action : fleet_.decide(next, os_.now())) carry_out(action);
        tell_when_first_ready();
    }
    deciding_ = false;
}

void Supervisor::carry_out(const Action& action) {
    switch (action.kind) {
        case ActionKind::spawn: return spawn(action);
        case ActionKind::call_off_spawn: return;  // a fork is answered within the turn
        case ActionKind::tell_drain: return tell_drain(action);
        case ActionKind::tell_quit: return workers_.tell(action.slot, Message(MessageKind::quit));
        case ActionKind::signal: return workers_.send_signal(action.slot, action.signal_number, "");
        case ActionKind::prepare_reload: return action.restores == 0 ? start_reload(action.generation) : start_way_back(action);
        case ActionKind::commit_reload: return commit_reload(action);
        case ActionKind::end_watch: return desk_.on_watch_ended(action.generation, action.text);
        case ActionKind::roll_back_reload: return roll_back_reload(action);
        case ActionKind::drop_generation: return generations_.drop(action.generation);
        case ActionKind::report_degraded:
            report_.on_degraded(action.text);
            report_.say(LogLevel::warning, "Degraded: " + action.text);
            return tell_hooks(HookEvent::degraded, action.text);
        case ActionKind::report_recovered: return report_.say(LogLevel::info, "Recovered: " + action.text);
        case ActionKind::log: return log_decision(action);
        case ActionKind::exit_master: end_ = SupervisorEnd(action.code, action.text); return;
    }
}

void Supervisor::tell_drain(const Action& action) {
    const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(action.patience - kDrainMargin);
    const bool leaves_lane = generations_.has_lanes() && is_alone_in_lane(workers_.all(), action.slot);
    // Somebody else serves the queue: those whose binary we go back to, or another master.
    const bool has_elders = in_place() && !place_failure_.empty();
    const bool shared = has_elders || (on_trial() && !in_place()) || (retiring_ && !successor_left_some_);
    const bool last = (fleet_.is_stopping() || leaves_lane) && !shared;
    workers_.tell(action.slot, Message(MessageKind::drain, patience.count(), last ? kDrainLast : ""));
}

void Supervisor::log_decision(const Action& action) {
    std::string text = action.text;
    if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
    report_.say(action.level, text);
}

void Supervisor::spawn(const Action& action) {
    const auto pid = try_spawn(action);
    if (!pid) return decide(FleetEvent::worker_spawn_failed(action.slot, pid.error().message()));
    decide(FleetEvent::worker_spawned(action.slot, *pid));
}

Result<pid_t> Supervisor::try_spawn(const Action& action) {
    const Generation* const generation = generations_.find(action.generation);
    if (!generation) return Error("generation " + std::to_string(action.generation) + " is gone");
    listen_again();
    const std::size_t lane = make_lane(action.generation);
    const std::optional<unsigned> cpu = choose_cpu(*generation, action.generation);
    auto spawned = fork_worker(action, *generation, lane, cpu);
    if (!spawned) return spawned.error();
    auto worker = workers_.add(action.slot, std::move(*spawned));
    if (!worker) return worker.error();
    (*worker)->generation = action.generation;
    (*worker)->lane = lane;
    report_.on_spawned(action.slot, os_.now());
    (*worker)->cpu = cpu;
    return (*worker)->pid;
}

Result<SpawnedWorker> Supervisor::fork_worker(const Action& action, const Generation& generation, std::size_t lane,
                                              std::optional<unsigned> cpu) {
    WorkerPlace place;
    place.listeners = generation.listeners.sockets(lane);
    place.board = board_.slots();
    place.slot = action.slot;
    place.generation = action.generation;
    place.code_fd = generation.files.code.get();
    place.directory_fd = generation.files.directory.get();
    place.error_log_fd = generation.files.logs.error_fd();
    place.access_log_fd = generation.files.logs.access_fd();
    board_[action.slot].reset();
    ChildSetup child = setup_.child;
    child.variables = generation.settings.env;
    child.cpu = cpu;
    return spawn_worker(
        os_, child, std::move(place), [this, &action, lane] { leave_for_work(action, lane); },
        [this, &generation](const WorkerPlace& own) { return setup_.work(worker_settings(generation), own); });
}

Settings Supervisor::worker_settings(const Generation& generation) const {
    Settings settings = generation.settings;
    settings.log_level = log_level_.value_or(settings.log_level);
    return settings;
}

/// The processor with the fewest workers that stay: of the same generation, and not about to be replaced. What was
/// checked before can't be had any more when a cpuset shrinks; then the kernel chooses.
std::optional<unsigned> Supervisor::choose_cpu(const Generation& generation, std::uint32_t number) const {
    const Settings& settings = generation.settings;
    if (settings.affinity.empty()) return std::nullopt;
    const auto cpus = choose_cpus(settings.affinity, allowed_cpus());
    if (!cpus || cpus->empty()) return std::nullopt;
    CpuList taken;
    for (const auto& [slot, worker] : workers_.all()) {
        const bool stays = worker.generation == number && fleet_.worker(slot).recycle_turn == 0;
        if (worker.cpu && !worker.asked_to_stop && stays) taken.push_back(*worker.cpu);
    }
    return least_taken_cpu(*cpus, taken);
}

/// A new lane is opened when each has a worker already; but not in the middle of a reload, where lanes are counted
/// in two sets of sockets at once. Then, or when there are no more descriptors, workers share one.
std::size_t Supervisor::make_lane(std::uint32_t generation) {
    if (!generations_.has_lanes()) return 0;
    const std::size_t lanes = generations_.lanes();
    const std::size_t lane = choose_lane(workers_.all(), generation, lanes);
    if (lane < lanes || generations_.has_candidate() || on_trial()) return lane % lanes;
    if (auto wide = generations_.widen(lanes + 1); !wide) {
        log_warning(wide.error().within("open one more socket for --reuse-port").message());
    }
    have_listeners_kept();
    return lane % generations_.lanes();
}

void Supervisor::tell_when_first_ready() {
    if (told_ready_ || end_ || fleet_.wanted() == 0 || fleet_.ready_count() < fleet_.wanted()) return;
    told_ready_ = true;
    report_.on_first_ready();
    if (setup_.on_first_ready) setup_.on_first_ready();
    tell_hooks(HookEvent::ready);
}

void Supervisor::leave_for_work(const Action& action, std::size_t lane) {
    forget_master(action.generation, lane, action.slot);
    // The worker's own, by their numbers: kept here as well, a rotated file would never be let go.
    for (UniqueFd& log : generations_.release_logs(action.generation)) [[maybe_unused]] const int own = log.release();
    report_.forget();
    if (setup_.leave_monitor) setup_.leave_monitor();
}

void Supervisor::forget_master(std::uint32_t generation, std::size_t lane, std::optional<std::size_t> own) {
    if (auto locked = board_.keep_writable(own); !locked) {
        log_critical(locked.error().message());
        ::_exit(kChildSetUpFailed);
    }
    wait_.close();
    signals_.close();
    if (setup_.service) setup_.service->close();
    workers_.forget();
    check_.reset();
    candidate_ = GenerationFiles();
    candidate_settings_.reset();
    successor_.reset();
    if (setup_.predecessor) setup_.predecessor->hang_up();
    elders_.forget();
    examinations_.clear();
    file_ = FileWatch();
    monitor_.forget();
    hooks_.forget();
    generations_.keep_only(generation, lane);
    if (setup_.leave_master) setup_.leave_master();
}

}  // namespace girin
