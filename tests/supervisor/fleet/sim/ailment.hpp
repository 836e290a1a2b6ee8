#pragma once

// What may be wrong with a fake worker's loop, as a worker has it and the kernel sees it; and for how long it has really
// had its processor meanwhile, which the judge of hangs (supervisor/health) is measured by.

#include <optional>

#include "supervisor/health/process_sample.hpp"

namespace girin::sim {

enum class AilmentKind : std::uint8_t {
    none,
    lags,      // one long turn, shorter than what is allowed
    spins,     // these three hang: for good, or until they go on by themselves
    blocks,
    stopped,
    starves,   // these two don't, however long it lasts
    debugged,
};

struct Ailment {
    AilmentKind kind = AilmentKind::none;
    TimePoint began{};
    TimePoint ends{};              // it is over by itself, if it was not ended before
    Duration frozen{};             // of this time the whole machine stood still
    TimePoint all_counts_from{};   // the master, or the machine, stood still before this, if it did
    int running_percent = 0;
    int waiting_percent = 0;       // for a processor
    bool in_callback = true;

    Ailment() = default;

    bool hangs() const {
        return kind == AilmentKind::spins || kind == AilmentKind::blocks || kind == AilmentKind::stopped;
    }
    Duration lasted(TimePoint now) const { return now - began - frozen; }
    /// How much of the time since it began the worker could have used.
    Duration had(TimePoint now) const {
        return kind == AilmentKind::spins ? lasted(now) * running_percent / 100 : lasted(now);
    }
    ProcessSample sample(TimePoint now) const;
};

/// Draws the shares of one of a kind; `lot` is any number.
Ailment make_ailment(AilmentKind kind, TimePoint now, std::uint64_t lot);

}  // namespace girin::sim
