#pragma once

// Client: a connection to a server that runs on the test's own thread. Its socket never blocks; while it waits, the
// loop runs. It sends what it is told byte by byte, and reads with the test support's own parser.

#include <string>
#include <string_view>

#include "girin/base/unique_fd.hpp"
#include "tests/support/http_response.hpp"
#include "tests/worker/serving/loop_driver.hpp"

namespace girin::test {

class Client {
  public:
    enum class End { none, closed, reset };

    /// Owns: `fd`, non-blocking.
    Client(LoopDriver& driver, UniqueFd fd) : driver_(driver), fd_(std::move(fd)) {}

    int fd() const { return fd_.get(); }

    /// Sends all of it; fails the test when the server takes no more.
    void send(std::string_view bytes);
    /// Sends what the socket takes now.
    std::size_t send_some(std::string_view bytes);

    /// The next response, 1xx ones too; bytes behind it are kept. Without one it fails the test, and gives what has
    /// come.
    HttpResponse read_response(bool to_head = false);
    /// send() of a request without a body, and its response.
    HttpResponse get(std::string_view target, std::string_view fields = {});
    /// `fields`: each with its line end.
    HttpResponse request(std::string_view method, std::string_view target, std::string_view fields = {},
                         std::string_view body = {});

    /// Reads until `text` has come, and gives everything up to its end. Fails the test when it doesn't come.
    std::string read_past(std::string_view text);
    /// Reads until at least so many bytes have come, and gives all of them.
    std::string read_bytes(std::size_t count);
    /// Everything up to the end, however that looks.
    std::string read_to_end();
    /// Waits for the end; bytes that come before are kept.
    End wait_for_end();
    /// Takes in what has come, without waiting: what of it was not given out yet.
    const std::string& peek();
    End end() const { return end_; }

    void half_close();
    /// Closes with a reset.
    void reset();
    void close() { fd_.reset(); }

  private:
    void receive();

    LoopDriver& driver_;
    UniqueFd fd_;
    std::string unread_;
    End end_ = End::none;
};

}  // namespace girin::test
