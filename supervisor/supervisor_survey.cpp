// What the supervisor looks at from time to time, because nothing tells it: how old, how large and how busy workers
// are. And the application's file, which does tell. Not here: silence (health/), and what is decided on (fleet.hpp).

#include <algorithm>
#include <set>
#include <utility>

#include "loop/base/log.hpp"
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
Duration cpu_time(pid_t pid, const ScoreboardSlot& line) {
    const pid_t program = line.program.load(std::memory_order_relaxed);  // a keeper is never busy
    return sample_process(program > 0 ? program : pid).cpu.value_or(Duration());
}

}  // namespace

/// By the committed settings; at the start, and after each reload.
void Supervisor::begin_surveys() {
    const TimePoint now = os_.now();
    const auto seed = static_cast<std::uint64_t>(now.time_since_epoch().count());
    recycling_ = RecycleWatch(to_recycle_limits(generations_.committed().settings), seed);
    begin_scaling(generations_.committed().settings);
    next_survey_.reset();
    if (recycling_.is_needed() || scaling_.is_needed()) next_survey_ = now + RecycleWatch::kInterval;
    watch_file();
}

void Supervisor::survey(TimePoint now) {
    if (recycling_.is_needed()) look_for_worn_out_workers(now);
    if (!end_ && scaling_.is_needed()) scale_by_load(now);
    next_survey_ = now + RecycleWatch::kInterval;
}

void Supervisor::look_for_worn_out_workers(TimePoint now) {
    std::vector<std::pair<std::size_t, std::string>> worn_out;
    for (const auto& [slot, worker] : workers_.all()) {
        if (!worker.ready_at || worker.asked_to_stop) continue;
        const auto resident = recycling_.needs_memory() ? resident_bytes(worker.pid) : std::nullopt;
        if (auto why = recycling_.look(slot, *worker.ready_at, now, resident)) worn_out.emplace_back(slot, *why);
    }
    for (const auto& [slot, why] : worn_out) {
        if (!end_) decide(Event::worker_asks_recycle(slot, why));
    }
}

/// Without a range the number is the operators' alone.
void Supervisor::begin_scaling(const Settings& settings) {
    ScaleOptions options;
    const std::size_t room = fleet_.options().max_workers;
    options.least = std::min<std::size_t>(settings.workers, room);
    options.most = std::clamp<std::size_t>(settings.workers_most, options.least, room);
    options.down_after = settings.scale_down_after;
    scaling_ = ScaleAdvisor(options);
}

void Supervisor::scale_by_load(TimePoint now) {
    const std::optional<LoadSample> sample = fleet_.is_paused() ? std::nullopt : sample_load(now);
    if (!sample) return scaling_.interrupt();
    const std::optional<ScaleStep> step = scaling_.look(*sample, now);
    if (step) decide(Event::scale_to(step->workers, step->reason));
}

/// Nothing while workers come or go for other reasons, or when none was looked at before.
std::optional<LoadSample> Supervisor::sample_load(TimePoint now) {
    double busy = 0;
    std::size_t known = 0;
    for (const auto& [slot, worker] : workers_.all()) {
        if (!worker.ready_at || worker.asked_to_stop) continue;
        const auto turns = turns_.share(slot, *worker.ready_at, busy_time(board_[slot], now), now);
        const auto cpu = cpu_.share(slot, *worker.ready_at, cpu_time(worker.pid, board_[slot]), now);
        busy += std::max(turns.value_or(0), cpu.value_or(0));
        known += turns.has_value();
    }
    const bool is_settled = !fleet_.is_stopping() && !fleet_.is_reloading() && fleet_.ready_count() == fleet_.wanted();
    if (!is_settled || known == 0) return std::nullopt;
    const std::uint64_t backlog = count_queued(generations_.committed().listeners);
    return LoadSample(fleet_.wanted(), busy / static_cast<double>(known), backlog);
}

/// With a range, an operator moves its lower end, and the load decides above that. Workers that were drained by hand
/// stay away until they are asked back.
void Supervisor::scale_by_operator(int workers) {
    if (!scaling_.is_needed()) return decide(Event::scale_by(workers));
    const std::size_t least = scaling_.move_least(workers);
    log_info("Scale: at least " + std::to_string(least) + " workers, at most " +
             std::to_string(scaling_.options().most));
    if (fleet_.wanted() < least && !fleet_.is_paused()) decide(Event::scale_to(least));
}

/// A reload brings the number that is set; of a range, what is nearest to the number there is.
std::size_t Supervisor::workers_after_reload(const Settings& settings) const {
    if (settings.workers_most <= settings.workers) return settings.workers;
    return std::clamp<std::size_t>(fleet_.wanted(), settings.workers, settings.workers_most);
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
    decide(Event::reload_requested());
}

}  // namespace girin
