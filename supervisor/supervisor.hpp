#pragma once

// The supervisor: the master's loop. One wait over signals, workers and the clock; what happened goes to the Fleet
// as events, and what the Fleet decides is carried out. Single-threaded, without Asio, and never blocks. Not here:
// decisions (fleet.hpp), and what comes before the loop and after it (run.hpp).

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/control/control_desk.hpp"
#include "supervisor/control/fleet_report.hpp"
#include "supervisor/control/monitor_process.hpp"
#include "supervisor/crew/generations.hpp"
#include "supervisor/crew/worker_set.hpp"
#include "supervisor/fleet/fleet.hpp"
#include "supervisor/health/health_judge.hpp"
#include "supervisor/hooks/hooks.hpp"
#include "supervisor/monitor/monitor_place.hpp"
#include "supervisor/process/signals.hpp"
#include "supervisor/process/spawn.hpp"
#include "supervisor/reload/reload_check.hpp"
#include "supervisor/reload/settings_copy.hpp"
#include "supervisor/survey/file_watch.hpp"
#include "supervisor/survey/worker_survey.hpp"
#include "supervisor/systemd/service.hpp"
#include "supervisor/turn/event_wait.hpp"
#include "supervisor/upgrade/elders.hpp"
#include "supervisor/upgrade/predecessor.hpp"
#include "supervisor/upgrade/successor.hpp"
#include "supervisor/upgrade/upgrade.hpp"

namespace girin {

/// What the supervisor can't know by itself; put together by run.cpp, or by a test.
struct SupervisorSetup {
    /// For a reload, in a child: the settings file as it is now. May block.
    std::function<Result<SettingsFile>()> read_settings;
    /// For a reload, in that child and then in the master: what such a file says. Pure.
    std::function<Result<Settings>(const SettingsFile&)> parse_settings;
    /// The directory that each generation's workers are in, from the root, as its name leads there when the generation
    /// begins (--chdir); empty: the master's own.
    std::string directory;
    /// For a reload, in a child: whatever may take time or crash. Fills `code_fd`, if there is one, with the application's
    /// file.
    std::function<Result<void>(const Settings&, int code_fd)> check_settings;
    /// For a reload, beside the settings that hold: an empty copy of the application's file, as check_settings fills it;
    /// -1: none is to be made. None: never.
    std::function<Result<UniqueFd>(const Settings&)> make_code_copy;
    /// The application's file: what is copied for each generation, and whose change is to reload with
    /// --reload-on-change; empty: there is none.
    std::function<std::string(const Settings&)> application_file;
    /// A worker, from its first own line to its exit code.
    std::function<int(const Settings&, const WorkerPlace&)> work;
    /// In each new child: lets go of what only the master may hold, beyond what the supervisor itself holds.
    std::function<void()> leave_master;
    /// The monitor, from its first own line to its exit code; none: the server has no monitor.
    std::function<int(const MonitorPlace&)> monitor;
    /// Its sockets are a predecessor's, which serves them until we take over.
    bool monitor_waits = false;
    /// In each worker: lets go of the sockets that are the monitor's.
    std::function<void()> leave_monitor;
    /// Once, when the first generation serves in full.
    std::function<void()> on_first_ready;
    /// What an embedder is told, beside the commands of the settings.
    ServerCallbacks callbacks;
    Service* service = nullptr;  // borrowed; null: nobody wants to know
    /// For an upgrade: how to start our successor, and what beside the sockets is handed to it.
    ProgramStart program;
    std::function<void(Handover&)> add_to_handover;
    /// A successor that may have begun to take over is gone: what is the service's alone is ours again.
    std::function<void()> take_back;
    /// Once: our successor has what is the service's alone. Only what this process began is left to be ended.
    std::function<void()> on_handed_over;
    Predecessor* predecessor = nullptr;  // borrowed; not null: we are a successor, and on trial
    /// Once: our trial is over, and what is the service's alone is ours. True: the predecessor has sockets that we
    /// don't serve.
    std::function<bool()> take_over;
    /// Executed in place: the caller can go back to the former binary when the supervisor ends with a failure on trial.
    bool has_way_back = false;
    ChildSetup child;

    SupervisorSetup() = default;
};

/// How the supervisor ended.
struct SupervisorEnd {
    ExitCode code = ExitCode::ok;
    std::string sentence;  // why, when `code` isn't ok; it has been logged

    SupervisorEnd() = default;
    SupervisorEnd(ExitCode c, std::string text) : code(c), sentence(std::move(text)) {}
};

class Supervisor {
  public:
    /// `os` is borrowed. Signals must be blocked.
    Supervisor(Os& os, SupervisorSetup setup, Generations generations);

    /// Runs until everything has stopped. Blocks for as long as the server lives. At most once.
    SupervisorEnd run();

