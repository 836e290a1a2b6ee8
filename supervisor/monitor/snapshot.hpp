#pragma once

// A snapshot: everything that the monitor knows at one moment, as plain values; status, metrics and statsd are
// written from it. The Observer takes snapshots, and looks once a second so that it can tell rates. Not here: how it is
// told (status_json.hpp, metrics_text.hpp).

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "girin/base/clock.hpp"
#include "supervisor/monitor/latency_window.hpp"
#include "supervisor/monitor/master_board.hpp"
#include "supervisor/monitor/monitor_place.hpp"
#include "supervisor/monitor/process_memory.hpp"

namespace girin {

/// The pool of threads of one worker.
struct PoolView {
    std::uint32_t threads = 0;  // 0: it has none
    std::uint32_t busy = 0;
    std::uint32_t queued = 0;
    double oldest_queued_s = 0;  // for so long the first of them waits
    double oldest_job_s = 0;     // for so long a job has kept its thread

    PoolView() = default;
};

/// A request that keeps the loop, or a thread of the pool.
struct HeldRequest {
    std::string line;  // without its query, which may hold what isn't everybody's
    std::string peer;
    double for_s = 0;
    bool in_pool = false;

    HeldRequest() = default;
};

/// One slot that somebody is in, or has been in.
struct SlotView {
    std::size_t slot = 0;
    SlotFacts facts;
    pid_t program = 0;  // that the worker keeps, by --exec; 0: the worker itself serves
    std::uint64_t requests = 0;
    std::uint64_t errors_5xx = 0;
    std::uint32_t requests_in_flight = 0;
    std::uint32_t connections = 0;
    bool accepting = false;
    double lag_s = 0;                 // so long others waited for the loop; of one that hangs: until now
    double utilisation = 0;           // of the last second: 1 is a loop that never waits
    double requests_per_second = 0;
    PoolView pool;
    std::optional<HeldRequest> held_by;  // what has kept the loop, or a thread, for longest; of a second and more
    std::optional<LatencyQuantiles> latency;  // of the last ten seconds' requests
    std::optional<ProcessMemory> memory;

    bool has_worker() const { return facts.pid > 0; }
    /// The process that serves.
    pid_t pid() const { return program > 0 ? program : facts.pid; }
};

struct ZygoteMemory {
    ZygoteFacts facts;
    std::optional<ProcessMemory> memory;

    ZygoteMemory() = default;
};

struct Snapshot {
    TimePoint now{};
    MasterFacts master;
    std::optional<ProcessMemory> master_memory;
    std::vector<ZygoteMemory> zygotes;
    std::vector<SlotView> slots;
    WorkTotals totals;
    double requests_per_second = 0;
    std::optional<LatencyQuantiles> latency;  // of all of them

    /// "starting", "serving", "reloading", "degraded" or "stopping".
    std::string state() const;
    /// Workers that are ready, but held up.
    std::size_t held_up() const;
    /// New requests find somebody.
    bool is_ready() const { return master.ready > held_up() && !master.stopping && !master.deaf; }
    double uptime_s() const;
    std::uint64_t requests_in_flight() const;
    std::uint64_t connections() const;
};

class Observer {
  public:
    static constexpr Duration kInterval = std::chrono::seconds(1);  // of look()
    static constexpr Duration kMemoryAge = std::chrono::seconds(3);  // older figures of memory are read again

    /// `place` is borrowed.
    explicit Observer(const MonitorPlace& place) : place_(place) {}

    /// Once an interval: for rates.
    void look(TimePoint now);
    Snapshot take(TimePoint now);

  private:
    struct Work {  // of one worker, as last looked at
        pid_t pid = 0;
        std::uint64_t busy_ns = 0;  // the turn that went on included
        std::uint64_t requests = 0;
        double utilisation = 0;
        double requests_per_second = 0;
    };
    struct Memory {
        TimePoint read_at{};
        std::optional<ProcessMemory> value;
    };

    void look_at(std::size_t slot, TimePoint now, double seconds);
    SlotView view(std::size_t slot, bool has_program, TimePoint now);
    std::optional<ProcessMemory> memory_of(pid_t pid, TimePoint now);

    const MonitorPlace& place_;
    std::vector<Work> work_;
    std::vector<LatencyWindow> latencies_;  // of the slots
    LatencyWindow latency_;
    std::map<pid_t, Memory> memories_;
    std::uint64_t requests_ = 0;
    double requests_per_second_ = 0;
    std::optional<TimePoint> looked_at_;
};

}  // namespace girin
