#pragma once

// A world in virtual time around one Fleet: fake workers with a fate, a shell that answers, operators that
// can't sit still. One seed draws everything. Not here: what must hold (invariants.hpp), and the course of a
// run (episode.hpp). In world_upgrade.cpp: a successor of the whole server; in world_survey.cpp: load, age and memory, and
// what the survey makes of them; in world_health.cpp: workers that hang or seem to, and the judge.

#include <queue>
#include <random>

#include "supervisor/health/health_judge.hpp"
#include "tests/supervisor/fleet/sim/saboteur.hpp"
#include "tests/supervisor/fleet/sim/witness.hpp"

namespace girin::sim {

class World {
  public:
    World(std::uint64_t seed, Saboteur& saboteur);

    void start();
    /// Moves on to the next thing that happens and lets it happen. False: nothing ever will, or all is over.
    bool step();
    /// From now on nothing fails that hasn't failed yet, and operators leave the server alone.
    void calm_down();
    void stop_gracefully();

    bool is_over() const { return witness_.exited.has_value() || witness_.violation.has_value(); }
    bool is_converged() const;
    TimePoint now() const { return now_; }
    std::uint64_t events() const { return events_; }
    Witness& witness() { return witness_; }

  private:
    enum class Happening {
        zygote_loads, zygote_answers, zygote_dies,
        spawn_answered, boot_fails, gets_ready, ends, asks_recycle, falls_ill, goes_on, examined,
        load_changes, reload_prepared, operators,
        successor_spawned, successor_ready, successor_unwell, successor_takes, successor_finishes, successor_ends,
    };
    struct Scheduled {
        TimePoint at;
        std::uint64_t order;
        Happening what;
        std::size_t process;       // index, where it is about one
        std::uint32_t generation;  // where it is about a reload

        bool operator<(const Scheduled& other) const {  // the queue gives the largest first
            return at != other.at ? at > other.at : order > other.order;
        }
    };

    void tell(const FleetEvent& event);
    void tell_unaltered(const FleetEvent& event);
    void observe(const FleetEvent& event);
    void observe_worker(const FleetEvent& event);
    std::size_t perform(const Action& action);
    void perform_spawn(const Action& action);
    void schedule_answer(std::size_t index);
    void perform_call_off(const Action& action);
    std::size_t perform_order(const Action& action);
    void happen(const Scheduled& scheduled);
    void answer_spawn(std::size_t index);
    void begin_life(std::size_t index);
    void fail_spawn(std::size_t index, const std::string& reason, ExitCode code = ExitCode::failure);
    void get_ready(std::size_t index);
    void live_on(std::size_t index);
    void end_process(std::size_t index);
    void operate();
    void answer_prepare(std::uint32_t generation);
    bool obeys(std::size_t index, const Action& action) const;
    bool is_generation_bad(std::uint32_t generation);
    bool is_generation_rotten(std::uint32_t generation);
    void know_again(const Action& action);

    /// What is on the master's own clock, if the time has come for it.
    bool run_deadlines();
    std::optional<TimePoint> next_wake();

    // world_survey.cpp
    WatchSettings draw_watch_settings();
    void watch_by(std::uint32_t generation);
    void take_survey();
    std::vector<WorkerLook> look_at_all();
    void note_looks(const std::vector<WorkerLook>& looks);
    void work_on();
    void change_load();
    Habit draw_habit();
    void scale_by_operator(int workers);
    void scale_to_by_operator(std::size_t workers);

    // world_health.cpp
    void look_at_workers();
    void look_at_worker(std::size_t slot, std::size_t index);
    ScoreboardSlot& write_line(const Process& process);
    void fall_ill(std::size_t index);
    void go_on(std::size_t index);
    void end_examination(std::size_t index);
    void stand_still();

    // world_zygote.cpp: `id` of one is where others have the index of a process, `number` of an order its generation
    void carry_out(Zygotes::Actions actions);
    void carry_out(const ZygoteAction& action);
    void start_zygote(const ZygoteAction& action);
    void order_worker(const ZygoteAction& action);
    void settle_spawn(std::size_t slot, SpawnOutcome outcome);
    void happen_to_zygote(const Scheduled& scheduled);
    void load(std::uint32_t id);
    void answer_order(std::uint32_t id, std::uint64_t number);
    void say(std::uint32_t id, const ZygoteReport& report);
    void pass_on_zygote(std::uint32_t from, std::uint32_t to);

    // world_upgrade.cpp
    std::optional<TimePoint> next_deadline();
    void tell_upgrade(UpgradeEvent event, const std::string& text = {});
    void perform(const UpgradeAction& action);
    void perform_take();
    void perform_finish();
    void perform_execute();
    void happen_to_successor(const Scheduled& scheduled);
    void begin_upgrade_when_free();
    void upgrade_by_operator();

    void schedule(Duration after, Happening what, std::size_t process = 0, std::uint32_t generation = 0);
    /// True once in `n`; never in calm.
    bool fault(unsigned n) { return !calm_ && random_() % n == 0; }
    Duration draw(Duration least, Duration most);
    FleetOptions draw_options();

    std::mt19937_64 random_;
    Saboteur& saboteur_;
    FleetOptions options_;
    Fleet fleet_;
    UpgradeOptions upgrade_options_;
    Upgrade upgrade_;
    WorkerSurvey survey_;
    HealthJudge judge_{HealthOptions()};
    std::optional<TimePoint> next_survey_;
    std::optional<TimePoint> next_look_;
    std::map<std::uint32_t, WatchSettings> settings_;
    std::vector<ScoreboardSlot> board_;
    Witness witness_;
    TimePoint worked_until_{};
    TimePoint frozen_at_{};   // the machine, last; and well workers go on at
    TimePoint thawed_at_{};
    Duration suspended_{};
    enum class Forks { itself, anybody, zygote };
    Forks forks_;  // the master itself, which answers at once; or anybody, who may be slow or never answer; or a zygote
    Zygotes zygotes_;
    std::vector<int> stubbornness_;  // by process: 0 obeys all, 4 only KILL
    std::map<std::uint32_t, bool> bad_generations_;
    std::map<std::uint32_t, bool> rotten_generations_;
    std::priority_queue<Scheduled> queue_;
    TimePoint now_{};
    std::uint64_t order_ = 0;
    std::uint64_t events_ = 0;
    pid_t last_pid_ = 1000;
    bool calm_ = false;
};

}  // namespace girin::sim
