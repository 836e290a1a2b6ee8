#include "worker/serving/connection.hpp"

#include <algorithm>
#include <cerrno>

#include "girin/app/application.hpp"
#include "girin/loop/cancel.hpp"
#include "girin/loop/sleep.hpp"

namespace girin {
namespace {

// Reads of one connection before others get their turn, if it always has more.
constexpr int kReadsPerTurn = 8;
// The same for pieces of bodies, read or written.
constexpr int kTransfersPerTurn = 16;

std::uint32_t to_ticks(TimePoint time) { return static_cast<std::uint32_t>(time.time_since_epoch().count() >> 20); }

/// How many bytes come in `time` at that many a second.
std::uint64_t bytes_at_rate(std::uint64_t bytes_per_second, Duration time) {
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    return bytes_per_second * static_cast<std::uint64_t>(milliseconds) / 1'000;
}

/// What the server itself doesn't do, whatever the application.
ParseError find_unsupported(const RequestHead& head) {
    if (head.method == "CONNECT") return ParseError(501, "this server is no tunnel");
    return {};
}

}  // namespace

/// Awaits a handler that usually ends without waiting; the connection then never suspends.
class Connection::HandlerRun {
  public:
    HandlerRun(Connection& connection, Coro<void>& handler) : connection_(connection), handler_(handler) {}

    bool await_ready() const noexcept { return !handler_; }
    bool await_suspend(std::coroutine_handle<> serving) {
        const auto handle = handler_.handle();
        handle.resume();
        if (handle.done()) return false;
        handle.promise().set_continuation(serving);
        connection_.on_handler_waits();
        return true;
    }
    void await_resume() const noexcept {}

  private:
    Connection& connection_;
    Coro<void>& handler_;
};

/// While a piece of the body is awaited. Ended by an exception too: an application may give up on one piece, and go on.
class Connection::BodyWait {
  public:
    explicit BodyWait(Connection& connection) : connection_(connection) {
        connection_.exchange_->begin_body_wait(connection_.context_.loop().time());
        connection_.enter(Phase::body);
    }
    BodyWait(const BodyWait&) = delete;
    BodyWait& operator=(const BodyWait&) = delete;
    ~BodyWait() {
        connection_.exchange_->end_body_wait(connection_.context_.loop().time());
        connection_.watch_client();
    }

  private:
    Connection& connection_;
};

/// While bytes wait to be sent: within each deadline the peer has to take so many as the minimum rate asks for.
class Connection::SendWait final : private Deadline {
  public:
    explicit SendWait(Connection& connection) : connection_(connection) {
        connection_.sending_ = true;
        await_progress();
    }
    SendWait(const SendWait&) = delete;
    SendWait& operator=(const SendWait&) = delete;
    ~SendWait() { connection_.sending_ = false; }

  private:
    void await_progress() {
        taken_before_ = connection_.stream_.bytes_taken();
        connection_.context_.deadlines().write.start(*this);
    }

    void on_deadline() override {
        const std::uint64_t taken = connection_.stream_.bytes_taken() - taken_before_;
        const auto& options = connection_.context_.options();
        const std::uint64_t wanted = bytes_at_rate(options.limits.min_rate_bytes, options.timeouts.write);
        if (taken > 0 && taken >= wanted) return await_progress();  // slow, but it moves
        connection_.ending_ = std::max(connection_.ending_, Ending::client_gone);
        connection_.stream_.abort();
    }

