#pragma once

// Whether a worker is well, lags, or hangs, and why: judged from its scoreboard line and from two looks at what the
// kernel says of a thread. Its loop is judged, and each job that keeps a thread of its pool. Pure: samples are handed in,
// time too. Not here: reading /proc (process_sample.hpp), the words (health_report.hpp), and what a worker that hangs
// gets (fleet.hpp).
//
// A worker is held to the time that it had, not to the clock: what it spent waiting for a processor doesn't count, and
// so one that starves is never taken for one that hangs, however long that lasts; one that spins while it has to share
// its processor with others is found all the same, only later.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "supervisor/health/heartbeat_watch.hpp"
#include "supervisor/health/process_sample.hpp"

namespace girin {

struct HealthOptions {
    Duration timeout{};      // silent for so long, in its own time: it hangs; 0: nobody ever does
    Duration lag_warning{};  // silent for so long: it lags; 0: nobody is told

    HealthOptions() {}
    HealthOptions(Duration hard, Duration soft) : timeout(hard), lag_warning(soft) {}
};

enum class Verdict : std::uint8_t {
    unclear,   // nothing is known of its process
    stopped,   // by SIGSTOP or its like
    debugged,  // a debugger holds it; never ended for that
    starved,   // it would run, and gets no processor; never ended for that
    spinning,
    blocked,   // sleeps in the kernel
};

/// What came of one look.
struct Finding {
    enum class Kind : std::uint8_t { nothing, lags, recovered, hangs };

    Kind kind = Kind::nothing;
    Verdict verdict = Verdict::unclear;
    Duration silent{};         // so far; of one that has recovered: about how long it had been
    bool leaving = false;      // its loop has ended, and it clears away
    bool in_callback = false;  // its loop runs something; else it should have woken
    std::optional<std::size_t> job;  // what this is about, of PoolNote::jobs; none: the loop
    pid_t thread = 0;                // of that job
    std::int64_t job_since_ns = 0;
    int cpu_percent = 0;       // of the time between the two looks that the verdict rests on
    int waiting_percent = 0;   // … likewise, for a processor
    std::string wait_channel;

    Finding() = default;
};

class HealthJudge {
  public:
    using Sampler = std::function<ProcessSample()>;
    using ThreadSampler = std::function<ProcessSample(pid_t thread)>;

    explicit HealthJudge(const HealthOptions& options) : options_(options) {}

    /// New limits, from a reload. What is known so far stays.
    void set_options(const HealthOptions& options) { options_ = options; }
    /// As HeartbeatWatch::on_turn.
    void on_turn(TimePoint now, std::optional<TimePoint> due, Duration suspended) { watch_.on_turn(now, due, suspended); }

    /// Looks at the worker in `slot`; `sample` is called only when it has been silent for a while. Told again at each
    /// look: `hangs`. Once for each time: `lags` (not more often than every ten seconds for one slot), and afterwards
    /// `recovered`. One that leaves may for kLeavingLimit at the least, and isn't told to lag.
    Finding look(std::size_t slot, const ScoreboardSlot& line, TimePoint ready_since, TimePoint now,
                 const Sampler& sample);
    /// The same of the jobs in its pool; what is found is about the worst of them. A job that waits for the loop isn't
    /// judged, nor is a queue that is long: what hangs is what keeps a thread.
    Finding look_at_pool(std::size_t slot, const ScoreboardSlot& line, TimePoint ready_since, TimePoint now,
                         const ThreadSampler& sample);
    /// What `finding` is about has given no sign of life since that look.
    bool is_still_silent(std::size_t slot, const ScoreboardSlot& line, TimePoint ready_since,
                         const Finding& finding = {}) const;
    /// Another worker comes to this slot.
    void forget(std::size_t slot) { watches_.erase(slot); }
    /// It was told that its loop lags, and not yet that it has recovered; or nothing in its pool moves, which could take
    /// no job more.
    bool is_lagging(std::size_t slot) const;

    /// How often to look: twice before a silence is worth a word. Zero: never.
    Duration interval() const;

  private:
    /// The present silence of a loop, or of a job.
    struct Episode {
        std::optional<ProcessSample> first;
        TimePoint first_at{};
        TimePoint since{};
        Duration silent{};
        bool warned = false;

        Episode() = default;
    };
    /// What is judged: it has kept its thread since then, and may for so long.
    struct Subject {
        TimePoint since;
        Duration limit;
        bool may_lag = true;  // that is worth a word
    };
    struct SlotWatch {
        Episode loop;
        std::optional<TimePoint> last_loop_warning;
        std::map<std::size_t, Episode> jobs;
        std::optional<TimePoint> last_pool_warning;
        bool pool_is_stuck = false;

        SlotWatch() = default;
    };

    Finding judge(Episode& episode, std::optional<TimePoint>& last_warning, const Subject& subject, TimePoint now,
                  const Sampler& sample) const;
    Finding look_at_job(SlotWatch& watch, std::size_t job, const JobNote& note, TimePoint ready_since, TimePoint now,
                        const ThreadSampler& sample) const;
    Subject loop_of(const ScoreboardSlot& line, TimePoint ready_since) const;
    Duration mark() const;
    Duration limit_of(std::int64_t deadline_ns, bool is_extended, TimePoint since) const;
    static Finding end(Episode& episode);
    bool is_worth_a_warning(const Episode& episode, const std::optional<TimePoint>& last_warning, TimePoint now) const;

    HealthOptions options_;
    HeartbeatWatch watch_;
    std::map<std::size_t, SlotWatch> watches_;
};

}  // namespace girin
