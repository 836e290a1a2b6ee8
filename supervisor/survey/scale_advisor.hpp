#pragma once

// How many workers there should be, with --workers LEAST:MOST: from how busy their loops and pools are and how many
// connections wait to be accepted. Quick to add, slow to take away, and never back and forth. Pure: no system calls. Not
// here: where the figures come from (surveyor.cpp), and starting and ending workers (fleet.hpp).

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "girin/base/clock.hpp"

namespace girin {

struct ScaleOptions {
    std::size_t least = 1;
    std::size_t most = 1;  // the same as `least`: the number is fixed
    Duration down_after = std::chrono::seconds(30);

    ScaleOptions() {}
};

/// What was seen in one look, when every wanted worker was ready.
struct LoadSample {
    std::size_t workers = 1;
    double busy = 0;            // mean share of time that the loops were at work, or of their threads if more, 0 … 1
    std::uint64_t backlog = 0;  // connections that the kernel holds for us, at all addresses
    std::uint64_t jobs = 0;     // that wait for a thread, in all pools
    bool is_of_pools = false;   // `busy` is more than the loops' alone

    LoadSample() = default;
    LoadSample(std::size_t count, double share, std::uint64_t waiting)
        : workers(count), busy(share), backlog(waiting) {}
};

struct ScaleStep {
    std::size_t workers = 0;
    std::string reason;  // "loops are busy 93 % of the time", "pools are busy 100 %, 12 jobs wait"
};

class ScaleAdvisor {
  public:
    static constexpr Duration kInterval = std::chrono::seconds(1);
    /// At or above: one more is needed. Below, for those who would be left: one fewer will do. The distance between
    /// the two is what keeps a steady load from being answered up and down in turns.
    static constexpr double kBusy = 0.8;
    static constexpr double kIdle = 0.5;
    /// So many looks in a row must ask for more, and so long a step up is given to show its effect.
    static constexpr int kBusyLooks = 2;
    static constexpr Duration kSettling = std::chrono::seconds(3);

    explicit ScaleAdvisor(const ScaleOptions& options)
        : options_(options), is_range_(options.most > options.least) {}

    /// There is a range; also when an operator has moved its ends together.
    bool is_needed() const { return is_range_; }
    const ScaleOptions& options() const { return options_; }
    /// An operator's word: moves the minimum, within 1 … most. Returns what it is now.
    std::size_t move_least(std::int64_t by);

    /// What to change after this look. Up by half of what there is, at least one; down by one, after `down_after` of
    /// idling at first and each quarter of that while it lasts.
    std::optional<ScaleStep> look(const LoadSample& sample, TimePoint now);
    /// No look was possible: workers start, or a reload runs. What was seen before doesn't count any more.
    void interrupt();

  private:
    std::optional<ScaleStep> look_for_more(const LoadSample& sample, TimePoint now);
    std::optional<ScaleStep> look_for_fewer(const LoadSample& sample, TimePoint now);

    ScaleOptions options_;
    bool is_range_;
    int busy_looks_ = 0;
    TimePoint settled_at_{};
    std::optional<TimePoint> idle_since_;
};

/// What share of the time between two looks each worker's loop was at work.
class BusyMeter {
  public:
    /// `busy`: for how long its loop has been at work since it began. Nothing: the first look at this worker.
    std::optional<double> share(std::size_t slot, TimePoint ready_since, Duration busy, TimePoint now);

  private:
    struct Seen {
        TimePoint ready_since{};
        TimePoint at{};
        Duration busy{};
    };
    std::map<std::size_t, Seen> seen_;
};

}  // namespace girin
