#pragma once

// The workers of the binary that this process ran before it executed a new one in place: still its children, and still
// serving. All that is left to do about them is to let them finish, when others serve. Not here: our own
// workers (worker_set.hpp).

#include <sys/types.h>

#include <map>
#include <optional>
#include <vector>

#include "supervisor/control/control_desk.hpp"
#include "supervisor/process/os.hpp"
#include "supervisor/turn/event_wait.hpp"
#include "supervisor/upgrade/handover.hpp"

namespace girin {

class Elders {
  public:
    /// Both are borrowed.
    Elders(Os& os, EventWait& wait) : os_(os), wait_(wait) {}

    /// Takes them over, with their channels. The monitor among them, which knows nothing any more, is told to end, within
    /// `monitor_limit`: whoever waits there is to be answered before. One that has ended meanwhile is passed over.
    void adopt(const Handover& handover, Duration monitor_limit);
    /// Who has asked the former binary for the upgrade, and hears of it from us. Once; then nobody waits any more.
    void answer(AnswerKind kind, const std::string& text);
    bool empty() const { return all_.empty(); }
    std::vector<pid_t> pids() const;
    /// For the next binary. Descriptors are borrowed.
    std::vector<Elder> list() const;

    /// Told to finish within `limit`; killed when they don't. Nobody comes after them: `last`.
    void drain(Duration limit, bool last);
    void quit();
    /// Something has become of one.
    void on_ready(std::uint32_t id);
    std::optional<TimePoint> deadline() const { return all_.empty() ? std::nullopt : kill_at_; }
    void on_time(TimePoint now);

    /// For a child: they are the master's.
    void forget() { all_.clear(), requests_.reset(); }

  private:
    struct Process {
        pid_t pid = 0;
        UniqueFd pidfd;
        UniqueFd channel;
        bool is_monitor = false;
    };

    void remove(std::map<std::uint32_t, Process>::iterator process);

    Os& os_;
    EventWait& wait_;
    std::map<std::uint32_t, Process> all_;
    std::uint32_t next_id_ = 0;
    std::optional<TimePoint> kill_at_;
    UniqueFd requests_;  // to the monitor among them
    std::vector<std::uint64_t> askers_;
};

}  // namespace girin
