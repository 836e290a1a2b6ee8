#pragma once

// SyncExchange: what a synchronous handler's thread and the loop share for one request. Pieces of the answer pass
// from the thread to the loop one at a time, and the thread waits for each. Not here: what applications see
// (sync_application.hpp).
//
// It is the one thing that both sides own: the client's going ends the loop's side at once, while the handler runs on.

#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "girin/app/request.hpp"
#include "girin/app/response.hpp"
#include "girin/loop/future.hpp"
#include "worker/app/body_budget.hpp"

namespace girin::detail {

/// A request's parts, copied: the handler may outlive the connection.
struct SyncRequestData {
    explicit SyncRequestData(const Request& request);

    std::string method, target, path, raw_path, query;
    int minor_version;
    Fields headers;
    std::string peer, client, scheme, host;
    WorkerInfo worker;
    std::string body;
};

/// The answer as far as the handler has told it. The handler's thread fills it; the loop reads it while that thread
/// waits for a piece to be taken, or when it has returned.
struct SyncAnswer {
    int status = 200;
    Fields headers;
    std::optional<std::string> body;
    bool streams = false;
};

/// Of the server's, what a synchronous handler uses after its connection has gone. Not for applications.
struct SyncLink {
    BodyShare body;                                    // what the request's body has of the budget
    std::shared_ptr<const std::atomic<bool>> draining;

    SyncLink() = default;
};
SyncLink take_sync_link(Request& request);

class SyncExchange {
  public:
    SyncExchange(EventLoop& loop, Request& original) : request(original), loop_(loop), original_(&original) {}

    SyncRequestData request;
    SyncAnswer answer;
    SyncLink link;

    // ── the handler's thread ──
    /// Returns when the loop has taken the piece. Errors: ClientGone; what the loop's write threw.
    static void hand_over(const std::shared_ptr<SyncExchange>& self, std::string_view piece);
    bool is_gone() const { return gone_.load(std::memory_order_relaxed); }
    /// Also for the loop's part, as soon as it comes to that.
    static void extend_deadline(const std::shared_ptr<SyncExchange>& self, Duration from_now);

    // ── the loop ──
    /// Done at the next piece, or at wake().
    Future<void> next_event();
    void wake();
    std::optional<std::string_view> piece() const;
    /// Lets the handler go on; with `failure`, by throwing it there.
    void piece_taken(std::exception_ptr failure = {});
    /// Nobody takes the answer any more: this and each further hand_over throws ClientGone.
    void abandon();

  private:
    EventLoop& loop_;
    Future<void> event_;  // the loop's thread only
    bool woken_ = false;  // the loop's thread only
    Request* original_;   // the loop's thread only; null: it is gone

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<std::string_view> piece_;  // under mutex_
    std::exception_ptr failure_;             // under mutex_
    std::atomic<bool> gone_ = false;         // set under mutex_, for whoever waits
};

}  // namespace girin::detail
