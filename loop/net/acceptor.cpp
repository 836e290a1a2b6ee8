#include "girin/net/acceptor.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>

#include "girin/base/check.hpp"
#include "girin/loop/asio_loop.hpp"

namespace girin {
namespace {

bool is_among(int error, std::initializer_list<int> errors) {
    return std::find(errors.begin(), errors.end(), error) != errors.end();
}

/// Errors of one connection that is gone already; the next one may be well (accept(2), "Error handling"). What is forbidden
/// (EPERM, EACCES, ENOSYS: a security module or a sandbox) isn't among them: it is so for the next one, too.
bool concerns_one_connection(int error) {
    return is_among(error, {EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH,
                            EOPNOTSUPP, ENETUNREACH, ETIMEDOUT});
}

}  // namespace

Acceptor::Acceptor(AsioLoop& loop, UniqueFd fd, Sink& sink)
    : descriptor_(loop, std::move(fd), Descriptor::Kind::listener), sink_(sink) {
    descriptor_.start(Direction::read, *this);  // stays on the queue: perform() never finishes
}

Acceptor::~Acceptor() {
    GIRIN_CHECK(!handing_over_, "an acceptor is not destroyed by the sink that it hands a connection to");
}

void Acceptor::arm() {
    since_armed_ = 0;
    descriptor_.arm();
}

bool Acceptor::lacks_room() const { return is_among(last_error_, {EMFILE, ENFILE, ENOBUFS, ENOMEM}); }

bool Acceptor::has_waiting() const {
    pollfd queue{descriptor_.fd(), POLLIN, 0};
    return ::poll(&queue, 1, 0) > 0;
}

int Acceptor::accept_one(Accepted& connection) noexcept {
    last_error_ = 0;
    for (std::size_t gone = 0;; ++gone) {
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        connection.opened = OpenedMark::now();
        const int fd = ::accept4(descriptor_.fd(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            connection.fd.reset(fd);
            connection.peer = Address::from_sockaddr(peer);
            return 0;
        }
        last_error_ = errno;
        if (!concerns_one_connection(last_error_) || gone == kGoneInARow) return last_error_;
    }
}

IoStatus Acceptor::perform(Readiness) noexcept {
    if (!is_armed() || exhausted_ != 0) return IoStatus::pending;
    while (taken_count_ < kPerWake) {
        const int error = accept_one(taken_[taken_count_]);
        if (error == 0) {
            ++taken_count_;
            continue;
        }
        if (error != EAGAIN) exhausted_ = error;
        break;
    }
    if ((taken_count_ > 0 || exhausted_ != 0) && !is_scheduled()) descriptor_.loop().schedule(*this);
    return IoStatus::pending;
}

void Acceptor::complete(bool) noexcept {}

void Acceptor::run() {
    const int exhausted = std::exchange(exhausted_, 0);
    since_armed_ += taken_count_;
    if (exhausted != 0) {
        disarm();
    } else if (is_armed() && since_armed_ >= kAcceptsPerTurn) {
        arm();
    }
    hand_over();
    if (exhausted != 0) sink_.on_exhausted(*this, exhausted);
}

std::size_t Acceptor::hand_over() {
    const std::size_t count = std::exchange(taken_count_, 0);
    handing_over_ = true;
    try {
        for (std::size_t i = 0; i < count; ++i) sink_.on_accepted(*this, std::move(taken_[i]));
    } catch (...) {
        handing_over_ = false;
        throw;
    }
    handing_over_ = false;
    return count;
}

std::size_t Acceptor::accept_pending(std::size_t most) {
    std::size_t count = hand_over();
    for (; count < most; ++count) {
        Accepted connection;
        if (accept_one(connection) != 0) break;
        sink_.on_accepted(*this, std::move(connection));
    }
    return count;
}

}  // namespace girin
