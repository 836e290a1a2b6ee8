// The shell's side of the monitor: starting it, doing what operators ask through it, and telling them what came of it.

#include <signal.h>

#include <charconv>

#include "girin/log.hpp"
#include "loop/base/log_output.hpp"
#include "supervisor/supervisor.hpp"

namespace girin {
namespace {

/// A number and nothing else.
std::optional<std::size_t> parse_slot(const std::string& text) {
    std::size_t slot = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), slot);
    if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return slot;
}

}  // namespace

Result<MonitorProcess::Spawned> Supervisor::fork_monitor() {
    auto requests = make_channel_pair();
    if (!requests) return requests.error();
    ChildSetup child = setup_.child;
    child.root.clear();  // it is ours, and reads what workers are
    child.role = "monitor";
    child.variables = generations_.committed().settings.env;
    MonitorPlace place;
    place.requests_fd = requests->second.get();
    place.board = board_.slots();
    Scoreboard own;  // in the child: the monitor's line, which forget_master() takes away from all others
    place.facts = &report_.board();
    place.master = ::getpid();
    const auto leave = [&] {
        requests->first.reset();
        own = std::move(monitor_.board());
        forget_master(0, 0);
    };
    const auto work = [&](const WorkerPlace& worker) {
        place.channel_fd = worker.channel_fd;
        place.own = own.slots();
        if (auto kept = own.keep_writable(0); !kept) {
            log_error(kept.error().message());
            return kChildSetUpFailed;
        }
        return setup_.monitor(place);
    };
    auto spawned = spawn_worker(os_, child, WorkerPlace(), leave, work);
    if (!spawned) return spawned.error();
    return MonitorProcess::Spawned(std::move(*spawned), std::move(requests->first));
}

void Supervisor::on_monitor() {
    for (const Message& message : monitor_.on_ready()) {
        const auto id = static_cast<std::uint64_t>(message.value);
        monitor_.acknowledge(id);
        if (end_) {
            desk_.answer(ControlAnswer(id, AnswerKind::refused, "the server stops"));
        } else {
            on_request(id, message.text);
        }
    }
}

void Supervisor::on_request(std::uint64_t id, const std::string& text) {
    const auto refuse = [&](const std::string& why) {
        desk_.answer(ControlAnswer(id, AnswerKind::refused, why));
    };
    const auto request = ControlRequest::parse(text);
    if (!request) return refuse(request.error().message());
    const std::string argument = request->argument.empty() ? "" : " " + request->argument;
    const bool again = request->verb == ControlVerb::stop && request->argument != "quick" && stop_asked_;
    report_.say(LogLevel::info, std::string(to_text(request->verb)) + argument + " asked by " + request->asker +
                                    (again ? ": it stops already; stop --quick stops at once" : ""));
    if (desk_.is_full()) return refuse("too many requests wait already");
    if (fleet_.is_stopping() && request->verb != ControlVerb::stop) return refuse("the server stops");
    if (auto begun = begin_request(id, *request); !begun) refuse(begun.error().message());
}

/// Errors: it is refused. Else it is answered, or waits to be.
Result<void> Supervisor::begin_request(std::uint64_t id, const ControlRequest& request) {
    switch (request.verb) {
        case ControlVerb::reload:
            desk_.await_reload(id, request.argument == "settled");
            if (setup_.service) setup_.service->on_reload_asked();
            reload();
            return {};
        case ControlVerb::stop:
            desk_.await_stop(id);
            if (request.argument == "quick") stop_quickly(SIGINT);
            if (request.argument != "quick") stop_gracefully();
            return {};
        case ControlVerb::scale: return scale(id, request.argument);
        case ControlVerb::kill: return end_worker(id, request);
        case ControlVerb::log_level: return change_log_level(id, request.argument);
        case ControlVerb::upgrade:
            if (upgrade_askers_.size() >= kMostUpgradeAskers) return Error("too many wait for the upgrade already");
            upgrade_askers_.push_back(id);
            request_upgrade();
            return {};
        case ControlVerb::reopen: break;
    }
    const auto reopened = reopen_logs();
    const AnswerKind kind = reopened ? AnswerKind::done : AnswerKind::failed;
    desk_.answer(ControlAnswer(id, kind, reopened ? "log files are opened anew" : reopened.error().message()));
    return {};
}

