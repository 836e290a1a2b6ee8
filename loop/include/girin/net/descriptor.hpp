#pragma once

// Descriptor: a file descriptor on the loop's reactor, and operations that are tried when it may be ready. The
// ground under Stream, Acceptor and every other thing that waits for a descriptor; nothing is allocated for an
// operation.

#include <cstdint>
#include <memory>

#include "girin/base/unique_fd.hpp"
#include "girin/loop/process_check.hpp"

namespace girin {

class AsioLoop;

/// What the kernel told with the wake-up.
struct Readiness {
    bool event = false;          // told just now; else the operation is tried because nobody knows
    bool peer_finished = false;  // the other side has shut its sending down
    bool hung_up = false;        // reset, or closed both ways
};

enum class IoStatus {
    pending,  // not now: stay on the queue
    done,     // there may be more
    drained,  // done, and the kernel had no more: don't try again before it says so
};

/// One operation that waits for a descriptor. Lives at least until complete() was called or its Descriptor is gone.
class IoOp {
  public:
    /// Tries without blocking, in the midst of the reactor: may schedule on the loop, may not start or cancel
    /// operations.
    virtual IoStatus perform(Readiness readiness) noexcept = 0;
    /// It performed, or (`aborted`) was cancelled before. On the loop's thread, outside the reactor.
    virtual void complete(bool aborted) noexcept = 0;

  protected:
    ~IoOp() = default;
};

enum class Direction : unsigned char { read, write };

class Descriptor {
  public:
    enum class Kind : std::uint8_t {
        stream,    // edge-triggered; one operation a direction
        listener,  // shared with other processes: woken one at a time, and only while armed
    };

    /// Owns: `fd`, non-blocking. Errors: std::system_error when the kernel takes no more watches.
    Descriptor(AsioLoop& loop, UniqueFd fd, Kind kind = Kind::stream, OpenedMark opened = {});
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    /// Operations that wait are dropped without a call. Takes the descriptor off the reactor before closing it, where a
    /// forked child, or a duplicate, may keep it there. May outlive its loop; starting and arming are bugs then.
    ~Descriptor();

    int fd() const;
    AsioLoop& loop() const;
    /// Ends a forked child that uses its parent's descriptor; closing its copy is well.
    void check_process() const noexcept;
    /// Closing it may not end what it is connected to; see OpenedMark.
    bool may_be_shared() const noexcept;

    /// Tries `op` if the descriptor may be ready, and queues it. At most one a direction.
    void start(Direction direction, IoOp& op);
    /// The operation completes as aborted, unless it has performed already; either way complete() follows.
    void cancel(Direction direction);
    bool is_pending(Direction direction) const;

    /// Listeners only: while armed, a connection that arrives wakes one of the processes that wait for it. Arming
    /// puts this process behind the others.
    void arm();
    void disarm();
    bool is_armed() const;

  private:
    struct Impl;
    Impl* impl_;  // deletes itself once the reactor has let go of its operations
};

}  // namespace girin
