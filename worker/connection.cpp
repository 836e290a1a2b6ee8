#include "worker/connection.hpp"

#include <cxxabi.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>

#include "loop/base/log.hpp"
#include "loop/cancel.hpp"
#include "loop/sleep.hpp"
#include "worker/app/application.hpp"
#include "worker/server.hpp"

namespace girin {
namespace {

// Reads of one connection before others get their turn, if it always has more.
constexpr int kReadsPerTurn = 8;

std::string type_name(const std::type_info& type) {
    int status = 0;
    char* const demangled = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
    std::string name = status == 0 ? demangled : type.name();
    std::free(demangled);
    return name;
}

/// "std::runtime_error: no such item", of the exception that is being handled.
std::string describe_current_exception() {
    try {
        throw;
    } catch (const std::exception& error) {
        return type_name(typeid(error)) + ": " + error.what();
    } catch (...) {
        const std::type_info* const type = abi::__cxa_current_exception_type();
        return type != nullptr ? type_name(*type) : "an exception of unknown type";
    }
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

Connection::Connection(Server& server, Accepted accepted)
    : server_(server), stream_(server.loop(), std::move(accepted.fd)), peer_(accepted.peer) {}

Connection::~Connection() {
    if (exchange_) server_.exchanges().give_back(std::move(exchange_));
}

// --- the life of a connection

Coro<void> Connection::serve() {
    try {
        for (int reads = 0; next_ == Next::more; ++reads) {
            wait_for_request();
            co_await stream_.readable();
            receive();
            while (next_ == Next::more) {
                const RequestEvent event = exchange_ ? exchange_->next_event() : RequestEvent::need_more;
                if (event == RequestEvent::need_more) break;
                if (event == RequestEvent::error) {
                    refuse(exchange_->parse_error());
                    break;
                }
                begin_request();
                std::exception_ptr failure;
                Coro<void> handler = start_handler(failure);
                co_await HandlerRun(*this, handler);
                if (handler) failure = handler.handle().promise().exception();
                end_request(failure);
                if (!exchange_->body_is_over() || has_much_to_send()) co_await clear_the_way();
            }
            // What is usual ends here without waiting. All that is not waits in one place, which keeps this frame small.
            const bool all_sent = try_send_all();
            const bool give_way = reads % kReadsPerTurn == kReadsPerTurn - 1 && stream_.may_have_more();
            if (!all_sent || give_way) co_await finish_reads(give_way);
        }
    } catch (const Cancelled&) {
        next_ = Next::close;
    } catch (...) {
        log_error("Connection failed: " + describe_current_exception(), {{"peer", peer_.to_text()}});
        next_ = Next::close;
    }
    if (next_ == Next::linger) co_await linger();
    server_.forget(*this);
}

/// Between two requests of a pipeline.
Coro<void> Connection::clear_the_way() {
    if (!exchange_->body_is_over() && next_ == Next::more) co_await discard_body();
    if (has_much_to_send()) co_await send_all();
}

/// After the last request that has come.
Coro<void> Connection::finish_reads(bool give_way) {
    co_await send_all();
    if (give_way) co_await sleep_for(Duration::zero());
}

void Connection::wait_for_request() {
    const bool nothing_in_hand = !exchange_ || exchange_->is_idle();
    if (nothing_in_hand && exchange_) server_.exchanges().give_back(std::move(exchange_));
    if (nothing_in_hand && served_) {
        enter(Phase::idle);
    } else if (phase_ != Phase::head || !has_deadline()) {
        // The time for a head counts from its first byte (the first one's from the start), however slowly the others come.
        enter(Phase::head);
    }
}

void Connection::receive() {
    if (!exchange_) {
        exchange_ = server_.exchanges().take();
        exchange_->attach(*this);
    }
    const bool ended = ending_ != Ending::none;
    const IoResult got = stream_.try_receive(exchange_->room());
    if (got.bytes > 0) {
        exchange_->received(got.bytes);
    } else if (got.error != EAGAIN) {
        next_ = Next::close;
        return;
    }
    if (!ended) return;
    // The deadline or the end of the worker crossed with what has just come: that is answered still, as the last.
    if (got.bytes == 0) {
        if (ending_ == Ending::deadline && phase_ == Phase::head && exchange_->has_input()) {
            refuse(ParseError(408, "the head of the request took too long"));
        } else {
            next_ = Next::close;
        }
    }
}

void Connection::begin_request() {
    stop_deadline();
    phase_ = Phase::handler;
    served_ = true;
    const bool may_keep_alive = ending_ == Ending::none && server_.keeps_alive();
    exchange_->begin(server_.count_request(), server_.loop().time(), may_keep_alive);
}

Coro<void> Connection::start_handler(std::exception_ptr& failure) {
    try {
        return server_.application().handle(exchange_->request(), exchange_->response());
    } catch (...) {
        failure = std::current_exception();
        return {};
    }
}

void Connection::on_handler_waits() {
    handler_waits_ = true;
    // Earlier answers of a pipeline don't wait for this one.
    send_some();
    enter(Phase::handler);
    if (stream_.peer_finished()) on_hangup(false);
    stream_.watch(*this);
}

void Connection::end_request(const std::exception_ptr& failure) {
    stop_deadline();
    handler_waits_ = false;
    if (failure) {
        on_handler_failed(failure);
    } else if (auto finished = exchange_->finish(); !finished) {
        log_application_error(finished.error().message());
        replace_answer(500, {});
    }
    server_.request_done(exchange_->status());
    if (server_.access_log().is_enabled()) log_access();
    if (next_ == Next::more && !exchange_->keeps_alive()) {
        // A client that said it would close sends no more; any other may be in the midst of it.
        const bool quiet = exchange_->body_is_over() && !exchange_->has_input() && !exchange_->head().keep_alive;
        next_ = quiet ? Next::close : Next::linger;
    }
}

// --- answers of our own

void Connection::replace_answer(int status, std::string_view detail) {
    if (exchange_->head_sent()) {
        next_ = Next::close;  // without its proper end, so that the client knows
    } else {
        exchange_->answer_plain(status, detail);
    }
}

void Connection::on_handler_failed(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const Cancelled&) {
        exchange_->must_close();
        if (ending_ == Ending::client_gone) {
            exchange_->set_aborted();
            next_ = Next::close;
        } else if (ending_ == Ending::worker_ends) {
            replace_answer(503, "the server is shutting down");
        } else {
            log_application_error("the handler cancelled itself");
            replace_answer(500, {});
        }
    } catch (const HttpError& error) {
        if (error.status() >= 500) log_application_error(describe_current_exception());
        replace_answer(error.status(), error.what());
    } catch (...) {
        log_application_error(describe_current_exception());
        replace_answer(500, {});
    }
}

void Connection::log_application_error(const std::string& what) {
    const RequestHead& head = exchange_->head();
    log_error("Application error: " + what, {{"request", std::string(head.method) + " " + std::string(head.raw_target)},
                                             {"peer", peer_.to_text()}});
}

void Connection::refuse(ParseError error) {
    exchange_->begin_refused(server_.count_request(), server_.loop().time());
    exchange_->answer_plain(error.status, error.reason);
    server_.request_done(error.status);
    if (server_.access_log().is_enabled()) log_access();
    next_ = Next::linger;
}

void Connection::log_access() {
    const RequestHead& head = exchange_->head();
    AccessRecord record;
    const std::string_view client = exchange_->origin().client;
    record.remote = client.empty() ? exchange_->peer() : client;
    record.scheme = exchange_->origin().scheme;
    record.method = head.method;
    record.target = head.raw_target;
    record.path = head.target.path;
    record.query = head.target.query;
    record.minor_version = head.version == HttpVersion::http_1_0 ? 0 : 1;
    record.status = exchange_->status();
    record.body_bytes = exchange_->response_body_bytes();
    record.duration = Clock::now() - exchange_->began_at();
    record.unix_time = std::time(nullptr);
    record.pid = server_.worker_info().pid;
    record.request_fields = head.fields;
    record.response_fields = exchange_->response_fields().list();
    server_.log_access(record);
}

// --- bodies

Coro<void> Connection::receive_body() {
    if (!exchange_->out().empty() && !exchange_->head_sent()) co_await send_all();  // "100 Continue"
    const Phase before = phase_;
    enter(Phase::body);
    for (;;) {
        co_await stream_.readable();
        const IoResult got = stream_.try_receive(exchange_->room());
        if (got.bytes > 0) {
            exchange_->received(got.bytes);
            break;
        }
        if (got.error != EAGAIN) leave(Ending::client_gone);
        if (ending_ == Ending::deadline) {
            exchange_->must_close();
            throw BodyError(408, "the body of the request took too long");
        }
        if (ending_ != Ending::none) throw Cancelled{};
    }
    enter(before);
    if (handler_waits_) stream_.watch(*this);
}

Coro<void> Connection::discard_body() {
    co_await send_all();
    std::size_t discarded = 0;
    for (;;) {
        const RequestEvent event = exchange_->next_body_event();
        if (event == RequestEvent::end) co_return;
        if (event == RequestEvent::body) discarded += exchange_->body_piece().size();
        if (event == RequestEvent::error || discarded > server_.options().limits.discarded_body_bytes) break;
        if (event != RequestEvent::need_more) continue;
        exchange_->make_room_for_body();
        try {
            co_await receive_body();
        } catch (const BodyError&) {
            break;
        }
    }
    next_ = Next::linger;
}

/// After our end is closed: what the client still sends is read and dropped, lest the kernel reset the connection and with it
/// the last answer (RFC 9112 §9.6).
Coro<void> Connection::linger() {
    stream_.shutdown_send();
    if (exchange_) server_.exchanges().give_back(std::move(exchange_));
    ending_ = Ending::none;
    enter(Phase::lingering);
    try {
        for (std::size_t dropped = 0; dropped <= server_.options().limits.discarded_body_bytes && ending_ == Ending::none;) {
            co_await stream_.readable();
            const IoResult got = stream_.try_receive(server_.scratch());
            if (got.bytes == 0 && got.error != EAGAIN) break;
            dropped += got.bytes;
        }
    } catch (const Cancelled&) {
    }
}

// --- sending

bool Connection::has_much_to_send() const {
    return exchange_->out().size() > server_.options().limits.response_buffer_bytes || !exchange_->large_body().empty();
}

/// Sends what the kernel takes now. True: that was all.
bool Connection::try_send_all() {
    if (!exchange_ || (exchange_->out().empty() && exchange_->large_body().empty())) return true;
    const std::size_t all = exchange_->out().size() + exchange_->large_body().size();
    const IoResult sent = stream_.try_send(exchange_->out(), exchange_->large_body());
    if (sent.error != 0) leave(Ending::client_gone);
    if (sent.bytes == all) {
        exchange_->sent();
        return true;
    }
    exchange_->sent_some(sent.bytes);
    return false;
}

void Connection::send_some() {
    try {
        try_send_all();
    } catch (const Cancelled&) {  // seen again by whoever sends next, or by the watch
    }
}

Coro<void> Connection::send_all() {
    if (try_send_all()) co_return;
    const Phase before = phase_;
    bytes_sent_seen_ = stream_.bytes_sent();
    enter(Phase::sending);
    const IoResult sent = co_await stream_.send(exchange_->out(), exchange_->large_body());
    if (sent.error != 0) leave(ending_ == Ending::worker_ends ? ending_ : Ending::client_gone);
    exchange_->sent();
    enter(before);
}

Coro<void> Connection::send_soon() {
    if (has_much_to_send()) return send_all();
    if (!is_scheduled()) server_.loop().schedule(*this);
    return sent_later();
}

Coro<void> Connection::sent_later() { co_return; }

void Connection::run() {
    if (phase_ == Phase::handler) send_some();
}

// --- deadlines and ends

void Connection::enter(Phase phase) {
    phase_ = phase;
    Server::Deadlines& deadlines = server_.deadlines();
    switch (phase) {
        case Phase::idle: return deadlines.keep_alive.start(*this);
        case Phase::head: return deadlines.header.start(*this);
        case Phase::body: return deadlines.body.start(*this);
        case Phase::sending: return deadlines.write.start(*this);
        case Phase::lingering: return deadlines.linger.start(*this);
        case Phase::handler: break;
    }
    stop_deadline();
    if (half_closed_) deadlines.half_close.start(*this);
}

void Connection::on_deadline() {
    if (phase_ == Phase::handler) return cancel_handler(Ending::client_gone);
    if (phase_ == Phase::sending && stream_.bytes_sent() != bytes_sent_seen_) {
        bytes_sent_seen_ = stream_.bytes_sent();
        return enter(Phase::sending);  // slow, but it moves
    }
    ending_ = Ending::deadline;
    stream_.abort();
}

void Connection::on_hangup(bool reset) noexcept {
    if (reset) return cancel_handler(Ending::client_gone);
    half_closed_ = true;
    if (phase_ != Phase::handler) return;
    if (server_.options().timeouts.half_close.count() == 0) return cancel_handler(Ending::client_gone);
    enter(Phase::handler);
}

void Connection::cancel_handler(Ending ending) {
    if (ending_ == Ending::client_gone) return;
    ending_ = ending;
    task_->cancel_task();
}

void Connection::end_now() {
    if (phase_ == Phase::handler) return cancel_handler(Ending::worker_ends);
    ending_ = Ending::worker_ends;
    stream_.abort();
}

void Connection::leave(Ending ending) {
    ending_ = ending;
    throw Cancelled{};
}

}  // namespace girin
