#include "supervisor/control/operator_signals.hpp"

#include <utility>

#include "girin/log.hpp"

namespace girin {

Result<void> OperatorSignals::begin(Inbox&) {
    auto signals = SignalReader::open();
    if (!signals) return signals.error();
    reader_ = std::move(*signals);
    return common_.wait.add(reader_.fd(), ReadySource(SourceKind::signals, 0));
}

/// One at a time: what it leads to is decided before the next, which may be of no use then.
bool OperatorSignals::on_ready(ReadySource, Inbox& inbox) {
    if (!std::exchange(has_read_, true)) {
        for (const ReceivedSignal& signal : reader_.read_pending()) received_.push_back(signal);
    }
    if (received_.empty()) return has_read_ = false;
    const ReceivedSignal signal = received_.front();
    received_.pop_front();
    on_signal(signal, inbox);
    return true;
}

void OperatorSignals::on_signal(const ReceivedSignal& signal, Inbox& inbox) {
    const SignalMeaning meaning = signal.row->meaning;
    if (meaning == SignalMeaning::child_ended) return inbox.put(ReapAdopted());
    if (meaning == SignalMeaning::pause_workers && signal.by_kernel) return;  // a window has a new size
    if (meaning == SignalMeaning::reload && signal.by_kernel) {
        return log_info("Received SIGHUP from the kernel: the terminal or the shell that started us is gone; nothing changes");
    }
    const std::string ignored = why_ignored(meaning);
    common_.report.say(LogLevel::info, received_text(signal, ignored.empty() ? signal.row->action : ignored));
    if (!ignored.empty()) return;
    switch (meaning) {
        case SignalMeaning::stop_gracefully: return inbox.put(AskStop());
        case SignalMeaning::stop_quickly: return inbox.put(AskQuickStop{signal.row->signo});
        case SignalMeaning::reload: return inbox.put(AskReload());
        case SignalMeaning::upgrade: return inbox.put(AskUpgrade());
        case SignalMeaning::pause_workers: return inbox.put(FleetEvent::pause());
        case SignalMeaning::one_worker_more: return inbox.put(AskScale{{true, 1}, 0});
        case SignalMeaning::one_worker_less: return inbox.put(AskScale{{true, -1}, 0});
        case SignalMeaning::reopen_logs: return inbox.put(AskReopenLogs());
        case SignalMeaning::child_ended: return;
    }
}

/// Once we stop: nothing but a quick stop and rotated logs is of use then. Empty: it is carried out.
std::string OperatorSignals::why_ignored(SignalMeaning meaning) const {
    const Standing& standing = common_.standing;
    switch (meaning) {
        case SignalMeaning::stop_gracefully: return standing.stop_asked ? "stops already; QUIT or INT stops at once" : "";
        case SignalMeaning::reload:
        case SignalMeaning::upgrade:
        case SignalMeaning::pause_workers:
        case SignalMeaning::one_worker_more:
        case SignalMeaning::one_worker_less: break;
        default: return "";
    }
    if (!common_.fleet.is_stopping()) return "";
    if (standing.retiring) return "ignored, the new master serves";
    return !standing.place_failure.empty() ? "ignored, the former binary goes on" : "ignored, the server stops";
}

bool OperatorSignals::read_late() {
    bool quick = false;
    for (const ReceivedSignal& signal : reader_.read_pending()) quick |= signal.row->meaning == SignalMeaning::stop_quickly;
    return quick;
}

}  // namespace girin
