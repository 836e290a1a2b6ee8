#include "worker/testing/virtual_loop.hpp"

#include <algorithm>

#include "girin/testing.hpp"

namespace girin::testing {

VirtualLoop::VirtualLoop() { set_executor_observer(&jobs_); }
VirtualLoop::~VirtualLoop() { close_from_destructor(); }

void VirtualLoop::Jobs::pool_changed(const PoolState& state) noexcept {
    const std::lock_guard lock(loop_.mutex_);
    loop_.in_hand_ = state.busy + state.queued;
    loop_.changed_.notify_all();
}

void VirtualLoop::change_paused(int by) noexcept {
    const std::lock_guard lock(mutex_);
    paused_ += static_cast<std::size_t>(by);
    changed_.notify_all();
}

bool VirtualLoop::somebody_works() const { return in_hand_ > std::min(paused_, stalled_); }

void VirtualLoop::select(std::optional<TimePoint> until) {
    std::unique_lock lock(mutex_);
    if (until && *until <= now_) return;
    changed_.wait(lock, [this] { return woken_ || !somebody_works(); });
    if (std::exchange(woken_, false)) return;
    if (!until) throw Hang("nothing is ready, no timer runs and no job: the handler would wait for ever");
    now_ = *until;
}

void VirtualLoop::wake_up() noexcept {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
}

VirtualLoop::Stall::Stall(VirtualLoop* loop) : loop_(loop) {
    if (loop_ == nullptr) return;
    const std::lock_guard lock(loop_->mutex_);
    ++loop_->stalled_;
}

VirtualLoop::Stall::~Stall() {
    if (loop_ == nullptr) return;
    const std::lock_guard lock(loop_->mutex_);
    --loop_->stalled_;
}

}  // namespace girin::testing
