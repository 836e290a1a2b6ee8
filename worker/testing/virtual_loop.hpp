#pragma once

// VirtualLoop: a loop whose clock is a number. With nothing ready it jumps to the next timer; while a thread of the pool
// works it waits for that, and time stands still. Not here: sockets.

#include <condition_variable>
#include <mutex>

#include "girin/loop/event_loop.hpp"
#include "girin/loop/executor.hpp"

namespace girin::testing {

class VirtualLoop final : public EventLoop {
  public:
    VirtualLoop();
    ~VirtualLoop() override;

    TimePoint now() const override { return now_; }

    /// While it lives, one job that waits for the loop is not at work: it waits for a client who takes nothing.
    class Stall {
      public:
        explicit Stall(VirtualLoop* loop);  // may be null
        Stall(const Stall&) = delete;
        Stall& operator=(const Stall&) = delete;
        ~Stall();

      private:
        VirtualLoop* loop_;
    };

  private:
    /// Counts the pool's jobs. Threads: any.
    class Jobs final : public ExecutorObserver {
      public:
        explicit Jobs(VirtualLoop& loop) : loop_(loop) {}
        std::unique_ptr<JobOrigin> job_origin() override { return nullptr; }
        void pool_changed(const PoolState& state) noexcept override;
        void thread_began() noexcept override {}
        void thread_ends() noexcept override {}
        void job_began(const JobOrigin*) noexcept override {}
        void job_ended() noexcept override {}
        void job_waits() noexcept override { loop_.change_paused(1); }
        void job_goes_on() noexcept override { loop_.change_paused(-1); }
        void job_extended(TimePoint) noexcept override {}

      private:
        VirtualLoop& loop_;
    };

    void select(std::optional<TimePoint> until) override;
    void wake_up() noexcept override;
    void change_paused(int by) noexcept;
    /// With mutex_ held.
    bool somebody_works() const;

    static constexpr TimePoint kStart{std::chrono::hours(1)};

    Jobs jobs_{*this};
    TimePoint now_ = kStart;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;         // under mutex_
    std::size_t in_hand_ = 0;    // under mutex_: jobs queued or on a thread
    std::size_t paused_ = 0;     // under mutex_: of these, those that wait for the loop
    std::size_t stalled_ = 0;    // under mutex_: of those, at most so many wait for a client
};

}  // namespace girin::testing
