#pragma once

// Acceptor: takes connections off a listening socket that other processes share. The kernel wakes one process a
// connection, passing over those that are busy or stopped (loop/DESIGN.md, "The reactor seam"); what it takes is handed over
// a few at a time.

#include <array>

#include "girin/loop/runnable.hpp"
#include "girin/net/address.hpp"
#include "girin/net/descriptor.hpp"

namespace girin {

/// A connection as it was accepted: non-blocking, close-on-exec.
struct Accepted {
    UniqueFd fd;
    Address peer;
    OpenedMark opened;

    Accepted() = default;
    Accepted(UniqueFd f, Address p) : fd(std::move(f)), peer(p) {}
};

class Acceptor final : private IoOp, private Runnable {
  public:
    class Sink {
      public:
        /// Must not throw, nor destroy the acceptor.
        virtual void on_accepted(Acceptor& acceptor, Accepted connection) = 0;
        /// The process or the system has no more descriptors or memory (EMFILE, ENFILE, ENOBUFS, ENOMEM), accepting is
        /// forbidden (EPERM, EACCES), the socket listens no more (EINVAL), or one client after the other was gone.
        /// The acceptor has disarmed itself; arm() it again when there is hope.
        virtual void on_exhausted(Acceptor& acceptor, int errno_value) = 0;

      protected:
        ~Sink() = default;
    };

    /// Owns: `fd`, a non-blocking listening socket (a duplicate, where the original is to stay). Starts disarmed.
    Acceptor(AsioLoop& loop, UniqueFd fd, Sink& sink);
    /// Closes what it took and has not handed over yet: disarm() and accept_pending() come first.
    ~Acceptor();

    int fd() const { return descriptor_.fd(); }
    void arm();
    /// What was taken before is still handed over.
    void disarm() { descriptor_.disarm(); }
    bool is_armed() const { return descriptor_.is_armed(); }

    /// Hands over what was taken, then takes and hands over, armed or not, until the queue is empty or `most` were.
    /// Returns how many.
    std::size_t accept_pending(std::size_t most);
    /// The last attempt to accept failed for want of descriptors or memory.
    bool lacks_room() const;
    /// The kernel has somebody for us, or for a sibling. A system call.
    bool has_waiting() const;

  private:
    // Taken in one wake-up; the rest is left to siblings that wait.
    static constexpr std::size_t kPerWake = 4;
    // After so many the listener goes behind its siblings, who would else never be woken: the first waiter always wins.
    static constexpr std::size_t kAcceptsPerTurn = 16;
    // Connections in a row that are gone already; more, and it may be no client's fault.
    static constexpr std::size_t kGoneInARow = 64;

    IoStatus perform(Readiness readiness) noexcept override;
    void complete(bool aborted) noexcept override;
    void run() override;
    /// 0, or the errno that ended it; EAGAIN when the queue is empty.
    int accept_one(Accepted& connection) noexcept;
    std::size_t hand_over();

    Descriptor descriptor_;
    Sink& sink_;
    std::array<Accepted, kPerWake> taken_;
    std::size_t taken_count_ = 0;
    std::size_t since_armed_ = 0;
    int exhausted_ = 0;
    int last_error_ = 0;
    bool handing_over_ = false;
};

}  // namespace girin
