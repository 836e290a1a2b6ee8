#pragma once

// What a guest sleeps on, from Asio's inside: its own epoll descriptor. For guest.cpp alone; guest_public.hpp is the same
// over Asio's public interface.

#include "girin/asio/namespace.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "girin/loop/guest.hpp"
#include "loop/asio/internals.hpp"

namespace girin {

struct Guest::Impl {
    explicit Impl(AsioLoop& l)
        : loop(l), reactor(asio_internals::reactor_of(l.io_context())), alarm(l.io_context()) {
        reactor.init_task();
    }

    int fd() const { return asio_internals::epoll_fd(loop.io_context()); }
    /// Makes the descriptor readable.
    void ring() const { reactor.interrupt(); }

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

}  // namespace girin
