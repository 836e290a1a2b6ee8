#pragma once

// Stream: a connected TCP or Unix socket. One can wait for it to become readable and take a buffer only then, so
// that an idle connection holds none; writes are tried at once. Not here: framing, timeouts.

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "girin/loop/suspension.hpp"
#include "girin/net/descriptor.hpp"

namespace girin {

/// How a read or a write ended: bytes moved, or an errno.
struct IoResult {
    std::size_t bytes = 0;
    int error = 0;  // 0: none. A read of 0 bytes without error: the peer has finished sending
};

/// Told when the other side goes away while nobody reads.
class HangupListener {
  public:
    /// `reset`: nothing can be sent any more. Else the peer has only shut its sending down.
    virtual void on_hangup(bool reset) noexcept = 0;

  protected:
    ~HangupListener() = default;
};

class Stream {
  public:
    class ReceiveAwaiter;
    class SendAwaiter;

    /// Owns: `fd`, a connected non-blocking socket. Where `opened` tells that nobody else has it, its end costs less.
    Stream(AsioLoop& loop, UniqueFd fd, OpenedMark opened = {});
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    /// Closes it. What waits in receive or send ends with ECANCELED.
    ~Stream();

    int fd() const { return descriptor_.fd(); }

    /// Waits until try_receive() may give something: bytes, the end, or an error. ECANCELED after abort().
    ReceiveAwaiter readable();
    /// Never waits. Errors: EAGAIN when nothing is there.
    IoResult try_receive(std::span<char> buffer);
    /// The last read filled its buffer: there may be more without waiting.
    bool may_have_more() const { return maybe_readable_; }
    /// Waits for at least one byte, or the end. At most one of readable() and receive() at a time.
    /// Owns: `buffer`, not empty, until the await ends.
    /// Cancel: bytes that have come are delivered, and the request waits for the next await.
    ReceiveAwaiter receive(std::span<char> buffer);

    /// Sends all of it, waiting as often as needed. At most one at a time. The bytes must live until the await ends.
    /// Errors: IoResult::error, EPIPE or ECONNRESET when the peer is gone; bytes says how many the kernel took.
    /// Cancel: a part may have been sent; the stream should be closed.
    SendAwaiter send(std::string_view bytes);
    SendAwaiter send(std::string_view first, std::string_view second);
    /// Sends what the kernel takes now, without waiting; EAGAIN is no error here.
    IoResult try_send(std::string_view first, std::string_view second = {});

    /// So many bytes the kernel has taken since the beginning.
    std::uint64_t bytes_sent() const { return bytes_sent_; }
    /// And so many of them the peer: tells whether a slow one moves at all. The kernel may hold megabytes in between.
    /// A system call.
    std::uint64_t bytes_taken() const;
    /// The peer has shut its sending down, or is gone, as far as the kernel has told. What it sent before may still
    /// be unread.
    bool peer_finished() const { return peer_finished_; }

    /// Until unwatch(), or a receive(), `listener` is told when the peer goes.
    void watch(HangupListener& listener);
    void unwatch() { read_op_.listener = nullptr; }

    /// The other side reads end-of-file; receiving goes on.
    void shutdown_send();
    /// Closing will reset the connection, and drop what is not sent yet: the other side can't take that for a proper
    /// end.
    void reset_on_close();
    /// The end of the connection, whoever else holds it (a forked child): both ways shut, or, after reset_on_close(),
    /// reset. To be called just before it is destroyed.
    void end();
    /// What waits in receive or send ends with ECANCELED.
    void abort();

  private:
    class Awaiter;
    // Reading or writing, for the task that waits for it, if one does.
    class Op : public IoOp {
      public:
        Awaiter* awaiter = nullptr;

      protected:
        ~Op() = default;
    };
    // A read that waits for a receiver, or for the peer to go.
    class ReadOp final : public Op {
      public:
        explicit ReadOp(Stream& owner) : stream(owner) {}
        IoStatus perform(Readiness readiness) noexcept override;
        void complete(bool aborted) noexcept override;

        Stream& stream;
        HangupListener* listener = nullptr;
        bool hung_up = false;
        bool finished_told = false;  // to the listener
    };
    class WriteOp final : public Op {
      public:
        IoStatus perform(Readiness readiness) noexcept override;
        void complete(bool aborted) noexcept override;
    };

    Op& op(Direction direction);

    Descriptor descriptor_;
    ReadOp read_op_{*this};
    WriteOp write_op_;
    bool maybe_readable_ = true;   // as far as we know: no read has come back empty or short since the kernel spoke
    bool peer_finished_ = false;
    bool resets_ = false;
    std::uint64_t bytes_sent_ = 0;
};

/// What waiting to receive and waiting to send have in common: one task a direction, whose wait the stream ends.
class Stream::Awaiter : public Suspension {
  public:
    bool await_suspend(std::coroutine_handle<> awaiting);
    IoResult await_resume();

  private:
    friend class Stream;

    /// With what it performed, or else ECANCELED.
    void end_wait() noexcept;
    bool request_cancel() override;

    // First, with the two behind them: they find room behind Suspension's last member.
    bool waits_ = false;  // the stream knows of it, and is there
    bool cancelled_ = false;

  protected:
    Awaiter(Stream& stream, Direction direction) : direction_(direction), stream_(stream) {}
    Awaiter(Awaiter&& unawaited) noexcept = default;
    ~Awaiter();

    bool finished_ = false;  // performed, or ended by the stream: result_ holds
    const Direction direction_;
    Stream& stream_;
    IoResult result_;
};

class [[nodiscard]] Stream::ReceiveAwaiter final : public Awaiter {
  public:
    /// Without a buffer it waits, and leaves the bytes where they are.
    ReceiveAwaiter(Stream& stream, std::span<char> buffer) : Awaiter(stream, Direction::read), buffer_(buffer) {}
    ReceiveAwaiter(ReceiveAwaiter&& unawaited) noexcept = default;

    bool await_ready() noexcept { return stream_.maybe_readable_ && try_receive(true) != IoStatus::pending; }

  private:
    friend class Stream::ReadOp;

    IoStatus try_receive(bool likely) noexcept;

    std::span<char> buffer_;
};

class [[nodiscard]] Stream::SendAwaiter final : public Awaiter {
  public:
    SendAwaiter(Stream& stream, std::string_view first, std::string_view second)
        : Awaiter(stream, Direction::write), parts_{first, second} {}
    SendAwaiter(SendAwaiter&& unawaited) noexcept = default;

    /// Sends at once what the kernel takes; usually that is all.
    bool await_ready() noexcept { return try_send() != IoStatus::pending; }

  private:
    friend class Stream::WriteOp;

    IoStatus try_send() noexcept;

    std::array<std::string_view, 2> parts_;
};

inline Stream::ReceiveAwaiter Stream::readable() { return ReceiveAwaiter(*this, {}); }
inline Stream::ReceiveAwaiter Stream::receive(std::span<char> buffer) { return ReceiveAwaiter(*this, buffer); }
inline Stream::SendAwaiter Stream::send(std::string_view bytes) { return SendAwaiter(*this, bytes, {}); }
inline Stream::SendAwaiter Stream::send(std::string_view first, std::string_view second) {
    return SendAwaiter(*this, first, second);
}

}  // namespace girin
