#pragma once

// TimerHeap: what is to run at a time. Pure: it is told `now`, and moves what is due onto a list in order of
// deadline, equal deadlines in order of arming. Arming and disarming are O(log n) and leave nothing behind.

#include <cstdint>
#include <optional>
#include <vector>

#include "girin/base/clock.hpp"
#include "girin/loop/runnable.hpp"

namespace girin {

class TimerHeap;

/// `start` plus `delay`, never beyond what a TimePoint can say.
constexpr TimePoint later(TimePoint start, Duration delay) {
    if (delay > TimePoint::max() - start) return TimePoint::max();
    return start + std::chrono::duration_cast<Clock::duration>(delay);
}

/// A Runnable that can be armed for a time. Destroying an armed one disarms it.
class Timer : public Runnable {
  public:
    /// The deadline it was last armed for.
    TimePoint when() const { return when_; }
    bool is_armed() const { return heap_ != nullptr; }
    /// Off the heap and off the ready queue: it will not run.
    void disarm();

  protected:
    Timer() = default;
    ~Timer() { disarm(); }

  private:
    friend class TimerHeap;

    TimePoint when_{};
    std::uint64_t sequence_ = 0;
    std::size_t index_ = 0;
    TimerHeap* heap_ = nullptr;
};

class TimerHeap {
  public:
    ~TimerHeap();

    /// Arms `timer`, or arms it anew for another time.
    void arm(Timer& timer, TimePoint when);
    void disarm(Timer& timer);

    std::optional<TimePoint> next() const;
    bool empty() const { return heap_.empty(); }
    std::size_t size() const { return heap_.size(); }

    /// Appends every timer with a deadline at or before `now` to `due`.
    void move_due(TimePoint now, RunnableList& due);

  private:
    static bool before(const Timer& a, const Timer& b);
    void place(std::size_t index, Timer& timer);
    void sift_up(std::size_t index);
    void sift_down(std::size_t index);

    std::vector<Timer*> heap_;
    std::uint64_t next_sequence_ = 0;
};

}  // namespace girin
