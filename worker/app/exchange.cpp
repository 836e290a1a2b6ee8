#include "worker/app/exchange.hpp"

#include <algorithm>

namespace girin {

/// As a string grows by itself, but never beyond what is still to come, and only while the worker has room for it.
void Exchange::make_room_in(std::string& whole, std::size_t more_bytes, std::size_t max_bytes) {
    const std::size_t needed = whole.size() + more_bytes;
    if (needed <= whole.capacity()) return;
    std::size_t room = std::min(std::max(needed, 2 * whole.capacity()), std::max(needed, max_bytes));
    if (const auto left = body_bytes_left()) room = static_cast<std::size_t>(std::min<std::uint64_t>(room, needed + *left));
    hold_body(body_share_, room - (whole.empty() ? 0 : whole.capacity()));
    whole.reserve(room);
}

void Exchange::require_body_within(std::uint64_t bytes, std::size_t max_bytes) {
    if (bytes > max_bytes) throw BodyError(413, "the body is larger than " + std::to_string(max_bytes) + " bytes");
}

Future<void> Exchange::draining() {
    if (!draining_ || draining_.cancelled()) draining_ = Future<void>(EventLoop::running());
    if (is_draining()) tell_draining();
    return draining_;
}

void Exchange::forget_draining() {
    draining_.cancel();
    draining_ = {};
}

}  // namespace girin
