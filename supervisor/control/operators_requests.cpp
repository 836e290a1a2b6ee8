// What operators ask through the monitor, and the monitor's process.

#include <signal.h>

#include <charconv>

#include "girin/log.hpp"
#include "supervisor/control/operators.hpp"

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

Result<MonitorProcess::Spawned> Operators::fork_monitor() {
    auto requests = make_channel_pair();
    if (!requests) return requests.error();
    ChildSetup child = common_.setup.child;
    child.root.clear();  // it is ours, and reads what workers are
    child.role = "monitor";
    child.variables = common_.settings().env;
    MonitorPlace place;
    place.requests_fd = requests->second.get();
    place.board = common_.board.slots();
    Scoreboard own;  // in the child: the monitor's line, which leave_master() takes away from all others
    place.facts = &common_.report.board();
    place.master = ::getpid();
    const auto leave = [&] {
        requests->first.reset();
        own = std::move(monitor_.board());
        common_.leave_master(Kept());
    };
    const auto work = [&](const WorkerPlace& worker) {
        place.channel_fd = worker.channel_fd;
        place.own = own.slots();
        if (auto kept = own.keep_writable(0); !kept) {
            log_error(kept.error().message());
            return kChildSetUpFailed;
        }
        return common_.setup.monitor(place);
    };
    auto spawned = spawn_worker(common_.os, child, WorkerPlace(), leave, work);
    if (!spawned) return spawned.error();
    return MonitorProcess::Spawned(std::move(*spawned), std::move(requests->first));
}

/// One at a time, as signals.
bool Operators::on_ready(ReadySource, Inbox& inbox) {
    if (!std::exchange(has_read_, true)) {
        for (Message& message : monitor_.on_ready()) asked_.push_back(std::move(message));
    }
    if (asked_.empty()) return has_read_ = false;
    const Message message = std::move(asked_.front());
    asked_.pop_front();
    const auto id = static_cast<std::uint64_t>(message.value);
    monitor_.acknowledge(id);
    if (ended_) refuse(id, "the server stops");
    if (!ended_) on_request(id, message.text, inbox);
    return true;
}

void Operators::refuse(std::uint64_t id, const std::string& why) { desk_.answer(ControlAnswer(id, AnswerKind::refused, why)); }

void Operators::on_request(std::uint64_t id, const std::string& text, Inbox& inbox) {
    const auto request = ControlRequest::parse(text);
    if (!request) return refuse(id, request.error().message());
    const std::string argument = request->argument.empty() ? "" : " " + request->argument;
    const bool stops = common_.standing.stop_asked;
    const bool again = request->verb == ControlVerb::stop && request->argument != "quick" && stops;
    common_.report.say(LogLevel::info, std::string(to_text(request->verb)) + argument + " asked by " + request->asker +
                                           (again ? ": it stops already; stop --quick stops at once" : ""));
    if (desk_.is_full()) return refuse(id, "too many requests wait already");
    if (common_.fleet.is_stopping() && request->verb != ControlVerb::stop) return refuse(id, "the server stops");
    if (auto begun = begin_request(id, *request, inbox); !begun) refuse(id, begun.error().message());
}

/// Errors: it is refused. Else it is answered, or waits to be.
Result<void> Operators::begin_request(std::uint64_t id, const ControlRequest& request, Inbox& inbox) {
    switch (request.verb) {
        case ControlVerb::reload:
            desk_.await_reload(id, request.argument == "settled");
            inbox.put(AskReload());
            return {};
        case ControlVerb::stop:
            desk_.await_stop(id);
            inbox.put(request.argument == "quick" ? Order(AskQuickStop{SIGINT}) : Order(AskStop()));
            return {};
        case ControlVerb::scale: break;
        case ControlVerb::kill: return end_worker(id, request, inbox);
        case ControlVerb::log_level: return change_log_level(id, request.argument, inbox);
        case ControlVerb::upgrade:
            if (upgrade_askers_.size() >= kMostUpgradeAskers) return Error("too many wait for the upgrade already");
            upgrade_askers_.push_back(id);
            inbox.put(AskUpgrade());
            return {};
        case ControlVerb::reopen: inbox.put(AskReopenLogs{id}); return {};
    }
    const auto wanted = parse_scale(request.argument);
    if (!wanted) return wanted.error();
    inbox.put(AskScale{*wanted, id});
    return {};
}

/// The Fleet has decided: how many workers it is now, and what is to be said of that.
void Operators::await_scale(const AwaitScale& scale) {
    const std::size_t wanted = common_.fleet.wanted();
    if (!scale.least) return desk_.await_scale(scale.id, wanted, bound_words(scale.asked, wanted));
    const std::string bound = bound_words(scale.asked, *scale.least);
    desk_.await_scale(scale.id, wanted, bound.empty() ? bound : ", at least " + std::to_string(*scale.least) + bound);
}

Result<void> Operators::end_worker(std::uint64_t id, const ControlRequest& request, Inbox& inbox) {
    const Fleet& fleet = common_.fleet;
    const auto slot = parse_slot(request.argument);
    if (!slot || *slot >= fleet.slots()) return Error("'" + request.argument + "' is no slot's number");
    const WorkerRecord& worker = fleet.worker(*slot);
    if (worker.state != WorkerState::ready) {
        return Error("slot " + request.argument + " has no worker that serves: it is " +
                     std::string(to_text(worker.state)));
    }
    desk_.await_exit(id, *slot, worker.pid);
    inbox.put(FleetEvent::worker_asks_recycle(*slot, "asked by " + request.asker));
    return {};
}

/// Until the next reload, which brings the settings' own.
Result<void> Operators::change_log_level(std::uint64_t id, const std::string& name, Inbox& inbox) {
    const auto level = parse_log_level(name);
    if (!level) return level.error();
    set_log_level(*level);
    inbox.put(AskLogLevel{*level, name});
    desk_.answer(ControlAnswer(id, AnswerKind::done, "the log's level is " + name));
    return {};
}

}  // namespace girin
