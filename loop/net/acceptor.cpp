#include "loop/net/acceptor.hpp"

#include <sys/socket.h>

#include <cerrno>

#include "loop/asio_loop.hpp"

namespace girin {
namespace {

bool is_exhaustion(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

Acceptor::Acceptor(AsioLoop& loop, UniqueFd fd, Sink& sink)
    : descriptor_(loop, std::move(fd), Descriptor::Kind::listener), sink_(sink) {
    descriptor_.start(Direction::read, *this);  // stays on the queue: perform() never finishes
}

Acceptor::~Acceptor() = default;

void Acceptor::arm() {
    since_armed_ = 0;
    descriptor_.arm();
}

int Acceptor::accept_one(Accepted& connection) noexcept {
    for (;;) {
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        const int fd = ::accept4(descriptor_.fd(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            connection.fd.reset(fd);
            connection.peer = Address::from_sockaddr(peer);
            return 0;
        }
        const int error = errno;
        // Any other error belongs to that one connection, which is gone (accept(2), "Error handling").
        if (error == EAGAIN || error == EBADF || error == EINVAL || is_exhaustion(error)) return error;
    }
}

IoStatus Acceptor::perform(Readiness) noexcept {
    if (!descriptor_.is_armed() && !is_scheduled()) return IoStatus::pending;
    while (taken_count_ < kPerWake) {
        const int error = accept_one(taken_[taken_count_]);
        if (error != 0) {
            if (is_exhaustion(error)) exhausted_ = error;
            break;
        }
        ++taken_count_;
    }
    if ((taken_count_ > 0 || exhausted_ != 0) && !is_scheduled()) descriptor_.loop().schedule(*this);
    return IoStatus::pending;
}

void Acceptor::complete(bool) noexcept {}

void Acceptor::run() {
    const std::size_t count = std::exchange(taken_count_, 0);
    since_armed_ += count;
    if (std::exchange(exhausted_, 0) != 0) {
        disarm();
        sink_.on_exhausted(*this, EMFILE);
    } else if (is_armed() && since_armed_ >= kAcceptsPerTurn) {
        arm();
    }
    for (std::size_t i = 0; i < count; ++i) sink_.on_accepted(*this, std::move(taken_[i]));
}

std::size_t Acceptor::accept_pending(std::size_t most) {
    std::size_t count = 0;
    for (; count < most; ++count) {
        Accepted connection;
        if (accept_one(connection) != 0) break;
        sink_.on_accepted(*this, std::move(connection));
    }
    return count;
}

}  // namespace girin
