#include "supervisor/hooks/hooks_part.hpp"

#include <unistd.h>

#include <algorithm>

namespace girin {
namespace {

ExitedWorker to_exited_worker(const WorkerEnded& end) {
    ExitedWorker worker;
    worker.pid = end.pid;
    worker.slot = end.slot;
    worker.cause = end.story.sentence;
    (end.ended.by_signal ? worker.signal : worker.exit_code) = end.ended.value;
    return worker;
}

}  // namespace

bool HooksPart::on_ready(ReadySource source, Inbox&) {
    hooks_.on_end(source.id);
    return false;
}

void HooksPart::on_time(TimePoint now, Inbox&) { hooks_.on_deadline(now); }

void HooksPart::carry_out(const Action& action, Inbox&) {
    if (action.kind == ActionKind::report_degraded) {
        HookFacts facts = facts_of(HookEvent::degraded, common_.fleet.generation());
        facts.reason = action.text;
        tell(facts);
    }
    if (action.kind == ActionKind::commit_reload && action.restores == 0) tell_of_reload(action.generation, "reloaded");
    if (action.kind == ActionKind::commit_reload && action.restores != 0) {
        tell_of_reload(common_.generations.former_number(), "rolled-back", action.text);
    }
    if (action.kind == ActionKind::roll_back_reload) tell_of_reload(action.generation, "rolled-back", action.text);
}

void HooksPart::hear(const Order& order, Inbox&) {
    if (as<FirstReady>(order)) tell(facts_of(HookEvent::ready, common_.fleet.generation()));
    if (const auto* const end = as<WorkerEnded>(order)) {
        HookFacts facts = facts_of(HookEvent::worker_exit, end->generation);
        facts.worker = to_exited_worker(*end);
        tell(facts);
    }
}

HookFacts HooksPart::facts_of(HookEvent event, std::uint32_t generation) const {
    const Generation& serving = common_.generations.committed();
    HookFacts facts(event);
    facts.master_pid = ::getpid();
    facts.name = serving.settings.name;
    facts.generation = generation;
    facts.listen = listener_lines(serving.listeners);
    if (!facts.listen.empty()) facts.listen.pop_back();
    std::ranges::replace(facts.listen, '\n', ' ');
    return facts;
}

void HooksPart::tell_of_reload(std::uint32_t generation, const std::string& outcome, const std::string& reason) {
    HookFacts facts = facts_of(HookEvent::reload, generation);
    facts.outcome = outcome;
    facts.reason = reason;
    tell(facts);
}

}  // namespace girin
