// The guest, whatever it sleeps on.

#include "loop/guest.hpp"

#if GIRIN_ASIO_INTERNALS
#include "loop/guest_reactor.hpp"
#else
#include "loop/guest_public.hpp"
#endif

namespace girin {

Guest::Guest(AsioLoop& loop) {
    if (loop.is_running()) throw LoopError("a loop that runs can't be a guest");
    impl_ = std::make_unique<Impl>(loop);
    loop.set_asleep(true);
    impl_->ring();  // for the first pump()
}

Guest::~Guest() { impl_->loop.set_asleep(false); }

int Guest::fd() const { return impl_->fd(); }

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
        impl_->ring();
        throw;
    }
    impl_->ring();
}

}  // namespace girin
