#include "tests/loop/virtual_loop.hpp"

#include <algorithm>

namespace girin::test {

VirtualLoop::~VirtualLoop() { close_from_destructor(); }

void VirtualLoop::select(std::optional<TimePoint> until) {
    if (!io_.empty()) return schedule_all(io_);
    if (std::exchange(woken_, false)) return;
    if (!until) throw Hang();
    now_ = std::max(now_, *until);
}

}  // namespace girin::test
