#include "supervisor/upgrade/way_back.hpp"

#include <algorithm>

namespace girin {

Result<WayBack> WayBack::keep(const Handover& handover) {
    WayBack back;
    back.handover_ = handover;
    back.binary_.reset(handover.binary_fd);
    back.handover_.binary_fd = -1;  // there is no way back from the way back
    std::vector<int*> fds = {&back.handover_.pidfile_fd, &back.handover_.requests_fd};
    for (HandoverSocket& socket : back.handover_.sockets) fds.push_back(&socket.fd);
    for (HandoverSocket& socket : back.handover_.control) fds.push_back(&socket.fd);
    for (Elder& elder : back.handover_.elders) fds.push_back(&elder.channel_fd);
    for (int* const fd : fds) {
        if (auto copied = back.copy(*fd); !copied) return copied.error();
    }
    return back;
}

Result<void> WayBack::copy(int& fd) {
    if (fd < 0) return {};
    auto copied = duplicate(fd);
    if (!copied) return copied.error();
    fd = copied->get();
    copies_.push_back(std::move(*copied));
    return {};
}

Error WayBack::go(const ProgramStart& program, const std::string& why) const {
    Handover handover = handover_;
    handover.failure = why;
    std::ranges::replace_if(handover.failure, [](char c) { return c == '\n' || c == '\t'; }, ' ');
    return execute_program("/proc/self/fd/" + std::to_string(binary_.get()), program, handover);
}

void WayBack::forget() {
    copies_.clear();
    binary_.reset();
}

}  // namespace girin
