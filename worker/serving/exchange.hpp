#pragma once

// Exchange: one request and its answer, with the buffers they need. A connection holds one only while bytes are in
// hand, so that idle connections cost little; a pool hands them round, and a steady worker allocates none. Request
// and Response are what an application sees of it. Not here: when to read, send and close (connection.hpp).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "girin/app/request.hpp"
#include "girin/app/response.hpp"
#include "girin/base/clock.hpp"
#include "girin/http/fields.hpp"
#include "girin/loop/coro.hpp"
#include "girin/loop/future.hpp"
#include "worker/app/body_budget.hpp"
#include "worker/http/forwarded.hpp"
#include "worker/http/input_buffer.hpp"
#include "worker/http/request_parser.hpp"
#include "worker/http/response_head.hpp"
#include "worker/serving/request_deadline.hpp"

namespace girin {

class Connection;

class Exchange {
  public:
    static constexpr std::size_t kHeadBufferBytes = 16 * 1024;
    static constexpr std::size_t kBodyBufferBytes = 64 * 1024;
    static constexpr std::size_t kLeastRoom = 2048;  // worth a receive
    /// Of a body for which the application names no type.
    static constexpr std::string_view kDefaultContentType = "text/plain; charset=utf-8";

    explicit Exchange(const Limits& limits) : parser_(limits) {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    // --- for the connection: input

    void attach(Connection& connection) { connection_ = &connection; }
    /// Ready for the pool, and for any other connection: nothing of this one's is left, neither bytes nor what looks
    /// into them.
    void clear();
    /// Nothing is in hand: no byte of a request, none to be sent. Empty lines are none.
    bool is_idle() const { return parser_.between_requests() && input().empty() && out_.empty(); }
    /// Nor has an empty line been counted, of which only so many may come: it may go back to the pool.
    bool is_untouched() const { return is_idle() && !parser_.has_skipped_lines(); }

    std::span<char> room() { return input().room(kLeastRoom); }
    void received(std::size_t count) { input().received(count); }
    bool has_input() const { return !input().empty(); }
    /// The parser's next event, its bytes consumed.
    RequestEvent next_event();
    ParseError parse_error() const { return parser_.error(); }
    /// Before more of a body is received: the head's bytes, which the application may look at, stay where they are.
    void make_room_for_body();

    // --- for the connection: one request

    /// After RequestEvent::head. `number` is the request's among all of the worker.
    void begin(std::uint64_t number, TimePoint now, bool may_keep_alive);
    const RequestHead& head() const { return parser_.head(); }
    /// After RequestEvent::error, or when the head's time is over: there is no more of this request than head() knows,
    /// which may be nothing at all.
    void begin_refused(std::uint64_t number, TimePoint now);
    TimePoint began_at() const { return began_at_; }
    RequestDeadline& deadline() { return deadline_; }
    /// The handler has said that it may take until then.
    std::optional<TimePoint> extended_until() const { return extended_until_; }
    Request& request() { return request_; }
    Response& response() { return response_; }

    /// The worker drains.
    void on_draining() {
        if (draining_ && !draining_.done()) draining_.set_result();
    }
    /// The handler has ended: what it held of the worker's is given back.
    void end() {
        if (!body_share_.is_empty()) body_share_.reset();
        if (draining_) forget_draining();
    }

    bool body_is_over() const { return body_over_; }
    /// How long its client was waited for, and how much has come: what a minimum rate is judged by.
    void begin_body_wait(TimePoint now) { body_wait_began_ = now; }
    void end_body_wait(TimePoint now) {
        body_waited_ = body_wait(now);
        body_wait_began_ = TimePoint::max();
    }
    Duration body_wait(TimePoint now) const {
        return body_wait_began_ == TimePoint::max() ? body_waited_ : body_waited_ + (now - body_wait_began_);
    }
    std::uint64_t body_bytes_received() const { return body_bytes_received_; }
    std::optional<std::uint64_t> body_bytes_left() const { return parser_.body_bytes_left(); }
    bool continue_is_awaited() const { return awaits_continue_; }
    /// The next piece, end or error of the body. After `end` the request's bytes are all consumed.
    RequestEvent next_body_event();
    std::string_view body_piece() const { return parser_.body(); }

    // --- for the connection: the answer

    bool head_sent() const { return head_sent_; }
    bool keeps_alive() const { return plan_.keep_alive && !must_close_; }
    void must_close() { must_close_ = true; }
    int status() const { return status_; }
    /// A part of the answer is lost for good: nothing more of it may be sent.
    void cut_off() {
        sent();
        cut_off_ = true;
    }
    bool is_cut_off() const { return cut_off_; }
    /// The client takes the end of the connection for the answer's.
    bool ends_with_connection() const { return head_sent_ && plan_.framing == ResponseFraming::until_close; }
    /// Nobody took the answer: logged as 499, as nginx does.
    void set_aborted() {
        if (!head_sent_) status_ = 499;
    }
    const Fields& response_fields() const { return fields_; }
    std::uint64_t response_body_bytes() const { return body_bytes_sent_; }

    /// The handler has returned: what is missing of the answer goes to out(). Errors: what the application did wrong;
    /// if the head wasn't sent the answer is to be replaced by answer_plain(), else the connection closed.
    Result<void> finish();
    /// An answer of the server's own, in the place of whatever the application had begun.
    void answer_plain(int status, std::string_view detail);
    /// The same, as the application has thrown it. Errors: what it did wrong; then nothing is answered yet.
    Result<void> answer_thrown(const HttpError& error);

    /// To be sent, in order: out(), then large_body() where that is not empty.
    std::string& out() { return out_; }
    std::string_view large_body() const { return large_body_; }
    void sent() {
        out_.clear();
        large_body_ = {};
    }
    void sent_some(std::size_t bytes) {
        const std::size_t of_out = std::min(bytes, out_.size());
        out_.erase(0, of_out);
        large_body_.remove_prefix(bytes - of_out);
    }

    // --- for Request and Response

    Connection& connection() const { return *connection_; }
    const Origin& origin();
    std::string_view peer();
    std::optional<UnixPeer> unix_peer() const;
    std::string_view path();
    std::uint64_t number() const { return number_; }
    const FieldList& trailers() const { return trailer_list_; }
    Coro<std::string_view> read_body();
    void extend_deadline(Duration from_now);
    Future<void> draining();
    /// Errors: BodyError(413).
    static void require_body_within(std::uint64_t bytes, std::size_t max_bytes);
    /// Errors: BodyError(503).
    void make_room_in(std::string& whole, std::size_t more_bytes, std::size_t max_bytes);
    BodyShare take_body_share() { return std::move(body_share_); }

    void set_status(int code);
    void add_field(std::string_view name, std::string_view value, bool replace);
    void set_body(std::string_view text);
    Coro<void> write(std::string_view piece);
    Coro<void> flush();
    void add_trailer(std::string_view name, std::string_view value) { trailers_out_.add(name, value); }

  private:
    // So many writes that send nothing are free; an answer that goes on and on is slowed down then.
    static constexpr std::uint32_t kFreeUnsentWrites = 1024;
    // Bodies up to this size are copied behind their head and sent with it.
    static constexpr std::size_t kCopiedBodyBytes = 16 * 1024;

    InputBuffer& input() { return in_body_buffer_ ? body_in_ : head_in_; }
    const InputBuffer& input() const { return in_body_buffer_ ? body_in_ : head_in_; }
    void take_trailers();
    void forget_request();
    void forget_draining();
    void hold_body(std::size_t more_bytes);
    void begin_common(std::uint64_t number, TimePoint now);
    Result<void> begin_answer(std::optional<std::uint64_t> body_bytes);
    ResponseContext context() const;
    bool is_usual() const;
    void finish_usual();
    Result<void> finish_stream();
    Coro<void> skip_write();
    void require_head_open() const;
    void require_open_answer() const;
    void judge_unread_body();

    Connection* connection_ = nullptr;

    InputBuffer head_in_{kHeadBufferBytes};
    InputBuffer body_in_{kBodyBufferBytes};
    bool in_body_buffer_ = false;
    RequestParser parser_;

    Request request_{*this};
    std::uint64_t number_ = 0;
    TimePoint began_at_{};
    RequestDeadline deadline_{*this};
    std::optional<TimePoint> extended_until_;
    Future<void> draining_;  // none until somebody has asked
    BodyShare body_share_;
    bool may_keep_alive_ = false;
    bool body_over_ = true;
    bool awaits_continue_ = false;
    Duration body_waited_{};
    TimePoint body_wait_began_ = TimePoint::max();
    std::uint64_t body_bytes_received_ = 0;  // without their framing
    std::string path_storage_;
    std::string peer_text_;
    std::string peer_host_;
    std::optional<Origin> origin_;
    Fields trailers_in_;
    FieldList trailer_list_;

    Response response_{*this};
    int status_ = 200;
    Fields fields_;
    Fields trailers_out_;
    bool has_body_ = false;
    std::string body_;
    std::string_view large_body_;
    bool head_sent_ = false;
    bool must_close_ = false;
    bool cut_off_ = false;
    std::uint64_t body_bytes_sent_ = 0;
    std::uint32_t unsent_writes_ = 0;  // see skip_write()
    ResponsePlan plan_;
    std::string out_;
};

/// Exchanges that nobody holds. Keeps at most kKept; others are freed.
class ExchangePool {
  public:
    explicit ExchangePool(const Limits& limits) : limits_(limits) {}

    std::unique_ptr<Exchange> take();
    void give_back(std::unique_ptr<Exchange> exchange);

  private:
    static constexpr std::size_t kKept = 64;

    const Limits& limits_;
    std::vector<std::unique_ptr<Exchange>> free_;
};

}  // namespace girin
