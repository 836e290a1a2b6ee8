#pragma once

// The operators, as a part of the master: what they ask through the monitor, what they are answered, and what is published
// for them. The monitor's process is looked after here too. Not here: what they ask by signals (operator_signals.hpp), doing
// it (the part that it is about), and who may ask (monitor/).

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "supervisor/control/control_desk.hpp"
#include "supervisor/control/monitor_process.hpp"
#include "supervisor/turn/common.hpp"
#include "supervisor/turn/part.hpp"

namespace girin {

class Operators : public Part {
  public:
    static constexpr std::size_t kMostUpgradeAskers = 64;

    explicit Operators(Common& common);

    Result<void> begin(Inbox& inbox) override;
    std::optional<TimePoint> next_deadline() const override { return monitor_.next_deadline(); }
    void on_wake(TimePoint now, std::optional<TimePoint> due) override { monitor_.on_turn(now, due); }
    bool owns(SourceKind kind) const override { return kind == SourceKind::monitor; }
    bool on_ready(ReadySource source, Inbox& inbox) override;
    void on_time(TimePoint now, Inbox& inbox) override;
    void on_turn_end(TimePoint now, Inbox& inbox) override;
    void carry_out(const Action& action, Inbox& inbox) override;
    void hear(const Order& order, Inbox& inbox) override;
    std::vector<pid_t> children() const override;
    void let_go() override { monitor_.forget(); }

    /// The server has stopped: whoever asked for that hears of it, others are refused, and the monitor is told to end.
    void begin_end();
    bool has_monitor() const { return monitor_.is_running(); }

  private:
    Result<MonitorProcess::Spawned> fork_monitor();
    void refuse(std::uint64_t id, const std::string& why);
    void on_request(std::uint64_t id, const std::string& text, Inbox& inbox);
    Result<void> begin_request(std::uint64_t id, const ControlRequest& request, Inbox& inbox);
    Result<void> end_worker(std::uint64_t id, const ControlRequest& request, Inbox& inbox);
    Result<void> change_log_level(std::uint64_t id, const std::string& name, Inbox& inbox);
    void await_scale(const AwaitScale& order);

    void on_commit(const Action& action);
    void on_roll_back(const Action& action);
    void report_listeners();
    void log_decision(const Action& action);
    void answer_upgrade_askers(AnswerKind kind, const std::string& text);
    void answer_once_handed_over();
    void join(Handover& handover);
    void hand_out_log();
    void tell_outcomes();

    Common& common_;
    MonitorProcess monitor_;
    ControlDesk desk_;
    std::vector<std::uint64_t> upgrade_askers_;  // requests to be answered with its outcome
    std::deque<Message> asked_;  // and not dealt with
    bool has_read_ = false;      // what there was in this turn
    bool ended_ = false;
};

}  // namespace girin
