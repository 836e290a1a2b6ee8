#pragma once

// SyncApplication: an application whose handler is an ordinary function that may block: files, databases, computing.
// It runs on a thread of the worker's pool, so that the loop goes on. Not here: the pool (girin/loop/executor.hpp).

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "girin/app/application.hpp"
#include "girin/http/fields.hpp"

namespace girin {

namespace detail {
class SyncExchange;
class RunningHandlers;
}

/// Raised by SyncResponse::write() when nobody is there any more to take the answer. Let it pass: it is not logged
/// as an error.
class ClientGone : public std::runtime_error {
  public:
    ClientGone() : std::runtime_error("the client is gone") {}
};

/// As Request, but a copy: valid until the handler returns, whatever becomes of the client. Threads: the handler's.
class SyncRequest {
  public:
    explicit SyncRequest(std::shared_ptr<detail::SyncExchange> exchange) : exchange_(std::move(exchange)) {}
    SyncRequest(const SyncRequest&) = delete;
    SyncRequest& operator=(const SyncRequest&) = delete;

    std::string_view method() const;
    std::string_view target() const;
    std::string_view path() const;
    std::string_view raw_path() const;
    std::string_view query() const;
    int minor_version() const;
    FieldList headers() const;
    std::optional<std::string_view> header(std::string_view name) const;
    std::string_view peer() const;
    std::string_view client() const;
    std::string_view scheme() const;
    std::string_view host() const;
    /// All of it, read before the handler was called.
    std::string_view body() const;
    const WorkerInfo& worker() const;

    /// As Request::extend_deadline. A handler that keeps its thread for longer than --timeout, without a write() between,
    /// is taken for one that hangs, and its worker is replaced; unless it has said here how long it may take.
    void extend_deadline(std::chrono::nanoseconds from_now);
    /// The worker ends once this handler and others have: one that streams for long should come to its end.
    bool is_draining() const;

  private:
    std::shared_ptr<detail::SyncExchange> exchange_;
};

/// As Response: body(), or write() as often as needed. Threads: the handler's.
class SyncResponse {
  public:
    explicit SyncResponse(std::shared_ptr<detail::SyncExchange> exchange) : exchange_(std::move(exchange)) {}
    SyncResponse(const SyncResponse&) = delete;
    SyncResponse& operator=(const SyncResponse&) = delete;

    /// Errors: ResponseError for a bad status, name or value, or once the head is sent.
    SyncResponse& status(int code);
    SyncResponse& header(std::string_view name, std::string_view value);
    SyncResponse& set_header(std::string_view name, std::string_view value);

    /// The whole body; copied, sent when the handler returns. Called again, the last one counts.
    /// Errors: ResponseError after write().
    void body(std::string_view text);

    /// Sends the head, if that is still to do, and a piece of the body.
    ///
    /// Blocks: until the loop has taken the piece; so a client that is slower than the handler slows it down.
    /// Errors: ClientGone; ResponseError beyond the announced length.
    void write(std::string_view piece);

    /// True once nobody takes the answer any more; for handlers that compute for long.
    bool is_client_gone() const;

  private:
    std::shared_ptr<detail::SyncExchange> exchange_;
};

/// Derive, override handle_blocking(), export with GIRIN_APPLICATION.
///
/// Threads: handle_blocking() runs on many at once; start_blocking() before the first, stop_blocking() when the last has
/// returned, also one whose client has gone. (It isn't called at all where one never returns: such a worker is killed.)
class SyncApplication : public Application {
  public:
    static constexpr std::size_t kMaxBodyBytes = 16 << 20;

    /// Bodies are held in memory; longer ones than `max_body_bytes` are answered with 413 before the handler is called.
    /// All of a worker's together may take --limit-body-memory, and what goes beyond that is answered with 503.
    explicit SyncApplication(std::size_t max_body_bytes = kMaxBodyBytes);
    ~SyncApplication() override;

    /// Errors: as Application::handle: an exception before the first write() is a 500, an HttpError its own status.
    /// A handler whose client has gone runs to its end, unseen.
    virtual void handle_blocking(SyncRequest& request, SyncResponse& response) = 0;
    /// As Application::startup and shutdown.
    virtual void start_blocking(const WorkerInfo& worker);
    virtual void stop_blocking();

    Coro<void> startup(const WorkerInfo& worker) final;
    Coro<void> handle(Request& request, Response& response) final;
    Coro<void> shutdown() final;

  private:
    std::size_t max_body_bytes_;
    std::unique_ptr<detail::RunningHandlers> running_;
};

}  // namespace girin
