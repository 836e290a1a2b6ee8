#include "girin/loop/asio_loop.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <system_error>

#include "girin/loop/guest.hpp"
#include "loop/asio/internals.hpp"

namespace girin {
namespace {

// Asio operations handled before the loop's own callbacks get their turn.
constexpr int kPollBudget = 1024;

#if GIRIN_ASIO_INSIDE
// One thread runs it, and only that one starts operations; others may post. So the scheduler is locked, descriptors
// not.
constexpr int kConcurrency = BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO;
#else
// A guest's context is run by a thread of its own (guest_public.cpp), while the loop's starts operations.
constexpr int kConcurrency = BOOST_ASIO_CONCURRENCY_HINT_SAFE;
constexpr Duration kForever = Duration::max();
#endif

}  // namespace

struct AsioLoop::Impl {
    boost::asio::io_context context{kConcurrency};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};

    boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, boost::asio::io_context::executor_type>
        alarm{context};
    TimePoint alarm_at = TimePoint::max();

    /// Makes a wait end at `until`, or before. The alarm is a timerfd that is set only when the next deadline comes
    /// nearer; a time limit in epoll_wait would have the kernel set and clear a timer for each wait.
    void set_alarm(TimePoint until) {
        if (alarm_at <= until) return;
        alarm_at = until;
        alarm.expires_at(until);
        alarm.async_wait([this](const boost::system::error_code& error) {
            if (!error) alarm_at = TimePoint::max();
        });
    }

#if !GIRIN_ASIO_INSIDE
    std::atomic<int> bell = -1;  // see lend()

    void await_bell(Duration at_most) {
        pollfd watched{bell, POLLIN, 0};
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::max(at_most, Duration::zero()));
        const timespec limit{seconds.count(), (std::max(at_most, Duration::zero()) - seconds).count()};
        ::ppoll(&watched, 1, at_most == kForever ? nullptr : &limit, nullptr);
        eventfd_t rung;
        ::eventfd_read(bell, &rung);
    }
#endif

    /// Handles what is queued, without asking the kernel again where that can be known.
    void drain() {
        for (int budget = kPollBudget; budget > 0; --budget) {
#if GIRIN_ASIO_INSIDE
            if (!asio_internals::has_queued(context)) return;
#endif
            if (context.poll_one() == 0) return;
        }
    }
};

AsioLoop::AsioLoop() {
    try {
        impl_ = std::make_unique<Impl>();
    } catch (const boost::system::system_error& error) {
        close();
        throw std::system_error(error.code().value(), std::generic_category(), "make an event loop");
    }
}

AsioLoop::~AsioLoop() {
    const bool is_ours = this->is_ours();
    close_from_destructor();
    if (!is_ours) (void)impl_.release();  // the kernel's side of it is the parent's too
}

boost::asio::io_context& AsioLoop::io_context() noexcept { return impl_->context; }

void AsioLoop::select(std::optional<TimePoint> until) {
#if !GIRIN_ASIO_INSIDE
    if (impl_->bell >= 0) {
        return impl_->await_bell(until && *until <= time() ? Duration::zero() : until ? *until - now() : kForever);
    }
#endif
    bool may_be_stopped = true;  // only an io_context that runs nothing may be: asking costs a lock
    try {
        if (until && *until <= time()) {
            may_be_stopped = impl_->context.poll_one() == 0;
        } else {
            if (until) impl_->set_alarm(*until);
            may_be_stopped = impl_->context.run_one() == 0;
        }
        impl_->drain();
    } catch (const FatalError&) {
        throw;
    } catch (...) {
        call_exception_handler(std::current_exception(), "Exception in an Asio handler");
    }
    if (may_be_stopped && impl_->context.stopped()) {
        impl_->context.restart();
        stop();
    }
    check_process();
}

void AsioLoop::run_ended() noexcept {
    if (impl_->context.stopped()) impl_->context.restart();  // in the last turn, for this run
    if (guest_ != nullptr) guest_->wake();
}

void AsioLoop::wake_up() noexcept {
#if !GIRIN_ASIO_INSIDE
    if (impl_->bell >= 0) {
        ::eventfd_write(impl_->bell, 1);
        return;
    }
#endif
    boost::asio::post(impl_->context, [] {});
}

#if !GIRIN_ASIO_INSIDE
void AsioLoop::lend(int bell) noexcept { impl_->bell = bell; }
#endif

}  // namespace girin
