// The guest, whatever it sleeps on.

#include "girin/loop/guest.hpp"

#include "girin/asio/inside.hpp"

#if GIRIN_ASIO_INSIDE
#include "loop/guest_reactor.hpp"
#else
#include "loop/guest_public.hpp"
#endif

namespace girin {

Guest::Guest(AsioLoop& loop) : LoopResident(loop) {
    if (loop.is_running()) throw LoopError("a loop that runs can't be a guest");
    if (loop.guest_ != nullptr) throw LoopError("this event loop is a guest already");
    impl_ = std::make_unique<Impl>(loop);
    loop.guest_ = this;
    loop.set_asleep(true);
    impl_->ring();  // for the first pump()
}

Guest::~Guest() {
    if (!impl_) return;
    if (!impl_->loop.is_ours()) {  // in a forked child
        (void)impl_.release();
        return;
    }
    impl_->loop.guest_ = nullptr;
    impl_->loop.set_asleep(false);
}

void Guest::on_loop_gone() noexcept {
    if (!impl_->loop.is_ours()) return (void)impl_.release();
    impl_->loop.guest_ = nullptr;
    impl_.reset();
}

/// The loop has run by itself: what it left to do, and its deadlines, are the host's to wait for again.
void Guest::wake() noexcept { impl_->ring(); }

int Guest::fd() const { return impl_ ? impl_->fd() : -1; }

void Guest::pump() {
    if (!impl_) throw LoopError("the event loop of this guest is gone");
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
        impl_->ring();
        throw;
    }
    impl_->ring();
}

}  // namespace girin
