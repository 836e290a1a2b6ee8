#pragma once

// Server: the listeners of one worker, the set of its connections, and their drain. Not here: what connections share
// (serving_context.hpp), one connection (connection.hpp), the process around it (process/entry.hpp).

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "girin/app/application.hpp"
#include "girin/loop/asio_loop.hpp"
#include "girin/net/acceptor.hpp"
#include "worker/process/listener_socket.hpp"
#include "worker/process/options.hpp"
#include "worker/serving/accept_gate.hpp"
#include "worker/serving/connection.hpp"
#include "worker/serving/serving_context.hpp"

namespace girin {

class Server final : private Acceptor::Sink, private ConnectionOwner {
  public:
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
    bool is_draining() const { return context_.is_draining(); }

    /// Called once, when the worker has answered as many requests as it should (WorkerOptions::max_requests).
    void set_on_worn_out(std::function<void()> callback) { context_.set_on_worn_out(std::move(callback)); }
    /// Called once, when a drain has closed the listeners: what is queued there is nobody's of this worker from now on.
    void set_on_listeners_closed(std::function<void()> callback) { on_listeners_closed_ = std::move(callback); }
    /// After a rotation: what the master has opened anew.
    void use_access_log(UniqueFd opened) { context_.use_access_log(std::move(opened)); }

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
    void forget(Connection& connection) override;

    ScoreboardSlot& slot() { return context_.slot(); }
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
    ServingContext context_;

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
    bool last_ = false;
    TimePoint last_accepted_at_ = TimePoint::min();
    TimePoint drain_ends_ = TimePoint::max();
    TimePoint newcomers_end_ = TimePoint::max();
    Fullness fullness_;
    bool exhausted_ = false;
    TimePoint exhaustion_logged_ = TimePoint::min();
    std::function<void()> on_listeners_closed_;
};

}  // namespace girin