    Connection& connection_;
    std::uint64_t taken_before_ = 0;
};

Connection::Connection(ServingContext& context, Accepted accepted)
    : context_(context), stream_(context.loop(), std::move(accepted.fd), accepted.opened), peer_(accepted.peer),
      waits_since_(to_ticks(context.loop().time())) {}

Connection::~Connection() {
    if (exchange_) context_.exchanges().give_back(std::move(exchange_));
}

// --- the life of a connection

Coro<void> Connection::serve() {
    try {
        for (int reads = 0; next_ == Next::more; ++reads) {
            wait_for_request();
            co_await stream_.readable();
            receive();
            while (next_ == Next::more) {
                if (!next_request()) break;
                std::exception_ptr failure;
                Coro<void> handler = start_handler(failure);
                co_await HandlerRun(*this, handler);
                end_request(handler ? handler.handle().promise().exception() : failure);
                if (!exchange_->input().body_is_over() || has_much_to_send()) co_await clear_the_way();
            }
            if (next_ == Next::more && (expired_ || ending_ != Ending::none)) give_up_waiting();
            take_times();
            // What is usual ends here without waiting. All that is not waits in one place, which keeps this frame
            // small.
            const bool all_sent = try_send_all();
            const bool give_way = reads % kReadsPerTurn == kReadsPerTurn - 1 && stream_.may_have_more();
            if (!all_sent || give_way) co_await finish_reads(give_way);
        }
    } catch (const Cancelled&) {
        next_ = Next::close;
    } catch (...) {
        on_failed();
    }
    if (next_ == Next::linger) co_await linger();
    stream_.end();  // closing alone is no end while a child process of the application holds the socket too
    context_.owner().forget(*this);
}

/// False: none is complete, or it was refused.
bool Connection::next_request() {
    const RequestEvent event = exchange_ ? exchange_->input().next_event() : RequestEvent::need_more;
    if (event == RequestEvent::need_more) return false;
    const bool failed = event == RequestEvent::error;
    if (const ParseError error = failed ? exchange_->input().error() : find_unsupported(exchange_->head())) {
        refuse(error);
        return false;
    }
    begin_request();
    return true;
}

/// Requests of one read that were answered at once have taken equally long: their answers are sent together.
void Connection::take_times() {
    if (untimed_ > 0) context_.requests_took(std::exchange(untimed_, std::uint16_t{0}), exchange_->began_at());
}

/// Between two requests of a pipeline.
Coro<void> Connection::clear_the_way() {
    take_times();
    if (!exchange_->input().body_is_over() && next_ == Next::more) co_await discard_body();
    if (has_much_to_send()) co_await send_all();
}

/// After the last request that has come.
Coro<void> Connection::finish_reads(bool give_way) {
    co_await send_all();
    if (give_way) co_await sleep_for(Duration::zero());
}

void Connection::wait_for_request() {
    if (exchange_ && exchange_->is_untouched()) context_.exchanges().give_back(std::move(exchange_));
    const bool nothing_in_hand = !exchange_ || exchange_->is_idle();
    if (nothing_in_hand && phase_ == Phase::handler) {
        waits_since_ = to_ticks(context_.loop().time());
        enter(Phase::idle);
    } else if (nothing_in_hand && phase_ == Phase::idle) {
        // An empty line is no progress: the time for a request goes on, and the lines are counted.
    } else if (phase_ != Phase::head || !has_deadline()) {
        // The time for a head counts from its first byte (the first one's from the start), however slowly the others
        // come, and whether they are of a head at all.
        enter(Phase::head);
    }
}

bool Connection::awaits_request() const {
    return (phase_ == Phase::idle || phase_ == Phase::head) && (!exchange_ || exchange_->is_idle());
}

Duration Connection::waited() const {
    return Duration(static_cast<std::int64_t>(to_ticks(context_.loop().time()) - waits_since_) << 20);
}

void Connection::receive() {
    if (!exchange_) {
        exchange_ = context_.exchanges().take();
        exchange_->attach(*this, context_, peer_);
    }
    const IoResult got = stream_.try_receive(exchange_->input().room());
    if (got.bytes > 0) {
        exchange_->input().received(got.bytes);
    } else if (got.error != EAGAIN) {
        next_ = Next::close;
    }
}

/// The time for a request is over, and none is complete. (One that was has been answered, as the last.)
void Connection::give_up_waiting() {
    const bool has_begun = !exchange_->input().is_empty();
    if (ending_ == Ending::none && has_begun && phase_ == Phase::idle) {
        last_ = true;  // its first bytes crossed with the end of our patience
    } else if (ending_ == Ending::none && has_begun) {
        refuse(ParseError(408, "the head of the request took too long"));
    } else {
        next_ = Next::close;
    }
}

void Connection::begin_request() {
    stop_deadline();
    // What ended the wait for it doesn't cancel its handler, but may do so still.
    last_ = last_ || expired_ || ending_ != Ending::none;
    ending_ = Ending::none;
    const bool may_keep_alive = !last_ && context_.keeps_alive();
    phase_ = Phase::handler;
    served_ = true;
    exchange_->begin(context_.count_request(), context_.loop().time(), may_keep_alive);
    exchange_->note();
}

Coro<void> Connection::start_handler(std::exception_ptr& failure) {
    try {
        return context_.application().handle(exchange_->request(), exchange_->response());
    } catch (...) {
        failure = std::current_exception();
        return {};
    }
}

void Connection::on_handler_waits() {
    handler_waits_ = true;
    take_times();
    task_->set_observer(&exchange_->observer());
    exchange_->deadline().start(context_.deadlines().request);
    // Earlier answers of a pipeline don't wait for this one.
    if (!sending_) send_some();
    if (phase_ == Phase::handler) watch_client();
}

/// The handler does something else than read: its client's going is noticed all the same.
void Connection::watch_client() {
    half_closed_ = half_closed_ || stream_.peer_finished();
    enter(Phase::handler);
    if (!handler_waits_) return;
    if (half_closed_ && context_.options().timeouts.half_close.count() == 0) cancel_handler(Ending::client_gone);
    stream_.watch(*this);
}

void Connection::end_request(const std::exception_ptr& failure) {
    context_.loop().check_process();  // a handler that forked: the answer is the parent's to give
    stop_deadline();
    context_.request_note().clear();
    exchange_->deadline().stop();
    exchange_->end();
    const bool has_waited = std::exchange(handler_waits_, false);
    if (has_waited) task_->set_observer(nullptr);
    stream_.unwatch();
    while (task_->cancelling() > 0) task_->uncancel();  // meant for the handler, which has ended
    if (failure) {
        on_handler_failed(failure);
    } else if (auto finished = exchange_->finish(); !finished) {
        log_application_error(finished.error().message());
        replace_answer(500, {});
    }
    context_.request_done(exchange_->answer().status());
    ++untimed_;
    if (has_waited) take_times();
    if (context_.access_log().is_enabled()) log_access();
    decide_next();
}

void Connection::decide_next() {
    if (exchange_->output().is_cut_off()) close_unfinished();
    if (next_ != Next::more || (exchange_->keeps_alive() && ending_ == Ending::none)) return;
    // A client that said it would close sends no more; any other may be in the midst of it.
    const bool quiet = exchange_->input().body_is_over() && exchange_->input().is_empty() && !exchange_->head().keep_alive;
    next_ = quiet ? Next::close : Next::linger;
}

// --- bodies

/// A client that is slow in all is given up, though each piece comes in time: else a byte now and then would hold its
/// place for ever.
bool Connection::sends_too_slowly() const {
    const WorkerOptions& options = context_.options();
    const Duration waited = exchange_->body_wait(context_.loop().time());
    const Duration grace = options.timeouts.min_rate_grace;
    if (options.limits.min_rate_bytes == 0 || waited <= grace) return false;
    return exchange_->input().body_bytes() < bytes_at_rate(options.limits.min_rate_bytes, waited - grace);
}

Coro<void> Connection::receive_body() {
    if (sends_too_slowly()) {
        exchange_->must_close();
        throw BodyError(408, "the body of the request comes too slowly");
    }
    if (has_had_its_turn()) co_await sleep_for(Duration::zero());
    if (!exchange_->output().out().empty() && !exchange_->answer().head_is_sent()) co_await send_all();  // "100 Continue"
    const BodyWait wait(*this);
    for (;;) {
        co_await stream_.readable();
        const IoResult got = stream_.try_receive(exchange_->input().room());
        if (got.bytes > 0) {
            exchange_->input().received(got.bytes);
            co_return;
        }
        if (got.error != EAGAIN) leave(Ending::client_gone);
        if (ending_ != Ending::none) throw Cancelled{};
        if (expired_) {
            exchange_->must_close();
            throw BodyError(408, "the body of the request took too long");
        }
    }
}

Coro<void> Connection::discard_body() {
    std::size_t discarded = 0;
    for (;;) {
        const RequestEvent event = exchange_->next_body_event();
        if (event == RequestEvent::end) co_return;
        if (event == RequestEvent::body) discarded += exchange_->input().piece().size();
        if (event == RequestEvent::error || discarded > context_.options().limits.discarded_body_bytes) break;
        if (event != RequestEvent::need_more) continue;
        exchange_->input().make_room_for_body();
        co_await send_all();
        try {
            co_await receive_body();
        } catch (const BodyError&) {
            break;
        }
    }
    next_ = Next::linger;
}

/// After our end is closed: what the client still sends is read and dropped, lest the kernel reset the connection and
/// with it the last answer (RFC 9112 §9.6).
Coro<void> Connection::linger() {
    stream_.shutdown_send();
    if (exchange_) context_.exchanges().give_back(std::move(exchange_));
    ending_ = Ending::none;  // told the handler; a drain without time says so again in a moment
    enter(Phase::lingering);
    try {
        while (!expired_ && ending_ == Ending::none) {
            co_await stream_.readable();
            const IoResult got = stream_.try_receive(context_.scratch());
            if (got.bytes == 0 && got.error != EAGAIN) break;
            if (has_had_its_turn()) co_await sleep_for(Duration::zero());
        }
    } catch (const Cancelled&) {
    }
}

// --- sending

bool Connection::has_much_to_send() const {
    const AnswerWriter& output = exchange_->output();
    return output.out().size() > context_.options().limits.response_buffer_bytes || !output.large_body().empty();
}

/// Sends what the kernel takes now. True: that was all.
bool Connection::try_send_all() {
    if (!exchange_ || exchange_->output().is_empty()) return true;
    AnswerWriter& output = exchange_->output();
    const std::size_t all = output.bytes();
    const IoResult sent = stream_.try_send(output.out(), output.large_body());
    if (sent.error != 0) {
        output.cut_off();
        leave(Ending::client_gone);
    }
    if (sent.bytes == all) {
        output.sent();
        return true;
    }
    output.sent_some(sent.bytes);
    return false;
}

/// From a callback: the handler is told, wherever it waits.
void Connection::send_some() {
    try {
        try_send_all();
    } catch (const Cancelled&) {
        if (handler_waits_) task_->cancel_task();
    }
}

Coro<void> Connection::send_all() {
    if (try_send_all()) {
        if (has_had_its_turn()) co_await sleep_for(Duration::zero());
        co_return;
    }
    const SendWait wait(*this);
    const std::uint64_t sent_before = stream_.bytes_sent();
    IoResult sent;
    try {
        sent = co_await stream_.send(exchange_->output().out(), exchange_->output().large_body());
    } catch (const Cancelled&) {
        exchange_->output().sent_some(stream_.bytes_sent() - sent_before);
        if (!exchange_->output().large_body().empty()) exchange_->output().cut_off();  // it lies with a caller, who goes
        throw;
    }
    if (sent.error != 0) {
        exchange_->output().cut_off();
        leave(Ending::client_gone);
    }
    exchange_->output().sent();
}

Coro<void> Connection::send_soon() {
    if (has_much_to_send()) return send_all();
    if (!is_scheduled()) context_.loop().schedule(*this);
    return sent_later();
}

Coro<void> Connection::sent_later() { co_return; }

Coro<void> Connection::give_way(Duration pause) {
    if (is_given_up()) throw Cancelled{};
    if (has_had_its_turn()) co_await sleep_for(pause);
}

void Connection::run() {
    if (exchange_ && !sending_) send_some();
}

/// True: this connection, whose peer is as fast as we are, has gone on for long without waiting.
bool Connection::has_had_its_turn() { return ++transfers_ % kTransfersPerTurn == 0; }

// --- deadlines and ends

void Connection::enter(Phase phase) {
    phase_ = phase;
    expired_ = false;
    ServingContext::Deadlines& deadlines = context_.deadlines();
    switch (phase) {
        case Phase::idle: return deadlines.keep_alive.start(*this);
        case Phase::head: return deadlines.header.start(*this);
        case Phase::body: return deadlines.body.start(*this);
        case Phase::lingering: return deadlines.linger.start(*this);
        case Phase::handler: break;
    }
    stop_deadline();
    if (!half_closed_ || !handler_waits_) return;
    taken_before_half_close_ = stream_.bytes_taken();
    deadlines.half_close.start(*this);
}

void Connection::on_deadline() {
    const bool any_pause = context_.options().timeouts.body.count() == 0;
    if (phase_ == Phase::body && any_pause && !sends_too_slowly()) return enter(Phase::body);
    if (phase_ != Phase::handler) {
        expired_ = true;
        stream_.abort();
    } else if (stream_.bytes_taken() != taken_before_half_close_) {
        enter(Phase::handler);  // it takes its answer
    } else {
        cancel_handler(Ending::client_gone);
    }
}

void Connection::on_hangup(bool reset) noexcept {
    if (reset) return cancel_handler(Ending::client_gone);
    if (phase_ == Phase::handler) watch_client();
}

void Connection::cancel_handler(Ending ending) {
    if (ending <= ending_) return;
    ending_ = ending;
    task_->cancel_task();
}

void Connection::end_waiting() {
    phase_ = Phase::idle;  // a first request that crosses with the end is answered as any other
    on_deadline();
}

void Connection::end_now() {
    if (phase_ == Phase::handler) return cancel_handler(Ending::worker_ends);
    ending_ = Ending::worker_ends;
    stream_.abort();
}

void Connection::leave(Ending ending) {
    ending_ = std::max(ending_, ending);
    throw Cancelled{};
}

}  // namespace girin
