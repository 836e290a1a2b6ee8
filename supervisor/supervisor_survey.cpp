// What the supervisor looks at from time to time, because nothing tells it: how old and how large workers are. And the
// application's file, which does tell. Not here: silence (health/), and what is decided on (fleet.hpp).

#include <utility>

#include "loop/base/log.hpp"
#include "supervisor/process/memory.hpp"
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

}  // namespace

/// By the committed settings; at the start, and after each reload.
void Supervisor::begin_surveys() {
    const TimePoint now = os_.now();
    const auto seed = static_cast<std::uint64_t>(now.time_since_epoch().count());
    recycling_ = RecycleWatch(to_recycle_limits(generations_.committed().settings), seed);
    next_survey_.reset();
    if (recycling_.is_needed()) next_survey_ = now + RecycleWatch::kInterval;
    watch_file();
}

void Supervisor::survey(TimePoint now) {
    if (recycling_.is_needed()) look_for_worn_out_workers(now);
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

/// What is watched already goes on: a change that has come meanwhile must not get lost. A file that can't be watched is
/// no reason to stop serving.
void Supervisor::watch_file() {
    const Settings& settings = generations_.committed().settings;
    const bool wanted = settings.reload_on_change && setup_.file_to_watch;
    const std::string file = wanted ? setup_.file_to_watch(settings) : std::string();
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
