#pragma once

// PoolWatch: writes into the scoreboard what the threads of the worker's pool do, each job with its request, and gives
// each thread a stack for crashes of its own. Costs a lock and a few stores a job, and nothing where there is no pool.

#include <array>
#include <list>
#include <memory>
#include <mutex>

#include "girin/loop/executor.hpp"
#include "girin/loop/process_check.hpp"
#include "worker/process/scoreboard.hpp"

namespace girin {

class PoolWatch final : public ExecutorObserver {
  public:
    /// `line` is borrowed for as long as threads run.
    explicit PoolWatch(ScoreboardSlot& line) : line_(line) {}

    std::unique_ptr<JobOrigin> job_origin() override;
    void pool_changed(const PoolState& state) noexcept override;
    void thread_began() noexcept override;
    void thread_ends() noexcept override;
    void job_began(const JobOrigin* origin) noexcept override;
    void job_ended() noexcept override;
    void job_waits() noexcept override;
    void job_goes_on() noexcept override;
    void job_extended(TimePoint deadline) noexcept override;

  private:
    class Origin;
    struct Seat;

    // With mutex_ held.
    static Seat& seat();
    /// It has said so, or its request has.
    static bool may_take_long(const Seat* seat);
    /// Gives it a note where one is free, or another job can do without; else it is unnoted until that is so.
    void take_note(Seat& seat);
    /// It is noted no more; whoever needs a note more than others gets its.
    void leave_note(Seat& seat);
    void write_note(const Seat& seat);
    void make_progress(std::int64_t now_ns);

    ScoreboardSlot& line_;
    const ProcessCheck process_;  // a forked child's job is none of the worker's
    std::mutex mutex_;
    std::array<Seat*, PoolNote::kJobs> noted_{};  // under mutex_: whose each note is
    std::list<Seat*> unnoted_;                    // under mutex_: jobs that run while all notes are taken, oldest first
};

}  // namespace girin
