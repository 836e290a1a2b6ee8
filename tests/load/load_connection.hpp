#pragma once

// LoadConnection: one client connection that sends a request at a time and says how it ended. Not here: waiting for
// descriptors, and when to send (load_client.hpp).

#include <optional>
#include <string>

#include "girin/base/unique_fd.hpp"
#include "tests/load/load_request.hpp"

namespace girin::load {

/// How a request ended, and a word on why.
struct Ended {
    Outcome outcome{};
    std::string detail;

    Ended(Outcome how, std::string why) : outcome(how), detail(std::move(why)) {}
};

class LoadConnection {
  public:
    /// What an event did to a connection that has no request.
    enum class Idle { alive, closed, reset };

    /// Owns `fd`, a non-blocking socket that connects or is connected. Not `kept`: its one request asks for the close.
    LoadConnection(UniqueFd fd, bool kept) : fd_(std::move(fd)), kept_(kept) {}

    int fd() const { return fd_.get(); }
    bool kept() const { return kept_; }
    bool busy() const { return request_ != nullptr; }
    bool wants_to_write() const { return busy() && (connecting_ || unsent_ > 0); }
    /// Whether another request may be sent on it.
    bool reusable() const { return reusable_; }
    /// When the request that runs now was due.
    TimePoint due() const { return due_; }

    /// Begins `request` (borrowed until it ended); what can be sent goes out at once. nullopt: it runs.
    std::optional<Ended> begin(const LoadRequest& request, TimePoint due);
    /// The socket is readable, writable or broken. nullopt: the request runs on.
    std::optional<Ended> on_event();
    /// Looks at a connection without a request.
    Idle look_when_idle() const;

  private:
    std::optional<Ended> finish_connect();
    void send_more();
    std::optional<Ended> receive();
    Ended on_end_of_stream(int error);
    Ended end(Outcome outcome, std::string detail);

    UniqueFd fd_;
    bool kept_;
    bool connecting_ = true;
    bool used_ = false;  // an answer has come on it
    bool reusable_ = false;
    const LoadRequest* request_ = nullptr;
    std::size_t unsent_ = 0;
    test::ResponseParser parser_;
    TimePoint due_;
};

}  // namespace girin::load
