// The guest on Asio's own epoll descriptor; guest_public.cpp is the same over Asio's public interface.

#include "loop/guest.hpp"

#if GIRIN_ASIO_INTERNALS

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "loop/asio/internals.hpp"

namespace girin {

struct Guest::Impl {
    explicit Impl(AsioLoop& l)
        : loop(l), reactor(asio_internals::reactor_of(l.io_context())), alarm(l.io_context()) {
        reactor.init_task();
    }

    /// True: nothing is left to do before the descriptor becomes readable.
    bool prepare_to_sleep(std::optional<TimePoint> deadline) {
        if (!deadline) {
            alarm_at = TimePoint::max();
            alarm.cancel();
        } else if (*deadline <= loop.time()) {
            return false;  // armed meanwhile, for a time that has passed
        } else if (*deadline != alarm_at) {
            alarm_at = *deadline;
            alarm.expires_at(*deadline);
            alarm.async_wait([](const boost::system::error_code&) {});
        }
        return asio_internals::arm_for_foreign_wait(loop.io_context());
    }

    AsioLoop& loop;
    asio_internals::Reactor& reactor;
    boost::asio::steady_timer alarm;  // its timerfd makes the descriptor readable at the loop's next deadline
    TimePoint alarm_at = TimePoint::max();
};

Guest::Guest(AsioLoop& loop) {
    if (loop.is_running()) throw LoopError("a loop that runs can't be a guest");
    impl_ = std::make_unique<Impl>(loop);
    loop.set_asleep(true);
    impl_->reactor.interrupt();  // for the first pump()
}

Guest::~Guest() { impl_->loop.set_asleep(false); }

int Guest::fd() const { return asio_internals::epoll_fd(impl_->loop.io_context()); }

void Guest::pump() {
    AsioLoop& loop = impl_->loop;
    const AsioLoop::RunningScope scope(loop, std::source_location::current());
    loop.set_asleep(false);
    try {
        for (int turns = 0; turns < kTurnsPerPump; ++turns) {
            loop.turn(false);
            if (loop.has_ready() || !impl_->prepare_to_sleep(loop.timers().next())) continue;
            loop.set_asleep(true);
            return;
        }
    } catch (...) {
        impl_->reactor.interrupt();
        throw;
    }
    impl_->reactor.interrupt();
}

}  // namespace girin

#endif
