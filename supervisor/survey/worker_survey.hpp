#pragma once

// The regular look at how old, how large and how busy the workers are, and the events that follow from it. Pure: what
// was seen is handed in. Not here: reading it from the kernel and the scoreboard (surveyor.cpp), silence
// (health/), and what is decided on (fleet.hpp).

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "supervisor/fleet/fleet.hpp"
#include "supervisor/survey/recycle_watch.hpp"
#include "supervisor/survey/scale_advisor.hpp"

namespace girin {

/// A worker's pool of threads; all 0: it has none.
struct PoolLook {
    std::size_t threads = 0;
    std::size_t busy = 0;    // threads with a job
    std::size_t queued = 0;  // jobs that wait for one

    /// 0 … 1; as soon as jobs wait, 1.
    double share() const;
};

/// What one look at a worker has given. Times count since the worker began.
struct WorkerLook {
    std::size_t slot = 0;
    TimePoint ready_since{};
    Duration turns{};                       // its loop was at work, with the turn that it is in
    Duration cpu{};                         // it was on a processor
    PoolLook pool;                          // now
    std::optional<std::uint64_t> resident;  // bytes; nothing: not asked for, or it could not be read

    WorkerLook() = default;
};

struct SurveyOptions {
    RecycleLimits recycling;
    ScaleOptions scaling;
    std::uint64_t seed = 1;  // of the lifetimes' jitter

    SurveyOptions() {}
};

class WorkerSurvey {
  public:
    static constexpr Duration kInterval = std::chrono::seconds(1);

    /// At the start, and after each reload. How busy each worker was at the last look stays known.
    void begin(const SurveyOptions& options);

    bool is_needed() const { return recycling_.is_needed() || needs_load(); }
    bool needs_memory() const { return recycling_.needs_memory(); }
    bool needs_load() const { return scaling_.is_needed(); }
    const ScaleOptions& scaling() const { return scaling_.options(); }

    /// Only those count that serve: a worker that is being ended is neither worn out nor busy.
    std::vector<FleetEvent> look_for_worn_out(const Fleet& fleet, std::span<const WorkerLook> looks, TimePoint now);
    /// `count_queued`: how many connections wait at all addresses; called only when the number matters.
    std::optional<FleetEvent> look_at_load(const Fleet& fleet, std::span<const WorkerLook> looks,
                                      const std::function<std::uint64_t()>& count_queued, TimePoint now);
    /// Without a range the number is the operators' alone. With one they move its lower end, and the load decides above
    /// that; workers that were drained by hand stay away until they are asked back.
    std::optional<FleetEvent> scale_by_operator(const Fleet& fleet, int workers);

  private:
    std::optional<LoadSample> sample_load(const Fleet& fleet, std::span<const WorkerLook> looks,
                                          const std::function<std::uint64_t()>& count_queued, TimePoint now);

    RecycleWatch recycling_{RecycleLimits()};
    ScaleAdvisor scaling_{ScaleOptions()};
    BusyMeter turns_;
    BusyMeter cpu_;
};

/// A reload brings the number that is set; of a range, what is nearest to the number there is.
std::size_t workers_after_reload(const Fleet& fleet, std::size_t least, std::size_t most);

}  // namespace girin
