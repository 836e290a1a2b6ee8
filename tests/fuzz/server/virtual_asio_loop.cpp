#include "tests/fuzz/server/virtual_asio_loop.hpp"

#include <algorithm>

namespace girin::test {

bool VirtualAsioLoop::run_until(TimePoint horizon) {
    horizon_ = std::max(clock_, horizon);
    turns_end_ = turns_ + kMostTurns;
    run_forever();
    return turns_ < turns_end_;
}

void VirtualAsioLoop::run_turns(int count) {
    horizon_ = clock_;
    for (int i = 0; i < count; ++i) {
        stop();  // before a run: that run makes one turn
        run_forever();
    }
}

void VirtualAsioLoop::select(std::optional<TimePoint> until) {
    ++turns_;
    AsioLoop::select(TimePoint::min());
    if (turns_ == turns_end_) return stop();
    if (has_ready() || (until && *until <= clock_)) return;
    if (until && *until <= horizon_) {
        clock_ = *until;
        return;
    }
    clock_ = horizon_;
    stop();
}

}  // namespace girin::test
