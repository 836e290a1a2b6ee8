#pragma once

// Server: what the connections of one worker share: listeners, the set of connections, deadlines, drain, counters.
// Not here: one connection (connection.hpp), the process around it (entry.hpp).

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "girin/app/application.hpp"
#include "girin/http/date.hpp"
#include "girin/loop/asio_loop.hpp"
#include "girin/net/acceptor.hpp"
#include "worker/app/body_budget.hpp"
#include "worker/http/trusted_peers.hpp"
#include "worker/http/usual_head.hpp"
#include "worker/log/access_log.hpp"
#include "worker/process/listener_socket.hpp"
#include "worker/process/options.hpp"
#include "worker/process/scoreboard.hpp"
#include "worker/serving/accept_gate.hpp"
#include "worker/serving/connection.hpp"
#include "worker/serving/deadlines.hpp"
#include "worker/serving/exchange.hpp"

namespace girin {

/// Where a server stands among its siblings.
struct ServerPlace {
    WorkerInfo worker;
    ScoreboardLines board;  // worker.slot is the own line

    ServerPlace(WorkerInfo w, ScoreboardLines b) : worker(w), board(b) {}
};

class Server final : private Acceptor::Sink, private Runnable {
  public:
    struct Deadlines {
        Deadlines(EventLoop& loop, const Timeouts& timeouts);
        DeadlineQueue header, body, keep_alive, write, linger, half_close, request;
    };

    /// `application` and `options` outlive the server, and the loop as well. Where connections are still open, the
    /// loop has to be closed before the server is destroyed: that ends the coroutines which use them.
    Server(AsioLoop& loop, const WorkerOptions& options, Application& application, ServerPlace place);
    ~Server();

    /// Opens what the options name, and watches the sockets, which stay the caller's. Errors: access log, trusted
    /// peers, descriptors.
    Result<void> open(const std::vector<ListenerSocket>& listeners);
    void start_accepting();

    /// Answers what is in hand, and idle connections at their next request with `Connection: close`, or at one later
    /// in Timeouts::close_spread; after `limit` ends what is left. Returns when no connection is open.
    ///
    /// `last`: no worker comes after this one. It goes on taking what the kernel still queues until nothing more has
    /// come for a moment, and closes its listeners then, so that newcomers are refused rather than left waiting. Nor
    /// does it wait for long for idle connections: whoever keeps them can't come back anyway.
    Coro<void> drain(Duration limit, bool last);
    /// Ends everything now; what is in hand gets 503 where possible. A drain that runs is over soon.
    void quit();
    bool is_draining() const { return draining_; }
    /// The same, for other threads and beyond the server's life.
    std::shared_ptr<const std::atomic<bool>> draining_flag() const { return draining_flag_; }

    /// Called once, when the worker has answered as many requests as it should (WorkerOptions::max_requests).
    void set_on_worn_out(std::function<void()> callback) { on_worn_out_ = std::move(callback); }
    /// Called once, when a drain has closed the listeners: what is queued there is nobody's of this worker from now on.
    void set_on_listeners_closed(std::function<void()> callback) { on_listeners_closed_ = std::move(callback); }
    /// After a rotation: what the master has opened anew.
    void use_access_log(UniqueFd opened) { access_log_.use(std::move(opened)); }

    // --- for connections

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
    /// The connection may serve another request: nothing drains, or its moment hasn't come yet.
    bool keeps(const Connection& connection) const { return !draining_ || loop_.time() < closes_at(connection); }
    bool keeps_alive() const { return options_.timeouts.keep_alive.count() > 0; }
    /// Memory for bytes that nobody looks at.
    std::span<char> scratch() { return scratch_; }

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
    /// Destroys the connection.
    void forget(Connection& connection);

  private:
    class Recheck;
    class GateWatch;
    class FullLook;
    class LostWakes;
    /// Of what is full: the worker, or a door.
    struct Fullness {
        bool newcomers_waited = false;  // at the last look
        TimePoint logged = TimePoint::min();
    };
    /// A listener that may have only so many of the connections.
    struct Door {
        const Acceptor* acceptor = nullptr;
        std::string address;
        std::size_t most = 0;
        std::set<Connection*> open;
        Fullness fullness;
    };

    void on_accepted(Acceptor& acceptor, Accepted connection) override;
    void on_exhausted(Acceptor& acceptor, int errno_value) override;
    void run() override;  // flushes the access log, once a turn

    ScoreboardSlot& slot() { return place_.board[place_.worker.slot]; }
    void take(Accepted accepted);
    void accept_what_waits(Acceptor& acceptor);
    bool is_full() const { return connection_count_ >= options_.limits.connections; }
    bool passes_gate();
    static bool is_full(const Door& door) { return door.open.size() >= door.most; }
    bool is_full(const Acceptor& acceptor) const;
    /// It could not take the last newcomer, and the end of another connection would help.
    bool lacks_descriptors() const;
    bool is_full_somewhere() const;
    void update_accepting();
    TimePoint closes_at(const Connection& connection) const;
    void begin_draining();
    Coro<void> wait_until_all_gone(Duration limit);
    /// Nobody new can be kept from these, as whoever gave them may listen on, for a successor: what is queued now is
    /// taken, and the rest left.
    void leave_inherited_listeners();
    /// Before that, what an acceptor has taken must have been handed over.
    void close_listeners();
    /// While it or a door of it is full, or it has no descriptors, now and then: where newcomers wait in the kernel,
    /// connections that nobody uses make room, of those that share what is short.
    void look_while_full();
    bool newcomers_wait() const;
    void make_room();
    static void make_room(const Door& door);
    /// Once in a while.
    bool may_log_full(Fullness& full) const;
    void log_full();
    void log_full(Door& door);
    /// Those that wait for a request: all of them, or, as the place may still be wanted, those that never had one.
    void end_waiting_connections(bool used_too);
    void end_connections();

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

    std::vector<std::unique_ptr<Acceptor>> acceptors_;
    std::vector<Door> doors_;
    std::vector<Acceptor*> inherited_;  // those of acceptors_ whose sockets came from whoever started the server
    AcceptGate gate_;
    std::unique_ptr<Recheck> recheck_;
    std::unique_ptr<GateWatch> gate_watch_;
    std::unique_ptr<FullLook> full_look_;
    std::unique_ptr<LostWakes> lost_wakes_;
    boost::intrusive::list<Connection, boost::intrusive::base_hook<ConnectionHook>,
                           boost::intrusive::constant_time_size<false>>
        connections_;
    std::size_t connection_count_ = 0;
    Future<void> all_gone_;
    bool accepting_ = false;
    bool draining_ = false;
    bool last_ = false;
    TimePoint last_accepted_at_ = TimePoint::min();
    TimePoint drain_ends_ = TimePoint::max();
    TimePoint newcomers_end_ = TimePoint::max();
    TimePoint drain_began_ = TimePoint::min();
    Duration close_spread_{};  // of this drain
    Fullness fullness_;
    bool exhausted_ = false;
    TimePoint exhaustion_logged_ = TimePoint::min();
    TimePoint refusal_logged_ = TimePoint::min();
    std::shared_ptr<BodyBudget> body_budget_;
    std::shared_ptr<std::atomic<bool>> draining_flag_ = std::make_shared<std::atomic<bool>>(false);

    std::uint64_t requests_ = 0;
    std::uint64_t worn_out_at_ = 0;
    std::function<void()> on_worn_out_;
    std::function<void()> on_listeners_closed_;
};

}  // namespace girin
