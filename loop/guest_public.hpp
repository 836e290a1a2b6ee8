#pragma once

// What a guest sleeps on, over Asio's public interface, for an Asio whose inside is not known: the fallback of
// guest_reactor.hpp, for guest.cpp alone. A thread of its own runs the io_context; what our operations complete is sent to
// the loop's thread (asio/loop_executor.hpp), and a bell rung. Handlers that are no operations of ours, a bare asio::post
// for instance, run on that thread.

#include "girin/asio/namespace.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <system_error>
#include <thread>

#include "girin/base/unique_fd.hpp"
#include "girin/loop/guest.hpp"

namespace girin {

struct Guest::Impl {
    explicit Impl(AsioLoop& l)
        : loop(l), bell(checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "create eventfd")),
          alarm(checked(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "create timerfd")),
          both(checked(::epoll_create1(EPOLL_CLOEXEC), "create epoll set")) {
        watch(bell.get());
        watch(alarm.get());
        loop.lend(bell.get());
        waiter = std::thread([this] { run_context(); });
    }

    ~Impl() {
        loop.io_context().stop();
        waiter.join();
        loop.io_context().restart();
        loop.lend(-1);
    }

    static UniqueFd checked(int fd, const char* what) {
        if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
        return UniqueFd(fd);
    }

    void watch(int fd) {
        epoll_event event{};
        event.events = EPOLLIN;
        if (::epoll_ctl(both.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
            throw std::system_error(errno, std::generic_category(), "watch the guest's bell");
        }
    }

    /// On the thread of its own, until the guest is destroyed.
    void run_context() {
        while (!loop.io_context().stopped()) {
            try {
                loop.io_context().run();
            } catch (...) {
                loop.call_soon_threadsafe([failure = std::current_exception()] { std::rethrow_exception(failure); });
            }
        }
    }

    int fd() const { return both.get(); }
    /// Makes the descriptor readable.
    void ring() const { ::eventfd_write(bell.get(), 1); }

    /// True: nothing is left to do before the descriptor becomes readable.
    bool prepare_to_sleep(std::optional<TimePoint> deadline) {
        if (deadline && *deadline <= loop.time()) return false;  // armed meanwhile, for a time that has passed
        if (deadline == alarm_at) return true;
        alarm_at = deadline;
        itimerspec when{};  // zero: none
        if (deadline) {
            const auto since_boot = deadline->time_since_epoch();
            const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_boot);
            when.it_value.tv_sec = seconds.count();
            when.it_value.tv_nsec = (since_boot - seconds).count();
        }
        ::timerfd_settime(alarm.get(), TFD_TIMER_ABSTIME, &when, nullptr);
        return true;
    }

    AsioLoop& loop;
    UniqueFd bell;
    UniqueFd alarm;
    UniqueFd both;
    std::optional<TimePoint> alarm_at;
    std::thread waiter;
};

}  // namespace girin
