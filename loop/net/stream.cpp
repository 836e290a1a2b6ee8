#include "girin/net/stream.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "girin/base/check.hpp"
#include "girin/loop/asio_loop.hpp"
#include "girin/loop/cancel.hpp"
#include "girin/loop/task.hpp"

namespace girin {
namespace {

/// Sends what the kernel takes of two parts, and cuts that off them.
IoResult send_parts(int fd, std::array<std::string_view, 2>& parts) noexcept {
    iovec vectors[2];
    for (std::size_t i = 0; i < 2; ++i) vectors[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
    msghdr message{};
    message.msg_iov = vectors;
    message.msg_iovlen = parts[1].empty() ? 1 : 2;
    ssize_t sent;
    do {
        sent = message.msg_iovlen == 1 ? ::send(fd, parts[0].data(), parts[0].size(), MSG_NOSIGNAL)
                                       : ::sendmsg(fd, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    IoResult result;
    if (sent < 0) {
        if (errno != EAGAIN) result.error = errno;
        return result;
    }
    result.bytes = static_cast<std::size_t>(sent);
    const std::size_t of_first = std::min(result.bytes, parts[0].size());
    parts[0].remove_prefix(of_first);
    parts[1].remove_prefix(result.bytes - of_first);
    return result;
}

}  // namespace

Stream::Stream(AsioLoop& loop, UniqueFd fd, OpenedMark opened)
    : descriptor_(loop, std::move(fd), Descriptor::Kind::stream, opened) {}

Stream::~Stream() {
    if (read_op_.awaiter != nullptr) read_op_.awaiter->end_wait();
    if (write_op_.awaiter != nullptr) write_op_.awaiter->end_wait();
}

Stream::Op& Stream::op(Direction direction) {
    if (direction == Direction::read) return read_op_;
    return write_op_;
}

IoResult Stream::try_send(std::string_view first, std::string_view second) {
    descriptor_.check_process();
    std::array<std::string_view, 2> parts{first, second};
    const IoResult result = send_parts(fd(), parts);
    bytes_sent_ += result.bytes;
    return result;
}

std::uint64_t Stream::bytes_taken() const {
    int waiting = 0;
    if (::ioctl(fd(), SIOCOUTQ, &waiting) != 0) return bytes_sent_;
    return bytes_sent_ - std::min(bytes_sent_, static_cast<std::uint64_t>(waiting));
}

void Stream::shutdown_send() { ::shutdown(fd(), SHUT_WR); }

void Stream::reset_on_close() {
    const linger at_once{1, 0};
    ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    resets_ = true;
}

void Stream::end() {
    descriptor_.check_process();
    const sockaddr nowhere{AF_UNSPEC, {}};
    if (resets_ && ::connect(fd(), &nowhere, sizeof nowhere) == 0) return;  // TCP: reset at once
    if (descriptor_.may_be_shared()) ::shutdown(fd(), SHUT_RDWR);  // else closing it, which comes next, does the same
}

void Stream::abort() {
    if (read_op_.awaiter != nullptr) descriptor_.cancel(Direction::read);
    if (write_op_.awaiter != nullptr) descriptor_.cancel(Direction::write);
}

void Stream::watch(HangupListener& listener) {
    read_op_.listener = &listener;
    if (!descriptor_.is_pending(Direction::read)) descriptor_.start(Direction::read, read_op_);
}

// --- waiting

bool Stream::Awaiter::await_suspend(std::coroutine_handle<> awaiting) {
    if (!attach(awaiting)) return false;
    Op& op = stream_.op(direction_);
    GIRIN_CHECK(op.awaiter == nullptr, "one task at a time receives on a stream, and one sends");
    if (direction_ == Direction::read) stream_.unwatch();
    op.awaiter = this;
    waits_ = true;
    // One that watched for the peer, or whose awaiter was destroyed, is still on the queue and now works for this one.
    if (!stream_.descriptor_.is_pending(direction_)) stream_.descriptor_.start(direction_, op);
    return true;
}

IoResult Stream::Awaiter::await_resume() {
    check_cancelled();
    if (cancelled_) {
        if (result_.error == ECANCELED) throw Cancelled{};
        keep_cancel_request();
    }
    return result_;
}

bool Stream::Awaiter::request_cancel() {
    if (finished_) return false;
    if (!cancelled_) stream_.descriptor_.cancel(direction_);
    cancelled_ = true;
    return true;
}

Stream::Awaiter::~Awaiter() {
    if (waits_) stream_.op(direction_).awaiter = nullptr;
}

void Stream::Awaiter::end_wait() noexcept {
    waits_ = false;
    stream_.op(direction_).awaiter = nullptr;
    if (!finished_) result_.error = ECANCELED;
    finished_ = true;
    task()->loop().schedule(*this);
}

// --- reading

IoStatus Stream::ReadOp::perform(Readiness readiness) noexcept {
    hung_up = hung_up || readiness.hung_up;
    stream.peer_finished_ = stream.peer_finished_ || readiness.peer_finished || readiness.hung_up;
    if (awaiter != nullptr) return static_cast<ReceiveAwaiter*>(awaiter)->try_receive(readiness.event);
    stream.maybe_readable_ = true;
    const bool news = readiness.hung_up || (readiness.peer_finished && !finished_told);
    return listener != nullptr && news ? IoStatus::done : IoStatus::pending;
}

void Stream::ReadOp::complete(bool aborted) noexcept {
    if (awaiter != nullptr) {
        // What it performed may have been for the listener, before there was a receiver.
        if (!aborted && !awaiter->finished_) return stream.descriptor_.start(Direction::read, *this);
        return awaiter->end_wait();
    }
    if (aborted || listener == nullptr) return;
    finished_told = true;
    if (!hung_up) stream.descriptor_.start(Direction::read, *this);  // a reset may follow
    listener->on_hangup(hung_up);
}

IoResult Stream::try_receive(std::span<char> buffer) {
    descriptor_.check_process();
    ssize_t received;
    do {
        received = ::recv(fd(), buffer.data(), buffer.size(), 0);
    } while (received < 0 && errno == EINTR);
    IoResult result;
    result.error = received < 0 ? errno : 0;
    result.bytes = received > 0 ? static_cast<std::size_t>(received) : 0;
    // A short read means that no more is there. A peer that has finished leaves no second wake-up behind, though: its
    // end-of-file is fetched without one.
    const bool drained = result.bytes < buffer.size() && result.error != EAGAIN && !peer_finished_;
    maybe_readable_ = !drained && result.error != EAGAIN;
    return result;
}

IoStatus Stream::ReceiveAwaiter::try_receive(bool likely) noexcept {
    char peeked;
    if (!buffer_.empty()) {
        result_ = stream_.try_receive(buffer_);
        if (result_.error == EAGAIN) {
            result_.error = 0;
            return IoStatus::pending;
        }
    } else if (!likely && ::recv(stream_.fd(), &peeked, 1, MSG_PEEK) < 0 && errno == EAGAIN) {
        return IoStatus::pending;
    } else {
        stream_.maybe_readable_ = true;
    }
    finished_ = true;
    return IoStatus::drained;  // whether there is more is ours to remember, not the reactor's
}

// --- writing

IoStatus Stream::WriteOp::perform(Readiness) noexcept {
    return awaiter != nullptr ? static_cast<SendAwaiter*>(awaiter)->try_send() : IoStatus::done;
}

void Stream::WriteOp::complete(bool aborted) noexcept {
    if (awaiter == nullptr) return;
    if (!aborted && !awaiter->finished_) return awaiter->stream_.descriptor_.start(Direction::write, *this);
    awaiter->end_wait();
}

IoStatus Stream::SendAwaiter::try_send() noexcept {
    stream_.descriptor_.check_process();
    const IoResult step = send_parts(stream_.fd(), parts_);
    stream_.bytes_sent_ += step.bytes;
    result_.bytes += step.bytes;
    result_.error = step.error;
    finished_ = step.error != 0 || (parts_[0].empty() && parts_[1].empty());
    return finished_ ? IoStatus::done : IoStatus::pending;
}

}  // namespace girin