    /// USR2, and `girin upgrade`. What comes of it is logged as "Upgrade: …".
    void request_upgrade() { upgrade(UpgradeEvent::requested); }

  private:
    // supervisor.cpp: what happens
    Result<void> prepare();
    void turn();
    std::optional<TimePoint> next_deadline() const;
    void on_ready(ReadySource source);
    void on_signals();
    void on_signal(const ReceivedSignal& signal);
    std::string why_ignored(SignalMeaning meaning) const;
    void stop_gracefully();
    void stop_quickly(int signo);
    void reload();
    void on_worker_channel(std::size_t slot);
    void on_message(std::size_t slot, const Message& message);
    void on_worker_end(std::size_t slot);
    void on_deadlines(TimePoint now);
    void reap_adopted_children();
    Result<void> reopen_logs();
    void hand_out_logs();
    void close_listeners_when_unused();
    void end_listeners();
    bool others_go_on() const;
    void listen_again();
    void replace_deaf(std::size_t slot);
    void steer();

    // supervisor_actions.cpp: what is done about it
    /// Hands the event to the Fleet and carries out what it decides, and what follows from that. May be called from
    /// within.
    void decide(FleetEvent event);
    void carry_out(const Action& action);
    void tell_drain(const Action& action);
    void log_decision(const Action& action);
    void spawn(const Action& action);
    Result<pid_t> try_spawn(const Action& action);
    Result<SpawnedWorker> fork_worker(const Action& action, const Generation& generation, std::size_t lane,
                                      std::optional<unsigned> cpu);
    std::size_t make_lane(std::uint32_t generation);
    std::optional<unsigned> choose_cpu(const Generation& generation, std::uint32_t number) const;
    void tell_when_first_ready();
    /// As an operator's changes leave them.
    Settings worker_settings(const Generation& generation) const;
    /// In a worker: what forget_master() does, and what is for the monitor.
    void leave_for_work(const Action& action, std::size_t lane);
    /// In a child: lets go of everything but one generation's settings, and its sockets of one lane.
    /// `own`: the scoreboard's line that it may write.
    void forget_master(std::uint32_t generation, std::size_t lane, std::optional<std::size_t> own = std::nullopt);

    // supervisor_health.cpp
    /// A child that looks at a worker which hangs, or which crashes and waits for it to be done.
    struct Examination {
        std::optional<ReloadCheck> look;
        TimePoint deadline{};
        std::optional<Finding> hang;  // none: of a crash
        std::string reason;

        static Examination of_hang(const Finding& finding, std::string why) { return {finding, std::move(why)}; }
        static Examination of_crash(std::string why) { return {std::nullopt, std::move(why)}; }

      private:
        Examination(std::optional<Finding> finding, std::string why) : hang(std::move(finding)), reason(std::move(why)) {}
    };
    void watch_health(const Settings& settings);
    void look_at_workers(TimePoint now);
    void look_at_worker(std::size_t slot, TimePoint now);
    std::string describe_work(std::size_t slot, const Finding& finding) const;
    std::string describe_last_request(std::size_t slot) const;
    void on_finding(std::size_t slot, const Finding& finding);
    void on_hang(std::size_t slot, const Finding& finding);
    void on_crash(std::size_t slot);
    bool is_crashing(std::size_t slot, TimePoint now);
    Result<void> examine(std::size_t slot, pid_t thread, Examination examination);
    void on_examination_end(std::size_t slot);
    void on_hang_examined(std::size_t slot, const Finding& hang, const std::string& reason, const std::string& details);
    void end_late_examinations(TimePoint now);
    void abandon_examination(std::size_t slot);

    // supervisor_reload.cpp
    void start_reload(std::uint32_t generation);
    void on_check_end(std::uint32_t generation);
    Result<void> begin_candidate();
    Result<Settings> prepare_generation(std::uint32_t generation, const std::string& address_lines);
    std::string application_file(const Settings& settings) const;
    void start_way_back(const Action& action);
    Result<Settings> prepare_way_back(const Action& action);
    void commit_reload(const Action& action);
    void set_own_environment(const Settings& now);
    void roll_back_reload(const Action& action);
    void abandon_check();

    // supervisor_survey.cpp: regular looks at workers and files
    void begin_surveys();
    void survey(TimePoint now);
    std::vector<WorkerLook> look_at_all(TimePoint now) const;
    void scale_by_operator(int workers);
    std::size_t workers_after_reload(const Settings& settings) const;
    void watch_file();
    void unwatch_file();
    void on_file_change();

