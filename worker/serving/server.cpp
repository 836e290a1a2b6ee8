#include "worker/serving/server.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <optional>

#include "girin/log.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/timeout.hpp"

namespace girin {
namespace {

using namespace std::chrono_literals;

constexpr auto kRelaxed = std::memory_order_relaxed;
// While the gate is shut, how soon it is looked at again: at first, and four times as long each time up to the longest.
// Each look wakes the process.
constexpr Duration kGateLookFirst = 4ms;
constexpr Duration kGateLookLongest = 16ms;
// Connections that wait for so long are taken though the gate is shut, so many at a time.
constexpr Duration kGatePatience = 20ms;
constexpr std::size_t kTakenPastGate = 1;
// After running out of descriptors: as nginx.
constexpr Duration kExhaustedPause = 500ms;
constexpr Duration kExhaustedLogInterval = 60s;
// While draining as the last worker, how often the kernel's queue is looked at once more.
constexpr Duration kLastLookInterval = 20ms;
// A queue into which nothing came for so long is over: handshakes that had begun are completed, or are not worth the
// wait.
constexpr Duration kQuietQueue = 100ms;
// If it never gets quiet, since newcomers can't be refused (listener_socket.hpp), listening ends all the same.
constexpr Duration kLastNewcomers = 5s;
// Then idle connections are closed, that could have been told by an answer: proxies keep theirs for a minute. And in every
// drain those on which no request ever came.
constexpr Duration kLastIdle = 2s;
// One that never had a request, and has just been accepted, is about to send its first.
constexpr Duration kFirstRequestWait = 1s;
// How often a drain then looks for more of these.
constexpr Duration kIdleLookInterval = 100ms;
// How often a full worker looks whether newcomers wait, and how long those have to be idle that make room for them: a
// client in the midst of its requests isn't.
constexpr Duration kFullLookInterval = 20ms;
constexpr Duration kLeastIdle = 50ms;
// Of so many connections, at most so many at a time.
constexpr std::size_t kLookedAt = 1024;
constexpr std::size_t kMostRoom = 32;
constexpr Duration kFullLogInterval = 60s;
constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

/// Of a counter that only this process writes.
template <class T>
void add(std::atomic<T>& counter, T amount) {
    counter.store(counter.load(kRelaxed) + amount, kRelaxed);
}

/// Of so many connections, so many make room at a time.
std::size_t room_wanted(std::size_t connections) { return std::clamp<std::size_t>(connections / 16, 1, kMostRoom); }

bool is_idle(const Connection& connection) { return connection.awaits_request() && connection.waited() >= kLeastIdle; }

}  // namespace

/// Answers go out when they are written; connections inherit it. A Unix socket has nothing of the kind.
void send_without_delay(int listener) {
    const int on = 1;
    ::setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// After running out of descriptors: looks again whether to accept.
class Server::Recheck final : public Timer {
  public:
    explicit Recheck(Server& server) : server_(server) {}
    void after(Duration delay) {
        if (!is_armed()) server_.loop_.arm(*this, server_.loop_.time() + delay);
    }
    void run() override {
        server_.exhausted_ = false;
        server_.update_accepting();
    }

  private:
    Server& server_;
};

/// While the gate is shut: looks again whether it should be open, and whom it keeps waiting. The sibling to whom they were
/// left may be stopped, or may say what isn't so: nobody waits for it for longer than kGatePatience.
class Server::GateWatch final : public Timer {
  public:
    explicit GateWatch(Server& server) : server_(server) {}
    void start() {
        if (is_armed()) return;
        server_.loop_.arm(*this, server_.loop_.time() + delay_);
        delay_ = std::min(4 * delay_, kGateLookLongest);
    }
    void stop() {
        disarm();
        delay_ = kGateLookFirst;
        waiting_since_.reset();
    }
    void run() override {
        if (has_kept_somebody_waiting()) {
            delay_ = kGateLookFirst;
            for (const auto& acceptor : server_.acceptors_) acceptor->accept_pending(kTakenPastGate);
        }
        server_.update_accepting();
    }

  private:
    bool has_kept_somebody_waiting() {
        const auto waits = [](const std::unique_ptr<Acceptor>& acceptor) { return acceptor->has_waiting(); };
        const TimePoint now = server_.loop_.time();
        if (std::ranges::none_of(server_.acceptors_, waits)) return waiting_since_.reset(), false;
        if (!waiting_since_) waiting_since_ = now;
        return now - *waiting_since_ >= kGatePatience;
    }

    Server& server_;
    Duration delay_ = kGateLookFirst;
    std::optional<TimePoint> waiting_since_;
};

class Server::FullLook final : public Timer {
  public:
    explicit FullLook(Server& server) : server_(server) {}
    void soon() {
        if (!is_armed()) server_.loop_.arm(*this, server_.loop_.time() + kFullLookInterval);
    }
    void run() override { server_.look_while_full(); }

  private:
    Server& server_;
};

/// Now and then waits for connections anew. The kernel wakes one process for a connection; where that one is killed
/// before it takes it, nobody else would hear of it until the next one comes. Waiting anew asks the kernel what is there.
class Server::LostWakes final : public Timer {
  public:
    explicit LostWakes(Server& server) : server_(server) {}
    void start() { server_.loop_.arm(*this, server_.loop_.time() + kInterval); }
    void run() override {
        if (server_.accepting_) server_.update_accepting();  // the gate shuts by time as well: a pool that stands still
        for (const auto& acceptor : server_.acceptors_) {
            if (acceptor->is_armed()) acceptor->arm();
        }
        start();
    }

  private:
    static constexpr Duration kInterval = Duration(kIdleTickNs);  // with the heartbeat, which wakes the loop anyway

    Server& server_;
};

Server::Server(AsioLoop& loop, const WorkerOptions& options, Application& application, ServerPlace place)
    : loop_(loop), options_(options), context_(*this, loop, options, application, place),
      gate_(place.board, place.worker.slot),
      recheck_(std::make_unique<Recheck>(*this)), gate_watch_(std::make_unique<GateWatch>(*this)),
      full_look_(std::make_unique<FullLook>(*this)), lost_wakes_(std::make_unique<LostWakes>(*this)), all_gone_(loop) {}

Server::~Server() {
    while (!connections_.empty()) delete &connections_.front();
}

Result<void> Server::open(const std::vector<ListenerSocket>& listeners) {
    if (auto opened = context_.open(); !opened) return opened.error();
    for (const ListenerSocket& listener : listeners) {
        auto fd = duplicate(listener.fd);
        if (!fd) return fd.error().within("listen on " + listener.address);
        send_without_delay(fd->get());
        Acceptor::Sink& sink = *this;
        acceptors_.push_back(std::make_unique<Acceptor>(loop_, std::move(*fd), sink));
        if (listener.most_connections > 0) {
            doors_.push_back({acceptors_.back().get(), listener.address, listener.most_connections, {}, {}});
        }
        if (listener.is_inherited) inherited_.push_back(acceptors_.back().get());
    }
    return {};
}

// --- accepting

void Server::start_accepting() {
    accepting_ = true;
    update_accepting();
    lost_wakes_->start();
}

/// Whether siblings with less to do leave it to this worker to accept.
bool Server::passes_gate() {
    if (!options_.accept_gate || context_.is_draining()) return true;
    return gate_.is_open(loop_.time().time_since_epoch().count());
}

void Server::update_accepting() {
    const bool may = accepting_ && !exhausted_ && !is_full();
    // One that can't take over counts for no sibling's gate, else nobody would.
    slot().accepting.store(may && !context_.is_draining() ? 1 : 0, kRelaxed);
    const bool wanted = may && passes_gate();
    for (const auto& acceptor : acceptors_) {
        const bool arms = wanted && !is_full(*acceptor);
        if (arms && !acceptor->is_armed()) acceptor->arm();
        if (!arms && acceptor->is_armed()) acceptor->disarm();
    }
    // Nobody tells when siblings get more to do, or descriptors free. A full worker waits for a connection of its own
    // to end.
    if (accepting_ && exhausted_) recheck_->after(kExhaustedPause);
    if (may && !wanted) {
        gate_watch_->start();
    } else {
        gate_watch_->stop();
    }
    if (accepting_ && is_full_somewhere()) full_look_->soon();
}

bool Server::lacks_descriptors() const {
    const auto lacks = [](const std::unique_ptr<Acceptor>& acceptor) { return acceptor->lacks_room(); };
    return exhausted_ && std::ranges::any_of(acceptors_, lacks);
}

bool Server::is_full_somewhere() const {
    return is_full() || lacks_descriptors() || std::ranges::any_of(doors_, [](const Door& door) { return is_full(door); });
}

void Server::look_while_full() {
    // Twice in a row: a sibling with room takes them before that.
    const auto waits_on = [](Fullness& full, bool newcomers_wait) {
        return std::exchange(full.newcomers_waited, newcomers_wait) && newcomers_wait;
    };
    const bool is_short = is_full() || lacks_descriptors();
    if (waits_on(fullness_, accepting_ && is_short && newcomers_wait())) {
        if (is_full()) log_full();  // a want of descriptors has been told as it was met
        make_room();
    }
    for (Door& door : doors_) {
        if (!waits_on(door.fullness, accepting_ && is_full(door) && door.acceptor->has_waiting())) continue;
        log_full(door);
        make_room(door);
    }
    if (accepting_ && is_full_somewhere()) full_look_->soon();
}

bool Server::newcomers_wait() const {
    return std::ranges::any_of(acceptors_, [](const std::unique_ptr<Acceptor>& acceptor) { return acceptor->has_waiting(); });
}

/// Those that were looked at go to the list's end, so that the next time others are.
void Server::make_room() {
    const std::size_t wanted = room_wanted(connection_count_);
    std::size_t ended = 0;
    for (std::size_t looks = std::min(connection_count_, kLookedAt); looks > 0 && ended < wanted; --looks) {
        Connection& connection = connections_.front();
        connections_.splice(connections_.end(), connections_, connections_.begin());
        if (!is_idle(connection)) continue;
        connection.end_waiting();
        ++ended;
    }
}

/// Those that have waited longest.
void Server::make_room(const Door& door) {
    std::vector<Connection*> idle;
    std::ranges::copy_if(door.open, std::back_inserter(idle), [](const Connection* each) { return is_idle(*each); });
    std::ranges::sort(idle, std::greater(), [](const Connection* each) { return each->waited(); });
    idle.resize(std::min(idle.size(), room_wanted(door.most)));
    for (Connection* const connection : idle) connection->end_waiting();
}

bool Server::may_log_full(Fullness& full) const {
    if (full.logged != TimePoint::min() && loop_.time() - full.logged < kFullLogInterval) return false;
    full.logged = loop_.time();
    return true;
}

void Server::log_full(Door& door) {
    if (!may_log_full(door.fullness)) return;
    const auto idle = std::ranges::count_if(door.open, [](const Connection* each) { return each->awaits_request(); });
    log_warning(options_.name + " has no place left for clients of " + door.address +
                    ", and newcomers wait: those that are idle make room",
                {{"connections", door.open.size()}, {"idle", static_cast<std::size_t>(idle)}});
}

void Server::log_full() {
    if (!may_log_full(fullness_)) return;
    const auto idle = std::ranges::count_if(connections_, [](const Connection& each) { return each.awaits_request(); });
    log_warning(options_.name + " is full, and newcomers wait: those that are idle make room" + options_.way_to_more,
                {{"connections", connection_count_}, {"idle", static_cast<std::size_t>(idle)}});
}

void Server::on_accepted(Acceptor& acceptor, Accepted accepted) {
    last_accepted_at_ = loop_.time();
    add(slot().accepted, std::uint64_t{1});
    try {
        take(std::move(accepted));
        for (Door& door : doors_) {
            if (door.acceptor == &acceptor) door.open.insert(&connections_.back());
        }
    } catch (const std::exception& error) {  // no memory, or no more watches: this one connection is closed
        log_error(std::string("Can't serve a connection: ") + error.what(), {{"connections", connection_count_}});
    }
    update_accepting();
}

void Server::take(Accepted accepted) {
    if (context_.is_draining()) allow_all_hops(accepted.fd.get());
    auto connection = std::make_unique<Connection>(context_, std::move(accepted));
    connection->set_task(loop_.create_task(connection->serve()).base());
    connections_.push_back(*connection.release());  // the set owns it, until forget()
    slot().connections.store(static_cast<std::uint32_t>(++connection_count_), kRelaxed);
}

void Server::on_exhausted(Acceptor& acceptor, int errno_value) {
    exhausted_ = true;
    if (exhaustion_logged_ == TimePoint::min() || loop_.time() - exhaustion_logged_ > kExhaustedLogInterval) {
        exhaustion_logged_ = loop_.time();
        const char* const remedy = acceptor.lacks_room() ? "; those that are idle make room, and it tries again every "
                                                         : "; trying again every ";
        log_error("Can't accept connections: " + errno_text(errno_value) + remedy + to_text(kExhaustedPause),
                  {{"connections", connection_count_}});
    }
    update_accepting();
}

bool Server::is_full(const Acceptor& acceptor) const {
    return std::ranges::any_of(doors_, [&](const Door& door) { return door.acceptor == &acceptor && is_full(door); });
}

void Server::forget(Connection& connection) {
    for (Door& door : doors_) door.open.erase(&connection);
    delete &connection;  // unlinks itself
    slot().connections.store(static_cast<std::uint32_t>(--connection_count_), kRelaxed);
    exhausted_ = false;
    if (accepting_) update_accepting();
    if (connection_count_ == 0 && context_.is_draining() && !all_gone_.done()) all_gone_.set_result();
}

// --- the end

void Server::begin_draining() {
    context_.set_draining();
    for (Connection& connection : connections_) connection.on_draining();
}

Coro<void> Server::drain(Duration limit, bool last) {
    begin_draining();
    last_ = last;
    accepting_ = last;
    update_accepting();
    // A newcomer refused by its hops may have been taken before we knew; it mustn't stay deaf.
    for (const Connection& connection : connections_) allow_all_hops(connection.fd());
    if (last_) leave_inherited_listeners();
    context_.spread_closing_over(last ? Duration::zero() : std::min<Duration>(options_.timeouts.close_spread, limit));
    const TimePoint idle_ends = loop_.time() + kLastIdle;
    const TimePoint graceful_ends = loop_.time() + limit;
    drain_ends_ = std::min(drain_ends_, graceful_ends);
    bool cut_off = limit == Duration::zero();  // told, or told to quit
    last_accepted_at_ = loop_.time();
    newcomers_end_ = loop_.time() + kLastNewcomers;
    for (;;) {
        for (const auto& acceptor : acceptors_) accept_what_waits(*acceptor);
        const TimePoint now = loop_.time();
        if (now >= drain_ends_) {
            const std::uint32_t in_hand = slot().requests_in_flight.load(kRelaxed);
            if (now >= graceful_ends && in_hand > 0 && !std::exchange(cut_off, true)) {
                log_warning("Requests are cut off, since they take longer than --graceful-timeout",
                            {{"requests", std::int64_t{in_hand}}});
            }
            last_ = false;
            end_connections();
        }
        const bool takes_no_more = !last_ || now - last_accepted_at_ >= kQuietQueue || now >= newcomers_end_;
        if (takes_no_more) close_listeners();
        if (takes_no_more && connection_count_ == 0) break;
        if (now >= idle_ends) end_waiting_connections(last);
        const TimePoint next_look = std::min(std::max(idle_ends, now + kIdleLookInterval), drain_ends_);
        co_await wait_until_all_gone(takes_no_more ? std::max<Duration>(next_look - now, 100ms) : kLastLookInterval);
    }
    context_.flush_access_log();
}

/// Whom there are no descriptors for just now has to wait until others have gone: such a queue isn't quiet.
void Server::accept_what_waits(Acceptor& acceptor) {
    acceptor.accept_pending(last_ ? kUnlimited : 0);
    if (!last_ || !acceptor.lacks_room()) return;
    last_accepted_at_ = loop_.time();
    newcomers_end_ = loop_.time() + kLastNewcomers;
}

Coro<void> Server::wait_until_all_gone(Duration limit) {
    if (all_gone_.done()) all_gone_ = Future<void>(loop_);
    try {
        co_await wait_for(all_gone_, limit);
    } catch (const TimeoutError&) {
    }
}

void Server::leave_inherited_listeners() {
    for (Acceptor* const acceptor : inherited_) acceptor->accept_pending(kUnlimited);
    std::erase_if(acceptors_, [this](const std::unique_ptr<Acceptor>& acceptor) {
        return std::ranges::count(inherited_, acceptor.get()) > 0;
    });
    inherited_.clear();
}

void Server::close_listeners() {
    inherited_.clear();
    accepting_ = false;
    acceptors_.clear();
    if (const auto tell = std::exchange(on_listeners_closed_, nullptr)) tell();
}

void Server::quit() {
    begin_draining();
    context_.spread_closing_over(Duration::zero());
    last_ = false;
    accepting_ = false;
    update_accepting();
    end_connections();
    drain_ends_ = loop_.time();
    if (!all_gone_.done()) all_gone_.set_result();  // wakes a drain, which looks again
}

void Server::end_waiting_connections(bool used_too) {
    for (auto next = connections_.begin(); next != connections_.end();) {
        Connection& connection = *next++;
        if (!connection.awaits_request()) continue;
        if (connection.is_new() ? connection.waited() >= kFirstRequestWait : used_too) connection.end_waiting();
    }
}

void Server::end_connections() {
    for (auto next = connections_.begin(); next != connections_.end();) {
        Connection& connection = *next++;
        connection.end_now();
    }
}

}  // namespace girin
