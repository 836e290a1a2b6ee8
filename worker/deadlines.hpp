#pragma once

// DeadlineQueue: many deadlines of one length, in constant time each. Since all last equally long, they end in the order in
// which they began; one timer of the loop watches the first. Starting one anew on each request costs no timer and no system call.

#include <boost/intrusive/list.hpp>

#include "loop/base/clock.hpp"
#include "loop/event_loop.hpp"

namespace girin {

struct DeadlineTag;
using DeadlineHook = boost::intrusive::list_base_hook<
    boost::intrusive::tag<DeadlineTag>, boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// Something that has at most one deadline at a time. Destroying it, or stop(), takes it off its queue.
class Deadline : public DeadlineHook {
  public:
    virtual void on_deadline() = 0;
    bool is_running() const { return DeadlineHook::is_linked(); }
    void stop() {
        if (is_running()) DeadlineHook::unlink();
    }

  protected:
    ~Deadline() = default;

  private:
    friend class DeadlineQueue;
    TimePoint ends_{};
};

class DeadlineQueue final : private Timer {
  public:
    /// `length` zero: deadlines of this queue never end.
    DeadlineQueue(EventLoop& loop, Duration length) : loop_(loop), length_(length) {}

    /// Counts from the loop's time now; a deadline that runs already, here or in another queue, begins anew.
    void start(Deadline& deadline);

  private:
    void run() override;

    EventLoop& loop_;
    Duration length_;
    boost::intrusive::list<Deadline, boost::intrusive::base_hook<DeadlineHook>,
                           boost::intrusive::constant_time_size<false>>
        running_;
};

}  // namespace girin
