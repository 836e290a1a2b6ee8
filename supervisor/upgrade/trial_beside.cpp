#include "supervisor/upgrade/trial_beside.hpp"

#include <string>

#include "girin/log.hpp"
#include "supervisor/upgrade/handover_line.hpp"

namespace girin {

Result<void> TrialBeside::begin(Inbox&) {
    return common_.wait.add(predecessor().channel(), ReadySource(SourceKind::predecessor, 0));
}

bool TrialBeside::on_ready(ReadySource, Inbox& inbox) {
    const HeardLine heard = girin::hear(predecessor().channel());
    if (heard.closed) on_gone(inbox);
    return heard.text && on_word(*heard.text, inbox);
}

/// False: there is nothing to be listened to any more.
bool TrialBeside::on_word(std::string_view word, Inbox& inbox) {
    if (word == kTakeOver && common_.standing.on_trial) take_over(inbox);
    if (word == kFinish) {
        log_info("Upgrade: the running master goes on, this one finishes what it has in hand and ends");
        inbox.put(FleetEvent::stop_graceful());
    }
    if (word != kGiveUp) return true;
    log_info("Upgrade: the running master goes on, this one ends");
    hang_up();
    inbox.put(FleetEvent::stop_quick());
    return false;
}

void TrialBeside::on_turn_end(TimePoint, Inbox&) {
    if (is_decided()) return;
    const bool ready = common_.is_well();
    if (told_ready_ == ready || (!ready && !told_ready_)) return;
    told_ready_ = ready;
    const std::string& failure = common_.fleet.last_failure();
    const std::string trouble = failure.empty() ? "a worker ended" : failure;
    say(predecessor().channel(), ready ? std::string(kReady) : std::string(kUnwell) + trouble);
}

void TrialBeside::hear(const Order& order, Inbox&) {
    if (const auto* const taken = as<AnswerTaken>(order)) {
        say(predecessor().channel(), taken->in_part ? kTakenInPart : kTaken);
    }
}

/// It has handed over and drains; or it was killed, and there is nobody but us.
void TrialBeside::on_gone(Inbox& inbox) {
    hang_up();
    if (common_.standing.on_trial && common_.fleet.is_stopping()) return;
    if (common_.standing.on_trial) {
        log_warning("Upgrade: the old master is gone before it handed over; this one stays");
        take_over(inbox);
    }
    inbox.put(PredecessorGone());
    inbox.put(SocketsChanged());
}

void TrialBeside::hang_up() {
    common_.wait.remove(predecessor().channel());
    common_.setup.predecessor->hang_up();
}

}  // namespace girin
