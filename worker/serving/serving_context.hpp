#pragma once

// ServingContext: what the connections of one worker share: the loop, options, the application, deadlines, the pool of
// exchanges, logs, counters, and whether the worker drains. The server makes and drives it; a connection knows this much
// and no server. Plain members and no interface: requests ask it all the time. Not here: listeners, and the set of
// connections (server.hpp).

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "girin/app/application.hpp"
#include "girin/http/date.hpp"
#include "girin/loop/asio_loop.hpp"
#include "worker/app/body_budget.hpp"
#include "worker/http/trusted_peers.hpp"
#include "worker/http/usual_head.hpp"
#include "worker/log/access_log.hpp"
#include "worker/process/options.hpp"
#include "worker/process/scoreboard.hpp"
#include "worker/serving/deadlines.hpp"
#include "worker/serving/http1_exchange.hpp"

namespace girin {

/// Where a server stands among its siblings.
struct ServerPlace {
    WorkerInfo worker;
    ScoreboardLines board;  // worker.slot is the own line

    ServerPlace(WorkerInfo w, ScoreboardLines b) : worker(w), board(b) {}
};

class Connection;

/// Whoever holds the connections.
class ConnectionOwner {
  public:
    /// This one has come to its end: destroys it.
    virtual void forget(Connection& connection) = 0;

  protected:
    ~ConnectionOwner() = default;
};

class ServingContext final : private Runnable {
  public:
    struct Deadlines {
        Deadlines(EventLoop& loop, const Timeouts& timeouts);
        DeadlineQueue header, body, keep_alive, write, linger, half_close, request;
    };

    /// All but `place` outlive it.
    ServingContext(ConnectionOwner& owner, AsioLoop& loop, const WorkerOptions& options, Application& application,
                   ServerPlace place);
    ServingContext(const ServingContext&) = delete;
    ServingContext& operator=(const ServingContext&) = delete;

    /// Opens what the options name. Errors: access log, trusted peers.
    Result<void> open();

    // --- for connections

    ConnectionOwner& owner() const { return owner_; }
    AsioLoop& loop() const { return loop_; }
    const WorkerOptions& options() const { return options_; }
    Application& application() const { return application_; }
    const WorkerInfo& worker_info() const { return place_.worker; }
    Deadlines& deadlines() { return deadlines_; }
    ExchangePool& exchanges() { return exchanges_; }
    const TrustedPeers& trusted_peers() const { return trusted_peers_; }
    ForwardedHeader forwarded_header() const { return options_.forwarded_header; }
    std::string_view server_header() const { return options_.server_header; }
    std::string_view date();
    /// For answers of now.
    UsualHead& usual_head();
    /// Memory for bytes that nobody looks at.
    std::span<char> scratch() { return scratch_; }

    bool keeps_alive() const { return options_.timeouts.keep_alive.count() > 0; }
    /// The connection may serve another request: nothing drains, or its moment hasn't come yet. (Whose address is a
    /// number here, and no more.)
    bool keeps(const void* connection) const { return !is_draining_ || loop_.time() < closes_at(connection); }
    bool is_draining() const { return is_draining_; }
    /// The same, for other threads and beyond the server's life.
    std::shared_ptr<const std::atomic<bool>> draining_flag() const { return draining_flag_; }

    const std::shared_ptr<BodyBudget>& body_budget() const { return body_budget_; }
    /// It had no room for a body. Told once a minute.
    void on_bodies_refused();

    /// A request begins; returns its number.
    std::uint64_t count_request();
    void request_done(int status);
    /// `count` requests that began together have their answers; reads the clock, so it is called once for all of them.
    void requests_took(std::uint64_t count, TimePoint began_at);
    /// The request whose handler runs now, for the master to see.
    RequestNote& request_note() { return slot().request; }
    const AccessLog& access_log() const { return access_log_; }
    void log_access(const AccessRecord& record);

    // --- for the server

    ScoreboardSlot& slot() { return place_.board[place_.worker.slot]; }
    const ServerPlace& place() const { return place_; }
    void set_on_worn_out(std::function<void()> callback) { on_worn_out_ = std::move(callback); }
    void use_access_log(UniqueFd opened) { access_log_.use(std::move(opened)); }
    void flush_access_log() { access_log_.flush(); }
    void set_draining();
    /// Connections close one by one over so long, from now on.
    void spread_closing_over(Duration spread) {
        drain_began_ = loop_.time();
        close_spread_ = spread;
    }

  private:
    void run() override { access_log_.flush(); }  // once a turn

    TimePoint closes_at(const void* connection) const;

    ConnectionOwner& owner_;
    AsioLoop& loop_;
    const WorkerOptions& options_;
    Application& application_;
    ServerPlace place_;
    Deadlines deadlines_;
    ExchangePool exchanges_;
    TrustedPeers trusted_peers_;
    AccessLog access_log_;
    DateCache dates_;
    UsualHead usual_head_;
    std::array<char, 16384> scratch_;

    bool is_draining_ = false;
    std::shared_ptr<std::atomic<bool>> draining_flag_ = std::make_shared<std::atomic<bool>>(false);
    TimePoint drain_began_ = TimePoint::min();
    Duration close_spread_{};  // of this drain
    std::shared_ptr<BodyBudget> body_budget_;
    TimePoint refusal_logged_ = TimePoint::min();

    std::uint64_t requests_ = 0;
    std::uint64_t worn_out_at_ = 0;
    std::function<void()> on_worn_out_;
};

}  // namespace girin
