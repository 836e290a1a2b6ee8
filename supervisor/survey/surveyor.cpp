#include "supervisor/survey/surveyor.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "girin/log.hpp"
#include "supervisor/health/process_sample.hpp"
#include "supervisor/process/memory.hpp"
#include "supervisor/sockets/backlog.hpp"

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

bool is_in(const struct stat& directory) {
    struct stat here {};
    return ::stat(".", &here) == 0 && directory.st_dev == here.st_dev && directory.st_ino == here.st_ino;
}

}  // namespace

Result<void> Surveyor::begin(Inbox&) {
    begin_surveys();
    return {};
}

std::optional<TimePoint> Surveyor::next_deadline() const {
    const std::optional<TimePoint> file = file_.deadline();
    return next_survey_ && file ? std::min(*next_survey_, *file) : next_survey_ ? next_survey_ : file;
}

bool Surveyor::on_ready(ReadySource, Inbox&) {
    file_.read_pending(common_.os.now());
    return false;
}

void Surveyor::on_time(TimePoint now, Inbox& inbox) {
    if (next_survey_ && *next_survey_ <= now) survey(now, inbox);
    if (file_.take_change(now)) on_file_change(inbox);
}

void Surveyor::carry_out(const Action& action, Inbox&) {
    if (action.kind != ActionKind::commit_reload) return;
    if (!is_in(directory_)) unwatch_file();  // its name leads to another now
    begin_surveys();
}

void Surveyor::hear(const Order& order, Inbox& inbox) {
    const auto* const asked = as<AskScale>(order);
    if (!asked) return;
    if (asked->id == 0) return scale_by(asked->argument.count, inbox);
    const auto begun = scale(*asked, inbox);
    if (!begun) inbox.put(AnswerRequest{{asked->id, AnswerKind::refused, begun.error().message()}});
}

/// By the committed settings; at the start, and after each reload.
void Surveyor::begin_surveys() {
    const TimePoint now = common_.os.now();
    const Settings& settings = common_.settings();
    SurveyOptions options;
    options.recycling = to_recycle_limits(settings);
    options.scaling = to_scale_options(settings, common_.fleet.options().max_workers);
    options.seed = static_cast<std::uint64_t>(now.time_since_epoch().count());
    survey_.begin(options);
    next_survey_.reset();
    if (survey_.is_needed()) next_survey_ = now + WorkerSurvey::kInterval;
    watch_file();
}

void Surveyor::survey(TimePoint now, Inbox& inbox) {
    const std::vector<WorkerLook> looks = look_at_all(now);
    for (const FleetEvent& event : survey_.look_for_worn_out(common_.fleet, looks, now)) inbox.put(event);
    const auto count = [this] { return count_queued(common_.generations.committed().listeners); };
    const auto step = survey_.look_at_load(common_.fleet, looks, count, now);
    if (step) inbox.put(*step);
    next_survey_ = now + WorkerSurvey::kInterval;
}

std::vector<WorkerLook> Surveyor::look_at_all(TimePoint now) const {
    std::vector<WorkerLook> looks;
    for (const auto& [slot, worker] : common_.workers.all()) {
        if (!worker.ready_at || worker.asked_to_stop) continue;
        WorkerLook& look = looks.emplace_back();
        look.slot = slot;
        look.ready_since = *worker.ready_at;
        if (survey_.needs_memory()) look.resident = resident_bytes(worker.pid);
        if (!survey_.needs_load()) continue;
        look.turns = busy_time(common_.board[slot], now);
        look.pool = look_at_pool(common_.board[slot].pool);
        const Generation* const generation = common_.generations.find(worker.generation);
        look.cpu = cpu_time(worker.pid, common_.board[slot], generation && !generation->settings.exec.empty());
    }
    return looks;
}

/// Errors: it is refused.
Result<void> Surveyor::scale(const AskScale& asked, Inbox& inbox) {
    const ScaleArgument& wanted = asked.argument;
    const bool by_load = survey_.needs_load();
    const bool stays_drained = by_load || wanted.count < 0;
    if (common_.fleet.is_paused() && stays_drained) return Error("all workers are drained; a reload brings them back");
    const auto before = static_cast<std::int64_t>(by_load ? survey_.scaling().least : common_.fleet.wanted());
    const std::int64_t count = wanted.relative ? before + wanted.count : wanted.count;
    if (by_load) {
        scale_by(static_cast<int>(count - before), inbox);
        inbox.put(AwaitScale{asked.id, count, survey_.scaling().least});
        return {};
    }
    inbox.put(wanted.relative ? FleetEvent::scale_by(wanted.count) : FleetEvent::scale_to(static_cast<std::size_t>(wanted.count)));
    inbox.put(AwaitScale{asked.id, count, std::nullopt});
    return {};
}

void Surveyor::scale_by(int workers, Inbox& inbox) {
    const std::int64_t asked = static_cast<std::int64_t>(survey_.scaling().least) + workers;
    const std::optional<FleetEvent> event = survey_.scale_by_operator(common_.fleet, workers);
    if (survey_.needs_load()) {
        const auto least = static_cast<std::int64_t>(survey_.scaling().least);
        const std::string range = "Scale: at least " + std::to_string(least) + " workers, at most " +
                                  std::to_string(survey_.scaling().most);
        if (asked == least) log_info(range);
        if (asked != least) log_warning(range + " (asked for at least " + std::to_string(asked) + ")");
    }
    if (event) inbox.put(*event);
}

/// What is watched already goes on: a change that has come meanwhile must not get lost. A file that can't be watched is
/// no reason to stop serving.
void Surveyor::watch_file() {
    const Settings& settings = common_.settings();
    const bool wanted = settings.reload_on_change && common_.setup.application_file;
    const std::string file = wanted ? common_.setup.file_of(settings) : std::string();
    if (!file.empty() && file == file_.file()) return;
    unwatch_file();
    if (!wanted) return;
    if (file.empty()) return log_warning("Reload on change: the application is part of the program; nothing to watch");
    auto watch = FileWatch::open(file);
    if (!watch) return log_error("Reload on change: " + watch.error().message());
    if (auto added = common_.wait.add(watch->fd(), ReadySource(SourceKind::file_change, 0)); !added) {
        return log_error("Reload on change: " + added.error().message());
    }
    file_ = std::move(*watch);
    if (::stat(".", &directory_) != 0) directory_ = {};
    log_debug("Reload on change: watching " + file);
}

void Surveyor::unwatch_file() {
    if (file_.fd() >= 0) common_.wait.remove(file_.fd());
    file_ = FileWatch();
}

void Surveyor::on_file_change(Inbox& inbox) {
    if (common_.fleet.is_stopping()) return;
    log_info("Reload on change: the application's file is new");
    unwatch_file();  // its links may lead elsewhere now
    watch_file();
    inbox.put(FleetEvent::reload_requested());
}

}  // namespace girin
