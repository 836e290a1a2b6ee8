#pragma once

// FuzzClient: one end of a connection, in the session's own thread. What it is to send waits in a queue, and goes out in
// pieces; it reads only when it is told to.

#include <string>

#include "girin/base/clock.hpp"
#include "girin/base/unique_fd.hpp"

namespace girin::test {

class FuzzClient {
  public:
    /// Connects to the abstract Unix socket of that name. `number`: among all connections of the session, from 1 on.
    FuzzClient(const std::string& name, unsigned number, TimePoint now);

    unsigned number() const { return number_; }
    bool is_open() const { return static_cast<bool>(fd_); }
    bool has_ended() const { return ended_; }
    /// For the server to do something, or to end.
    bool waits() const { return is_open() && !ended_; }

    void queue(std::string_view bytes) { queued_.append(bytes); }
    std::string& queued() { return queued_; }
    /// Sends up to so many of them, as far as the kernel takes them. Returns how many.
    std::size_t send(std::size_t most);
    /// Takes up to so many bytes. False: nothing was there.
    bool receive(std::size_t most, TimePoint now);
    const std::string& received() const { return received_; }

    void half_close(TimePoint now);
    /// TimePoint::max(): it has not.
    TimePoint half_closed_at() const { return half_closed_at_; }
    TimePoint received_at() const { return received_at_; }
    void close() { fd_.reset(); }

    /// When the server last did something for it, or something was done that it has to do.
    TimePoint progress() const { return progress_; }
    void note_progress(TimePoint now) { progress_ = now; }

    bool reads = true;
    bool is_judged = false;      // what it received
    bool may_have_body = false;  // then the server may have more patience than with a head
    std::uint8_t requests = 0;   // composed

  private:
    unsigned number_;
    UniqueFd fd_;
    std::string queued_;
    std::string received_;
    bool ended_ = false;
    TimePoint half_closed_at_ = TimePoint::max();
    TimePoint received_at_{};
    TimePoint progress_;
};

}  // namespace girin::test
