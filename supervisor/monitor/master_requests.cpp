#include "supervisor/monitor/master_requests.hpp"

#include "girin/log.hpp"
#include "girin/loop/task.hpp"

namespace girin {

MasterRequests::~MasterRequests() {
    for (auto& [id, waiting] : waiting_) waiting.alarm.cancel();
}

Coro<ControlAnswer> MasterRequests::ask(ControlRequest request) {
    if (waiting_.size() >= kMaxWaiting) {
        co_return ControlAnswer(0, AnswerKind::refused, "too many requests wait already");
    }
    const std::string text = request.to_text();
    if (text.size() > Message::kMaxText) co_return ControlAnswer(0, AnswerKind::refused, "the request is too long");
    const std::uint64_t id = ++last_id_;
    const auto sent = link_.send(MessageKind::request, static_cast<std::int64_t>(id), text);
    if (!sent) {
        log_warning("A request can't be passed on to the master: " + sent.error().message());
        co_return ControlAnswer(id, AnswerKind::failed, "the master can't be asked: " + sent.error().message());
    }
    const Future<ControlAnswer> outcome(loop_);
    const std::string why = "the master hasn't read the request within " + to_text(limits_.taken) +
                            "; it may still do as it is asked when it goes on";
    waiting_.emplace(id, Waiting(outcome, set_alarm(id, limits_.taken, why)));
    ControlAnswer answer = co_await outcome;
    co_return answer;
}

Handle MasterRequests::set_alarm(std::uint64_t id, Duration limit, std::string sentence) {
    return loop_.call_later(limit, [this, id, sentence = std::move(sentence)] {
        log_warning("A request goes without its outcome: " + sentence);
        end(id, ControlAnswer(id, AnswerKind::failed, sentence));
    });
}

void MasterRequests::end(std::uint64_t id, ControlAnswer answer) {
    const auto waiting = waiting_.find(id);
    if (waiting == waiting_.end()) return;
    waiting->second.alarm.cancel();
    const Future<ControlAnswer> outcome = waiting->second.outcome;
    waiting_.erase(waiting);
    if (!outcome.done()) outcome.set_result(std::move(answer));  // else cancelled: whoever asked has gone
}

void MasterRequests::on_message(const Message& message) {
    const auto id = static_cast<std::uint64_t>(message.value);
    if (message.kind == MessageKind::answer) {
        const auto answer = ControlAnswer::parse(id, message.text);
        return end(id, answer ? *answer : ControlAnswer(id, AnswerKind::failed, answer.error().message()));
    }
    const auto waiting = waiting_.find(id);
    if (message.kind != MessageKind::taken || waiting == waiting_.end()) return;
    waiting->second.alarm.cancel();
    waiting->second.alarm = set_alarm(id, limits_.outcome, "the master has told no outcome within " + to_text(limits_.outcome));
}

void MasterRequests::on_master_gone() {
    while (!waiting_.empty()) {
        const std::uint64_t id = waiting_.begin()->first;
        end(id, ControlAnswer(id, AnswerKind::failed, "the master is gone"));
    }
}

}  // namespace girin
