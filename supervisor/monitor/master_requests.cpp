#include "supervisor/monitor/master_requests.hpp"

#include "loop/task.hpp"

namespace girin {

Coro<ControlAnswer> MasterRequests::ask(ControlRequest request) {
    if (waiting_.size() >= kMaxWaiting) {
        co_return ControlAnswer(0, AnswerKind::refused, "too many requests wait already");
    }
    const std::uint64_t id = ++last_id_;
    const Future<ControlAnswer> outcome(loop_);
    waiting_.emplace(id, outcome);
    link_.send(MessageKind::request, static_cast<std::int64_t>(id), request.to_text());
    ControlAnswer answer = co_await outcome;
    co_return answer;
}

void MasterRequests::on_message(const Message& message) {
    const auto waiting = waiting_.find(static_cast<std::uint64_t>(message.value));
    if (message.kind != MessageKind::answer || waiting == waiting_.end()) return;
    const Future<ControlAnswer> outcome = waiting->second;
    waiting_.erase(waiting);
    if (outcome.done()) return;  // cancelled: whoever asked has gone
    const auto answer = ControlAnswer::parse(static_cast<std::uint64_t>(message.value), message.text);
    outcome.set_result(answer ? *answer : ControlAnswer(0, AnswerKind::failed, answer.error().message()));
}

void MasterRequests::on_master_gone() {
    for (const auto& [id, outcome] : waiting_) {
        if (!outcome.done()) outcome.set_result(ControlAnswer(id, AnswerKind::failed, "the master is gone"));
    }
    waiting_.clear();
}

}  // namespace girin
