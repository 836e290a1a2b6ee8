#pragma once

// girin::testing: tests of an application without a server, a socket or a wait. A FakeRequest runs through an application
// within this process; the answer is what a client would have got. Time is virtual: who sleeps an hour is done at once.
//
//     #include <girin/testing.hpp>
//
//     using girin::testing::FakeRequest;
//
//     TEST(Shop, ListsItsItems) {
//         Shop shop;
//         const auto answer = FakeRequest("GET", "/items?page=2").header("Accept", "application/json").run(shop);
//         EXPECT_EQ(answer.status, 200);
//         EXPECT_EQ(answer.header("Content-Type"), "application/json");
//         EXPECT_EQ(answer.body, "[]");
//     }
//
// With CMake: target_link_libraries(shop_tests PRIVATE girin::testing). Not here: framing, keep-alive, and all else that a
// connection has and an application doesn't see; and no more than one request at a time.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "girin/app/application.hpp"
#include "girin/app/function_application.hpp"
#include "girin/http/fields.hpp"

namespace girin {

class EventLoop;

namespace testing {

using Duration = std::chrono::nanoseconds;

/// The handler waits for what nobody brings: nothing is ready, no timer runs, and no job of the pool. Its test would hang.
class Hang : public std::logic_error {
  public:
    using std::logic_error::logic_error;
};

/// A part of an answer, as it left.
struct FakePiece {
    std::string bytes;
    Duration at{};  // since the request began
};

/// What a client would have got.
struct FakeAnswer {
    /// 499, as in the access log: the client had gone before there was any.
    int status = 0;
    /// The application's fields, and Content-Type and Content-Length as the server adds them; none of the framing's, no
    /// Server, no Date.
    Fields headers;
    /// All of it: nothing for HEAD, 204 and 304, whatever the application has said.
    std::string body;
    /// The same in the pieces that left: what write() gathers leaves at flush(), when the handler waits, or when it is
    /// much. body() is one piece.
    std::vector<FakePiece> pieces;
    Fields trailers;
    /// It has its proper end. False: a client knows that something is missing.
    bool is_complete = false;
    /// What the server would log as an error of the application's: an exception, a wrong use of Response. Else empty.
    std::string fault;
    /// From the request's begin to the handler's end.
    Duration took{};

    /// The first field of that name, compared without case; borrowed from `headers`.
    std::optional<std::string_view> header(std::string_view name) const { return headers.find(name); }
};

namespace detail {

/// What a FakeRequest is told, as plain values.
struct FakeScript {
    struct Arrival {
        std::string bytes;
        Duration after{};  // since the one before it
    };

    std::string method, target;
    int minor_version = 1;
    std::vector<std::pair<std::string, std::string>> fields, trailers;
    std::optional<std::string> body;
    std::vector<Arrival> pieces;
    bool has_end = true;
    std::string peer = "192.0.2.1:5312", client = "192.0.2.1", scheme = "http";
    WorkerInfo worker;
    std::optional<Duration> disconnects, deadline, drains, ends;
    std::optional<std::size_t> disconnects_after_pieces, stalls_after_pieces;
};

}  // namespace detail

/// One request, said in one sentence. Each setter returns the object; it may be run as often as one likes, also on several
/// applications. Times count from the request's begin, and are virtual unless run() is given a loop.
///
/// The request goes through girin's own parser: one that a server would refuse gets its 400, and the application isn't
/// called. Host is "test.example" unless a header() says otherwise.
class FakeRequest {
  public:
    explicit FakeRequest(std::string method = "GET", std::string target = "/");

    FakeRequest& header(std::string name, std::string value);
    /// The whole body, with its Content-Length, there from the begin.
    FakeRequest& body(std::string text);
    /// A piece of a body that comes in pieces, `after` the one before it: chunked, unless a Content-Length is among the
    /// headers. Each is one read().
    FakeRequest& piece(std::string text, Duration after = {});
    /// A field behind a chunked body.
    FakeRequest& trailer(std::string name, std::string value);
    /// The body has no end: the client stays, and sends nothing more. read() is refused with 408 after 30 s.
    FakeRequest& without_end();
    FakeRequest& http_1_0();

    /// Request::peer(), client() and scheme(), as a trusted proxy in front may tell them. "192.0.2.1:5312", "192.0.2.1" and
    /// "http" unless set.
    FakeRequest& peer(std::string text);
    FakeRequest& client(std::string text);
    FakeRequest& scheme(std::string text);
    FakeRequest& worker(const WorkerInfo& worker);

    /// The client goes: the handler is cancelled where it waits.
    FakeRequest& disconnects_after(Duration time);
    /// The same, once it has taken so many pieces of the answer. For streams that don't end by themselves.
    FakeRequest& disconnects_after_pieces(std::size_t pieces);
    /// From so many pieces on, the client stays and takes no more: write() waits when much has gathered, and after 30 s of
    /// that the client counts as gone.
    FakeRequest& stalls_after_pieces(std::size_t pieces);
    /// --request-timeout: the handler is cancelled, and the answer 503. Request::extend_deadline() moves it.
    FakeRequest& deadline(Duration time);
    /// The worker drains: Request::is_draining() and draining().
    FakeRequest& drains_after(Duration time);
    /// It has drained for long enough: the handler is cancelled, and the answer 503.
    FakeRequest& worker_ends_after(Duration time);

    /// Runs the request to the handler's end, on a loop of its own with virtual time. startup() isn't called: where an
    /// application needs it, see FakeWorker. A SyncApplication's handler runs on a thread, as ever; while one works, time
    /// stands still.
    ///
    /// Errors: Hang. What the handler throws is an answer, as in a server, and FakeAnswer::fault.
    /// Blocks: until the handler has ended. Not to be called on a thread whose loop runs.
    FakeAnswer run(Application& application) const;
    /// Of an application that is a function (GIRIN_HANDLER).
    FakeAnswer run(HandlerFunction handler) const;
    /// On a loop of the caller's, with its time, for an application that uses sockets. It isn't running.
    FakeAnswer run(Application& application, EventLoop& loop) const;

  private:
    friend class FakeWorker;

    detail::FakeScript script_;
};

/// A worker's life: startup(), requests one after the other, shutdown(), all on one loop. For applications that have
/// something to start, and for background tasks that live from request to request.
class FakeWorker {
  public:
    /// Errors: what startup() throws. `application` outlives it.
    explicit FakeWorker(Application& application, const WorkerInfo& worker = {});
    FakeWorker(const FakeWorker&) = delete;
    FakeWorker& operator=(const FakeWorker&) = delete;
    /// Without shutdown(), where stop() was not called.
    ~FakeWorker();

    /// As FakeRequest::run(); what the worker is, is said here. Errors: Hang.
    FakeAnswer run(const FakeRequest& request);
    /// Lets the application's background tasks run for so long.
    void pass(Duration time);
    /// Errors: what shutdown() throws. Nothing runs after it.
    void stop();
    /// Whose time is virtual.
    EventLoop& loop();

  private:
    struct Parts;

    std::unique_ptr<Parts> parts_;
};

}  // namespace testing
}  // namespace girin
