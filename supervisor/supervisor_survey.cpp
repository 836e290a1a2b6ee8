// What the supervisor looks at from time to time, because nothing tells it: how old, how large and how busy workers
// are. And the application's file, which does tell. Not here: silence (health/), and what is decided on (fleet.hpp).

#include <algorithm>
#include <set>
#include <utility>

#include "girin/log.hpp"
#include "supervisor/health/process_sample.hpp"
#include "supervisor/process/memory.hpp"
#include "supervisor/sockets/backlog.hpp"
#include "supervisor/supervisor.hpp"

namespace girin {
namespace {

RecycleLimits to_recycle_limits(const Settings& settings) {
    RecycleLimits limits;
    limits.lifetime = settings.max_lifetime;
    limits.lifetime_jitter = settings.max_lifetime_jitter;
    limits.memory_bytes = settings.max_memory;
    return limits;
}

ScaleOptions to_scale_options(const Settings& settings, std::size_t room) {
    ScaleOptions options;
    options.least = std::min<std::size_t>(settings.workers, room);
    options.most = std::clamp<std::size_t>(settings.workers_most, options.least, room);
    options.down_after = settings.scale_down_after;
    return options;
}

/// For how long the worker's loop was at work since it began, with the turn that it is in.
Duration busy_time(const ScoreboardSlot& line, TimePoint now) {
    const std::int64_t now_ns = std::chrono::nanoseconds(now.time_since_epoch()).count();
    const std::int64_t since = line.callback_start_ns.load(std::memory_order_relaxed);
    const auto ended = static_cast<std::int64_t>(line.busy_ns.load(std::memory_order_relaxed));
    return Duration(ended + (since != 0 ? std::max<std::int64_t>(now_ns - since, 0) : 0));
}

std::uint64_t count_queued(const ListenerSet& listeners) {
    std::set<int> sockets;  // some belong to all lanes
    for (const Listener& listener : listeners.listeners()) {
        for (std::size_t lane = 0; lane < listener.lanes(); ++lane) {
            for (const ListenerSocket& socket : listener.sockets(lane)) sockets.insert(socket.fd);
        }
    }
    std::uint64_t queued = 0;
    for (const int socket : sockets) queued += queued_connections(socket).value_or(0);
    return queued;
}

/// What the loop does while it asks the kernel for news isn't in its turns, and blocking isn't in its processor time: so
/// both are looked at.
Duration cpu_time(pid_t pid, const ScoreboardSlot& line, bool has_program) {
    const pid_t program = has_program ? kept_program(line, pid) : 0;  // a keeper is never busy
    return sample_process(program > 0 ? program : pid).cpu.value_or(Duration());
}

/// Handlers that block keep threads, and their worker's loop looks idle meanwhile.
PoolLook look_at_pool(const PoolNote& note) {
    PoolLook pool;
    pool.threads = note.threads.load(std::memory_order_relaxed);
    pool.busy = note.busy.load(std::memory_order_relaxed);
    pool.queued = note.queued.load(std::memory_order_relaxed);
    return pool;
}

}  // namespace

/// By the committed settings; at the start, and after each reload.
void Supervisor::begin_surveys() {
    const TimePoint now = os_.now();
    const Settings& settings = generations_.committed().settings;
    SurveyOptions options;
    options.recycling = to_recycle_limits(settings);
    options.scaling = to_scale_options(settings, fleet_.options().max_workers);
    options.seed = static_cast<std::uint64_t>(now.time_since_epoch().count());
    survey_.begin(options);
    next_survey_.reset();
    if (survey_.is_needed()) next_survey_ = now + WorkerSurvey::kInterval;
    watch_file();
}

void Supervisor::survey(TimePoint now) {
    const std::vector<WorkerLook> looks = look_at_all(now);
    for (const FleetEvent& event : survey_.look_for_worn_out(fleet_, looks, now)) {
        if (!end_) decide(event);
    }
    const auto count = [this] { return count_queued(generations_.committed().listeners); };
    const auto step = end_ ? std::nullopt : survey_.look_at_load(fleet_, looks, count, now);
    if (step) decide(*step);
    next_survey_ = now + WorkerSurvey::kInterval;
}

std::vector<WorkerLook> Supervisor::look_at_all(TimePoint now) const {
    std::vector<WorkerLook> looks;
    for (const auto& [slot, worker] : workers_.all()) {
        if (!worker.ready_at || worker.asked_to_stop) continue;
        WorkerLook& look = looks.emplace_back();
        look.slot = slot;
        look.ready_since = *worker.ready_at;
        if (survey_.needs_memory()) look.resident = resident_bytes(worker.pid);
        if (!survey_.needs_load()) continue;
        look.turns = busy_time(board_[slot], now);
        look.pool = look_at_pool(board_[slot].pool);
        const Generation* const generation = generations_.find(worker.generation);
        look.cpu = cpu_time(worker.pid, board_[slot], generation && !generation->settings.exec.empty());
    }
    return looks;
}

void Supervisor::scale_by_operator(int workers) {
    const std::int64_t asked = static_cast<std::int64_t>(survey_.scaling().least) + workers;
    const std::optional<FleetEvent> event = survey_.scale_by_operator(fleet_, workers);
    if (survey_.needs_load()) {
        const auto least = static_cast<std::int64_t>(survey_.scaling().least);
        const std::string range = "Scale: at least " + std::to_string(least) + " workers, at most " +
                                  std::to_string(survey_.scaling().most);
        if (asked == least) log_info(range);
        if (asked != least) log_warning(range + " (asked for at least " + std::to_string(asked) + ")");
    }
    if (event) decide(*event);
}

std::size_t Supervisor::workers_after_reload(const Settings& settings) const {
    return girin::workers_after_reload(fleet_, settings.workers, settings.workers_most);
}

/// What is watched already goes on: a change that has come meanwhile must not get lost. A file that can't be watched is
/// no reason to stop serving.
void Supervisor::watch_file() {
    const Settings& settings = generations_.committed().settings;
    const bool wanted = settings.reload_on_change && setup_.application_file;
    const std::string file = wanted ? application_file(settings) : std::string();
    if (!file.empty() && file == file_.file()) return;
    unwatch_file();
    if (!wanted) return;
    if (file.empty()) return log_warning("Reload on change: the application is part of the program; nothing to watch");
    auto watch = FileWatch::open(file);
    if (!watch) return log_error("Reload on change: " + watch.error().message());
    if (auto added = wait_.add(watch->fd(), ReadySource(SourceKind::file_change, 0)); !added) {
        return log_error("Reload on change: " + added.error().message());
    }
    file_ = std::move(*watch);
    log_debug("Reload on change: watching " + file);
}

void Supervisor::unwatch_file() {
    if (file_.fd() >= 0) wait_.remove(file_.fd());
    file_ = FileWatch();
}

void Supervisor::on_file_change() {
    if (fleet_.is_stopping()) return;
    log_info("Reload on change: the application's file is new");
    unwatch_file();  // its links may lead elsewhere now
    watch_file();
    decide(FleetEvent::reload_requested());
}

}  // namespace girin