    // supervisor_upgrade.cpp: we have a successor, or are one
    void upgrade(UpgradeEvent event, const std::string& text = {});
    void carry_out(const UpgradeAction& action);
    void answer_upgrade_askers(AnswerKind kind, const std::string& text);
    void answer_once_handed_over();
    static constexpr std::size_t kMostUpgradeAskers = 64;
    void start_successor();
    void on_successor_line();
    void on_successor_end();
    void look_after_upgrade(TimePoint now);
    void on_upgrade_failed(const std::string& why);
    void retire();
    bool on_trial() const { return setup_.predecessor != nullptr && !taken_over_; }
    void on_predecessor();
    void on_predecessor_gone();
    void tell_predecessor();
    void take_over();

    // supervisor_in_place.cpp: as PID 1
    bool in_place() const { return setup_.predecessor != nullptr && setup_.predecessor->is_in_place(); }
    FleetOptions fleet_options(const Settings& settings) const;
    void execute_in_place();
    void begin_in_place();
    std::optional<TimePoint> place_deadline() const;
    void look_after_place(TimePoint now);
    void give_place_back(const std::string& why);
    bool goes_back() const;
    void wait_for_elders();
    void on_late_signals();

    // supervisor_service.cpp
    ServiceFacts service_facts() const;
    void tell_manager();
    void have_listeners_kept();

    // supervisor_hooks.cpp
    HookFacts facts_of(HookEvent event, std::uint32_t generation) const;
    void tell_hooks(HookEvent event, const std::string& reason = {});
    void tell_hooks_of_reload(std::uint32_t generation, const std::string& outcome, const std::string& reason = {});
    void tell_hooks_of_exit(ExitedWorker worker, std::uint32_t generation);

    // supervisor_control.cpp
    Result<MonitorProcess::Spawned> fork_monitor();
    void on_monitor();
    void on_request(std::uint64_t id, const std::string& text);
    Result<void> begin_request(std::uint64_t id, const ControlRequest& request);
    Result<void> scale(std::uint64_t id, const std::string& argument);
    Result<void> end_worker(std::uint64_t id, const ControlRequest& request);
    Result<void> change_log_level(std::uint64_t id, const std::string& name);
    void tell_outcomes();
    void end_monitor();

    Os& os_;
    SupervisorSetup setup_;
    Generations generations_;
    Fleet fleet_;
    Scoreboard board_;
    EventWait wait_;
    SignalReader signals_;
    WorkerSet workers_;
    HealthJudge judge_;
    std::optional<TimePoint> next_look_;  // at the workers' health
    std::map<std::size_t, Examination> examinations_;
    WorkerSurvey survey_;
    std::optional<TimePoint> next_survey_;
    FileWatch file_;
    OomWatch oom_;
    std::deque<FleetEvent> events_;  // to be decided on, in order
    bool deciding_ = false;
    std::optional<ReloadCheck> check_;
    GenerationFiles candidate_;       // what the check fills, and where it is
    SettingsCopy candidate_settings_;
    MonitorProcess monitor_;
    ControlDesk desk_;
    FleetReport report_;
    std::optional<LogLevel> log_level_;  // as an operator has set it, until the next reload
    std::vector<bool> served_;  // lanes, as last steered
    bool told_ready_ = false;
    bool stop_asked_ = false;  // by an operator
    std::string trouble_;  // why the last reload or upgrade failed, if it did
    Upgrade upgrade_;
    std::vector<std::uint64_t> upgrade_askers_;  // requests to be answered with its outcome
    std::optional<Successor> successor_;
    bool reload_after_upgrade_ = false;
    bool retiring_ = false;         // the successor serves
    bool successor_left_some_ = false;  // of our sockets, which only we serve then
    std::optional<bool> told_predecessor_ready_;
    bool taken_over_ = false;       // from our predecessor
    Elders elders_;                 // of the binary before ours, in this process
    Hooks hooks_;
    TimePoint place_began_{};
    std::optional<TimePoint> well_since_;
    std::string place_failure_;     // why the former binary is gone back to
    std::optional<SupervisorEnd> end_;
};

/// A worker that drains ends by itself when --graceful-timeout is over. The Fleet gives it this much longer, so that
/// the two don't cross and a good end isn't told as a kill. Once it says that it leaves, it has kLeavingLimit for that.
inline constexpr Duration kDrainMargin = std::chrono::seconds(1);

/// Between ABRT and KILL: enough for a worker's stacks to be read meanwhile (worker/process/crash_handler.cpp).
inline constexpr Duration kAbortGrace = std::chrono::seconds(3);

/// What the Fleet needs of the settings.
FleetOptions to_fleet_options(const Settings& settings);

/// "Listening at: http://127.0.0.1:8000 (123)", a line for each.
void log_listening(const ListenerSet& listeners);
/// "127.0.0.1:8000", a line for each.
std::string listener_lines(const ListenerSet& listeners);

}  // namespace girin
