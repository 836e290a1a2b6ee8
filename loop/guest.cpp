#include "loop/guest.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#if !GIRIN_ASIO_INTERNALS
#include <sys/eventfd.h>
#include <unistd.h>
#endif

#include "loop/asio/internals.hpp"
#include "loop/executor.hpp"

namespace girin {
namespace {

// Turns of the loop in one pump(), before the host gets its turn.
constexpr int kTurnsPerPump = 16;

}  // namespace

#if GIRIN_ASIO_INTERNALS

struct Guest::Impl {
    explicit Impl(AsioLoop& l) : loop(l), alarm(l.io_context()) {}

    AsioLoop& loop;
    boost::asio::steady_timer alarm;  // its timerfd makes the descriptor readable at the loop's next deadline
    TimePoint alarm_at = TimePoint::max();

    /// True: nothing is left to do before the descriptor becomes readable.
    bool prepare_to_sleep(std::optional<TimePoint> deadline) {
        if (!deadline) {
            alarm_at = TimePoint::max();
            alarm.cancel();
        } else if (*deadline != alarm_at) {
            alarm_at = *deadline;
            alarm.expires_at(*deadline);
            alarm.async_wait([](const boost::system::error_code&) {});
        }
        return asio_internals::arm_for_foreign_wait(loop.io_context());
    }
};

Guest::Guest(AsioLoop& loop) : impl_(std::make_unique<Impl>(loop)) {
    if (loop.is_running()) throw LoopError("a loop that runs can't be a guest");
    asio_internals::reactor_of(loop.io_context()).init_task();
}

int Guest::fd() const { return asio_internals::epoll_fd(impl_->loop.io_context()); }

void Guest::pump() {
    AsioLoop& loop = impl_->loop;
    const EventLoop::RunningScope scope(loop, std::source_location::current());
    for (int turns = 0; turns < kTurnsPerPump; ++turns) {
        loop.turn(false);
        if (!loop.has_ready() && impl_->prepare_to_sleep(loop.timers().next())) return;
    }
    asio_internals::reactor_of(loop.io_context()).interrupt();
}

#else

// Without Asio's inside: a thread waits for the reactor in our place and rings a bell.
#error "the public-API guest lives in guest_public.cpp"

#endif

Guest::~Guest() = default;

}  // namespace girin
