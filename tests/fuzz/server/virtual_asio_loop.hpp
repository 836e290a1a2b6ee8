#pragma once

// VirtualAsioLoop: real descriptors, virtual time. It asks the kernel what is ready and never waits: with nothing ready
// it jumps to the next deadline, up to a horizon. Over sockets of this process, which the kernel serves at once, two runs
// are alike.

#include <cstdint>

#include "girin/loop/asio_loop.hpp"

namespace girin::test {

class VirtualAsioLoop final : public AsioLoop {
  public:
    VirtualAsioLoop() = default;
    ~VirtualAsioLoop() override { close_from_destructor(); }

    /// Runs until nothing is ready and nothing is due before `horizon`; the clock stands there then.
    /// False: it never came to rest.
    bool run_until(TimePoint horizon);
    bool settle() { return run_until(clock_); }
    void run_turns(int count);

    std::uint64_t turns() const { return turns_; }
    TimePoint now() const override { return clock_; }
    Duration elapsed() const { return clock_ - kStart; }

  private:
    static constexpr TimePoint kStart{std::chrono::hours(1)};
    static constexpr std::uint64_t kMostTurns = 20'000;  // of one run

    void select(std::optional<TimePoint> until) override;

    TimePoint clock_ = kStart;
    TimePoint horizon_ = kStart;
    std::uint64_t turns_ = 0;
    std::uint64_t turns_end_ = 0;
};

}  // namespace girin::test
