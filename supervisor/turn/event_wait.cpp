#include "supervisor/turn/event_wait.hpp"

#include <sys/epoll.h>

#include <array>
#include <cerrno>

namespace girin {
namespace {

std::uint64_t pack(ReadySource source) {
    return static_cast<std::uint64_t>(source.kind) << 32 | source.id;
}

ReadySource unpack(std::uint64_t data) {
    return {static_cast<SourceKind>(data >> 32), static_cast<std::uint32_t>(data)};
}

}  // namespace

Result<EventWait> EventWait::open() {
    EventWait wait;
    wait.epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
    if (!wait.epoll_) return Error::from_errno(errno, "open epoll");
    return wait;
}

Result<void> EventWait::add(int fd, ReadySource source) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = pack(source);
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        return Error::from_errno(errno, "watch descriptor", std::to_string(fd));
    }
    return {};
}

void EventWait::remove(int fd) {
    if (fd >= 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

std::vector<ReadySource> EventWait::wait(Os& os, std::optional<TimePoint> deadline) {
    std::array<epoll_event, 64> events;
    std::vector<ReadySource> ready;
    const auto count = os.wait_events(epoll_.get(), events, deadline);
    if (!count) return ready;
    for (std::size_t i = 0; i < *count; ++i) ready.push_back(unpack(events[i].data.u64));
    return ready;
}

}  // namespace girin
