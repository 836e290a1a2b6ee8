#pragma once

// The operators, as a part of the master: what they ask by signals and through the monitor, what they are answered, and
// what is published for them. The monitor's process is looked after here too. Not here: doing what they ask (the part that
// it is about), and who may ask (monitor/).

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "supervisor/control/control_desk.hpp"
#include "supervisor/control/monitor_process.hpp"
#include "supervisor/process/signals.hpp"
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
    bool owns(SourceKind kind) const override { return kind == SourceKind::signals || kind == SourceKind::monitor; }
    bool on_ready(ReadySource source, Inbox& inbox) override;
    void on_time(TimePoint now, Inbox& inbox) override;
    void on_turn_end(TimePoint now, Inbox& inbox) override;
    void carry_out(const Action& action, Inbox& inbox) override;
    void hear(const Order& order, Inbox& inbox) override;
    std::vector<pid_t> children() const override;
    void let_go() override;

    /// What waits is thrown away. True: a quick stop was among it.
    bool read_late_signals();
    /// The last thing the master does: whoever asked for the stop hears of it. Bounded.
    void end_blocking();

  private:
    bool has_more_signals(Inbox& inbox);
    void on_signal(const ReceivedSignal& signal, Inbox& inbox);
    std::string why_ignored(SignalMeaning meaning) const;

    Result<MonitorProcess::Spawned> fork_monitor();
    bool has_more_requests(Inbox& inbox);
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
    SignalReader signals_;
    MonitorProcess monitor_;
    ControlDesk desk_;
    std::vector<std::uint64_t> upgrade_askers_;  // requests to be answered with its outcome
    std::deque<ReceivedSignal> received_;  // and not dealt with
    std::deque<Message> asked_;            // likewise
    bool has_read_signals_ = false;        // what there was in this turn
    bool has_read_requests_ = false;
    bool ended_ = false;
};

}  // namespace girin
