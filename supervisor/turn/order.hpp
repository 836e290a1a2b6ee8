#pragma once

// What parts of the master want of each other, or tell each other. Values only; each says who acts on it. Not here: events
// for the Fleet (fleet_event.hpp), and what the Fleet decides (fleet_action.hpp).

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "girin/log.hpp"
#include "supervisor/control/control_desk.hpp"
#include "supervisor/process/exit_cause.hpp"
#include "supervisor/upgrade/handover.hpp"

namespace girin {

// Wishes of operators. The succession decides on the first four, since an upgrade may stand in their way.
struct AskStop {};       // TERM, `girin stop`
struct AskQuickStop {    // INT, QUIT, `girin stop --quick`
    int signo = 0;
};
struct AskReload {};
struct AskUpgrade {};
/// To the surveyor. `id`: of a request that is to be answered; 0: a signal.
struct AskScale {
    ScaleArgument argument;
    std::uint64_t id = 0;
};
/// To the crew. `id` likewise.
struct AskReopenLogs {
    std::uint64_t id = 0;
};
/// To the crew, until the next reload.
struct AskLogLevel {
    LogLevel level;
    std::string name;
};

// To the operators.
struct AnswerRequest {
    ControlAnswer answer;
};
/// A request waits until so many workers serve; `asked` were asked for, and `least` is the end of a range that was moved.
struct AwaitScale {
    std::uint64_t id = 0;
    std::int64_t asked = 0;
    std::optional<std::size_t> least;
};
struct LogsReopened {};  // the committed generation's
struct UpgradeFailed {
    std::string why;
};
struct TakenOver {};  // we were on trial, and what is the service's alone is ours

// To the crew.
struct RefuseNewcomers {};  // the server stops
struct ListenAgain {};      // some may have shut our listeners down
struct CloseUnused {};      // to itself, once all have heard of a worker's end: sockets that none takes from any more

// To the trial.
struct StopsGracefully {};
struct StopsQuickly {};
struct AnswerTaken {  // to itself, once all others have heard that it has taken over
    bool in_part = false;
};

// To the service.
struct SocketsChanged {};
struct PredecessorGone {};  // we may speak for the service

// Of the workers: to whom it concerns.
struct WorkerEnded {
    std::size_t slot = 0;
    pid_t pid = 0;
    std::uint32_t generation = 0;
    ChildExit ended;
    ExitStory story;
};
struct WorkerCrashes {
    std::size_t slot = 0;
};
struct FirstReady {};   // once: all workers that were wanted serve
struct ReapAdopted {};  // to the turn itself: children that are nobody's may have ended

// Of an upgrade.
struct HandedOver {  // the successor has what is the service's alone
    pid_t successor = 0;
};
struct LeaveSuccessor {};   // to the succession itself, once all others have heard that
struct JoinHandover {       // each adds what of its own goes on in the next binary, in this process; borrowed until then
    Handover* handover = nullptr;
};
struct ExecuteBinary {};    // to the succession itself, once all others have added theirs

using Order = std::variant<AskStop, AskQuickStop, AskReload, AskUpgrade, AskScale, AskReopenLogs, AskLogLevel, AnswerRequest,
                           AwaitScale, LogsReopened, UpgradeFailed, TakenOver, RefuseNewcomers, ListenAgain, CloseUnused,
                           StopsGracefully,
                           StopsQuickly, AnswerTaken, SocketsChanged, PredecessorGone, WorkerEnded, WorkerCrashes, FirstReady,
                           ReapAdopted, HandedOver, LeaveSuccessor, JoinHandover, ExecuteBinary>;

/// Null: it is another order.
template <class Kind>
const Kind* as(const Order& order) {
    return std::get_if<Kind>(&order);
}

}  // namespace girin
