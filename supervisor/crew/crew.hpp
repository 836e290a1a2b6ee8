#pragma once

// The crew: the worker processes, as a part of the master. It has them spawned, hears what they say, tells them what the
// Fleet has decided, and tells others how each has ended. Not here: who should run (fleet/), how one is forked
// (worker_birth.hpp), and the sockets that they share (listening.hpp).

#include <deque>
#include <optional>
#include <string>

#include "supervisor/crew/listening.hpp"
#include "supervisor/crew/worker_birth.hpp"
#include "supervisor/crew/zygote_birth.hpp"
#include "supervisor/process/exit_cause.hpp"
#include "supervisor/turn/common.hpp"
#include "supervisor/turn/part.hpp"

namespace girin {

class Crew : public Part {
  public:
    explicit Crew(Common& common);

    Result<void> begin(Inbox& inbox) override;
    std::optional<TimePoint> next_deadline() const override;
    bool owns(SourceKind kind) const override;
    bool on_ready(ReadySource source, Inbox& inbox) override;
    void on_time(TimePoint now, Inbox& inbox) override;
    void on_turn_end(TimePoint now, Inbox& inbox) override;
    void carry_out(const Action& action, Inbox& inbox) override;
    void hear(const Order& order, Inbox& inbox) override;
    std::vector<pid_t> children() const override;
    bool expects_child() const override { return zygotes_.expects_child(); }
    void let_go() override;

    /// The last of a server that has stopped.
    void end_listeners() { listening_.end(); }

  private:
    void spawn(const Action& action, Inbox& inbox);
    void add(std::size_t slot, Result<Newborn> born, ExitCode code, Inbox& inbox);
    bool has_said_more(std::size_t slot, Inbox& inbox);
    void on_message(std::size_t slot, const Message& message, Inbox& inbox);
    void reap(std::size_t slot, Inbox& inbox);
    void tell_drain(const Action& action);
    void reopen_logs(const AskReopenLogs& asked, Inbox& inbox);
    void hand_out_logs();

    Common& common_;
    Listening listening_;
    WorkerBirth birth_;
    OomWatch oom_;
    ZygoteBirth zygotes_;
    std::deque<Message> heard_;  // from the worker whose turn it is, and not dealt with
    bool has_read_ = false;      // what there was of it
};

}  // namespace girin