Result<void> Supervisor::scale(std::uint64_t id, const std::string& argument) {
    const auto wanted = parse_scale(argument);
    if (!wanted) return wanted.error();
    const bool by_load = survey_.needs_load();
    const bool stays_drained = by_load || wanted->count < 0;
    if (fleet_.is_paused() && stays_drained) return Error("all workers are drained; a reload brings them back");
    const auto before = static_cast<std::int64_t>(by_load ? survey_.scaling().least : fleet_.wanted());
    const std::int64_t asked = wanted->relative ? before + wanted->count : wanted->count;
    if (by_load) {
        scale_by_operator(static_cast<int>(asked - before));
        const std::size_t least = survey_.scaling().least;
        const std::string bound = bound_words(asked, least);
        desk_.await_scale(id, fleet_.wanted(), bound.empty() ? bound : ", at least " + std::to_string(least) + bound);
        return {};
    }
    decide(wanted->relative ? FleetEvent::scale_by(wanted->count)
                            : FleetEvent::scale_to(static_cast<std::size_t>(wanted->count)));
    desk_.await_scale(id, fleet_.wanted(), bound_words(asked, fleet_.wanted()));
    return {};
}

Result<void> Supervisor::end_worker(std::uint64_t id, const ControlRequest& request) {
    const auto slot = parse_slot(request.argument);
    if (!slot || *slot >= fleet_.slots()) return Error("'" + request.argument + "' is no slot's number");
    const WorkerRecord& worker = fleet_.worker(*slot);
    if (worker.state != WorkerState::ready) {
        return Error("slot " + request.argument + " has no worker that serves: it is " +
                     std::string(to_text(worker.state)));
    }
    desk_.await_exit(id, *slot, worker.pid);
    decide(FleetEvent::worker_asks_recycle(*slot, "asked by " + request.asker));
    return {};
}

/// Until the next reload, which brings the settings' own.
Result<void> Supervisor::change_log_level(std::uint64_t id, const std::string& name) {
    const auto level = parse_log_level(name);
    if (!level) return level.error();
    set_log_level(*level);
    log_level_ = *level;
    workers_.tell_all(Message(MessageKind::log_level, 0, name));
    monitor_.tell(Message(MessageKind::log_level, 0, name));
    desk_.answer(ControlAnswer(id, AnswerKind::done, "the log's level is " + name));
    return {};
}

/// Once a turn: what has become of requests is answered, and what has changed is published.
void Supervisor::tell_outcomes() {
    if (monitor_.was_renewed()) {
        desk_.forget_all();
        upgrade_askers_.clear();
    }
    if (fleet_.is_stopping()) {
        desk_.on_stopping();
        monitor_.on_server_stops();
    }
    FleetGlance glance;
    glance.wanted = fleet_.wanted();
    glance.ready = fleet_.ready_count();
    glance.degraded = fleet_.is_degraded();
    if (glance.degraded) glance.degraded_why = report_.degraded_why();
    desk_.look(glance);
    report_.publish(fleet_);
    for (const ControlAnswer& answer : desk_.take_answers()) monitor_.answer(answer.id, answer.to_text());
}

/// The last thing the master does: whoever asked for the stop hears of it. Bounded.
void Supervisor::end_monitor() {
    desk_.on_stopped();
    tell_outcomes();
    monitor_.begin_end();
    const TimePoint limit = os_.now() + 2 * kMonitorEndLimit;
    while (monitor_.is_running() && os_.now() < limit) {
        for (const ReadySource source : wait_.wait(os_, std::min(limit, monitor_.next_deadline().value_or(limit)))) {
            if (source.kind == SourceKind::monitor) on_monitor();  // which is answered that the server stops
            if (source.kind == SourceKind::signals) [[maybe_unused]] const auto late = signals_.read_pending();
        }
        monitor_.on_deadline(os_.now());
        answer_once_handed_over();
        tell_outcomes();
    }
}

}  // namespace girin
