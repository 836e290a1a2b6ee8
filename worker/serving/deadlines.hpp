#pragma once

// DeadlineQueue: many deadlines of one length, for next to nothing each. Starting one anew, as every request does,
// writes one time; a sweep four times in the length of a deadline finds those that have ended. So one ends late by a
// quarter at most.

#include <boost/intrusive/list.hpp>

#include "girin/base/clock.hpp"
#include "girin/loop/event_loop.hpp"

namespace girin {

class DeadlineQueue;

struct DeadlineTag;
using DeadlineHook = boost::intrusive::list_base_hook<
    boost::intrusive::tag<DeadlineTag>, boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// Something that has at most one deadline at a time. Destroying it ends it unseen.
class Deadline : public DeadlineHook {
  public:
    virtual void on_deadline() = 0;
    bool is_running() const { return ends_ != TimePoint::max(); }
    // A sweep takes it off its queue; started anew before, it needn't be put back.
    void stop() { ends_ = TimePoint::max(); }

  protected:
    ~Deadline() = default;

  private:
    friend class DeadlineQueue;
    TimePoint ends_ = TimePoint::max();
    DeadlineQueue* queue_ = nullptr;  // on whose list it stands, if on any
};

class DeadlineQueue final : private Timer {
  public:
    /// `length` zero: deadlines of this queue never end.
    DeadlineQueue(EventLoop& loop, Duration length) : loop_(loop), length_(length) {}

    /// Counts from the loop's time now; a deadline that runs already, here or in another queue, begins anew.
    void start(Deadline& deadline);

  private:
    using List = boost::intrusive::list<Deadline, boost::intrusive::base_hook<DeadlineHook>,
                                        boost::intrusive::constant_time_size<false>>;

    void enqueue(Deadline& deadline);
    void run() override;

    EventLoop& loop_;
    Duration length_;
    List queued_;
};

}  // namespace girin
