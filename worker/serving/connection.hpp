#pragma once

// Connection: the life of one client's connection, as one coroutine: wait, read, parse, call the application, write;
// keep alive or close. Its owner is told of its end, and what it
// shares with others is its context; it knows no server. Not here: bytes of HTTP (http/), what belongs to one request
// (http1_exchange.hpp).
// Answers of the server's own are in connection_answers.cpp.

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>

#include "girin/loop/task.hpp"
#include "girin/net/acceptor.hpp"
#include "girin/net/stream.hpp"
#include "worker/serving/deadlines.hpp"
#include "worker/serving/http1_exchange.hpp"
#include "worker/serving/serving_context.hpp"

namespace girin {

struct ConnectionTag;
using ConnectionHook = boost::intrusive::list_base_hook<
    boost::intrusive::tag<ConnectionTag>, boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class Connection final : public ConnectionHook, private Deadline, private HangupListener, private Runnable,
                         private Http1Exchange::Carrier {
  public:
    Connection(ServingContext& context, Accepted accepted);
    ~Connection();

    /// Runs to the end of the connection, then asks its owner to forget it.
    Coro<void> serve();
    void set_task(TaskBase& task) { task_ = &task; }

    int fd() const override { return stream_.fd(); }
    /// No byte of a request is here, but for empty lines: may be closed without harm to any. Also before the first one.
    bool awaits_request() const;
    /// No request has come on it yet.
    bool is_new() const { return !served_; }
    /// So long it has done so. To a millisecond or two; counts on while a request is in hand.
    Duration waited() const;

    /// The drain's time is over, or the worker quits: a request in hand gets 503 where its answer has not begun.
    void end_now();
    /// Closes a connection that awaits_request(), as the keep-alive timeout does: a request that crosses with it is
    /// still answered.
    void end_waiting();
    /// The worker drains: a handler that has asked for it is told.
    void on_draining() {
        if (exchange_) exchange_->on_draining();
    }

  private:
    // What the connection waits to receive; decides what the end of a deadline, or of the worker, does to it. Sending
    // goes on beside it, with a deadline of its own.
    enum class Phase : std::uint8_t { idle, head, handler, body, lingering };
    enum class Next : std::uint8_t { more, close, linger };

    class HandlerRun;
    class BodyWait;
    class SendWait;

    // For the exchange.
    Coro<void> receive_body() override;
    Coro<void> send_all() override;
    bool is_sending() const override { return sending_; }
    Coro<void> send_soon() override;
    Coro<void> give_way(Duration pause) override;
    bool is_given_up() const override { return ending_ != Ending::none; }
    void on_request_late() override { cancel_handler(Ending::request_late); }

    void take_times();
    Coro<void> clear_the_way();
    Coro<void> finish_reads(bool give_way);

    bool next_request();
    void wait_for_request();
    void receive();
    void give_up_waiting();
    void begin_request();
    /// `failure`: the handler could not even be called; then it is empty.
    Coro<void> start_handler(std::exception_ptr& failure);
    void on_handler_waits();
    void watch_client();
    void end_request(const std::exception_ptr& failure);
    void decide_next();

    void refuse(ParseError error);
    void replace_answer(int status, std::string_view detail);
    void close_unfinished();
    void on_handler_failed(const std::exception_ptr& failure);
    void log_late_request();
    /// An exception of our own making, which is being handled.
    void on_failed();
    void log_application_error(const std::string& what);
    void log_access();

    Coro<void> discard_body();
    Coro<void> linger();

    bool has_much_to_send() const;
    bool try_send_all();
    void send_some();
    static Coro<void> sent_later();
    void run() override;  // what send_soon() has gathered goes out
    bool has_had_its_turn();
    bool sends_too_slowly() const;

    void enter(Phase phase);
    void stop_deadline() { Deadline::stop(); }
    bool has_deadline() const { return Deadline::is_running(); }
    void on_deadline() override;
    void on_hangup(bool reset) noexcept override;
    void cancel_handler(Ending ending);
    [[noreturn]] void leave(Ending ending);

    ServingContext& context_;
    Stream stream_;
    TaskBase* task_ = nullptr;
    std::unique_ptr<Http1Exchange> exchange_;
    Address peer_;
    Phase phase_ = Phase::head;
    Ending ending_ = Ending::none;
    Next next_ = Next::more;
    bool expired_ = false;        // the phase's deadline has passed
    bool last_ = false;           // the request that is coming is the last one
    bool sending_ = false;        // somebody waits in send_all()
    bool handler_waits_ = false;  // the handler did not end at once
    bool served_ = false;         // at least one request
    bool half_closed_ = false;    // the client has sent FIN
    std::uint8_t transfers_ = 0;  // see has_had_its_turn()
    std::uint16_t untimed_ = 0;   // requests answered since take_times()
    std::uint32_t waits_since_;   // the loop's time when it began to wait for a request, in units of 2^20 ns
    std::uint64_t taken_before_half_close_ = 0;
};

}  // namespace girin
