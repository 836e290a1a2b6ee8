#pragma once

// Whether a worker is well, lags, or hangs, and why: judged from its scoreboard line and from two looks at what the
// kernel says of its process. Pure: samples are handed in, time too. Not here: reading /proc (process_sample.hpp), the
// words (health_report.hpp), and what a worker that hangs gets (fleet.hpp).
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
    bool in_callback = false;  // its loop runs something; else it should have woken
    int cpu_percent = 0;       // of the time between the two looks that the verdict rests on
    int waiting_percent = 0;   // … likewise, for a processor
    std::string wait_channel;

    Finding() = default;
};

class HealthJudge {
  public:
    using Sampler = std::function<ProcessSample()>;

    explicit HealthJudge(const HealthOptions& options) : options_(options) {}

    /// New limits, from a reload. What is known so far stays.
    void set_options(const HealthOptions& options) { options_ = options; }
    /// As HeartbeatWatch::on_turn.
    void on_turn(TimePoint now, std::optional<TimePoint> due, Duration suspended) { watch_.on_turn(now, due, suspended); }

    /// Looks at the worker in `slot`; `sample` is called only when it has been silent for a while. Told again at each
    /// look: `hangs`. Once for each time: `lags` (not more often than every ten seconds for one slot), and afterwards
    /// `recovered`.
    Finding look(std::size_t slot, const ScoreboardSlot& line, TimePoint ready_since, TimePoint now,
                 const Sampler& sample);
    /// It has given no sign of life since the last look.
    bool is_still_silent(std::size_t slot, const ScoreboardSlot& line, TimePoint ready_since) const;
    /// Another worker comes to this slot.
    void forget(std::size_t slot) { episodes_.erase(slot); }
    /// It was told that this one lags, and not yet that it has recovered.
    bool is_lagging(std::size_t slot) const;

    /// How often to look: twice before a silence is worth a word. Zero: never.
    Duration interval() const;

  private:
    /// One worker's present silence.
    struct Episode {
        std::optional<ProcessSample> first;
        TimePoint first_at{};
        TimePoint since{};
        Duration silent{};
        bool warned = false;
        std::optional<TimePoint> last_warning;

        Episode() = default;
    };

    Duration mark() const;
    Duration limit_of(const ScoreboardSlot& line, TimePoint since) const;
    static Finding end(Episode& episode);
    bool is_worth_a_warning(const Episode& episode, TimePoint now) const;

    HealthOptions options_;
    HeartbeatWatch watch_;
    std::map<std::size_t, Episode> episodes_;
};

}  // namespace girin
