#pragma once

// Which hook runs when: so many at once, so many that wait, and what comes beyond that is dropped and counted. Pure.
// Not here: processes (hook_process.hpp).

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "girin/run/hook_facts.hpp"

namespace girin {

struct HookLimits {
    std::size_t at_once = 4;   // commands that run
    std::size_t waiting = 64;  // and that wait to be run

    HookLimits() = default;
};

/// A command to be run, with what it is to be told.
struct HookOrder {
    std::string command;
    HookFacts facts;

    HookOrder(std::string text, HookFacts told) : command(std::move(text)), facts(std::move(told)) {}
};

class HookQueue {
  public:
    explicit HookQueue(HookLimits limits = HookLimits()) : limits_(limits) {}

    /// False: as many wait as may, and this one is dropped.
    bool add(HookOrder order);
    /// The oldest that waits, when fewer than may run do. Nothing: none, or not now.
    std::optional<HookOrder> take_next(std::size_t running);
    /// How many were dropped since the last call.
    std::size_t take_dropped() { return std::exchange(dropped_, 0); }
    /// What waits is dropped.
    void clear();

    std::size_t waiting() const { return orders_.size(); }
    const HookLimits& limits() const { return limits_; }

  private:
    HookLimits limits_;
    std::deque<HookOrder> orders_;
    std::size_t dropped_ = 0;
};

}  // namespace girin
