#include "worker/serving/exchange.hpp"

#include <sys/socket.h>

#include "girin/http/status.hpp"
#include "girin/loop/cancel.hpp"
#include "worker/app/sync_exchange.hpp"
#include "worker/http/chunk_writer.hpp"
#include "worker/serving/connection.hpp"

namespace girin {

void Exchange::clear() {
    connection_ = nullptr;
    deadline_.stop();
    end();
    head_in_.clear();
    body_in_.clear();
    in_body_buffer_ = false;
    parser_.reset();
    forget_request();
    sent();
    if (body_.capacity() > kBodyBufferBytes) body_.shrink_to_fit();
    if (out_.capacity() > kBodyBufferBytes) out_.shrink_to_fit();
    peer_text_.clear();
}

// --- input

RequestEvent Exchange::next_event() {
    const RequestStep step = parser_.next(input().unconsumed());
    input().consume(step.consumed);
    return step.event;
}

void Exchange::make_room_for_body() {
    if (in_body_buffer_) return;
    body_in_.clear();
    body_in_.append(head_in_.unconsumed());
    in_body_buffer_ = true;
}

RequestEvent Exchange::next_body_event() {
    if (body_over_) return RequestEvent::end;
    const RequestEvent event = next_event();
    if (event == RequestEvent::body) body_bytes_received_ += body_piece().size();
    if (event == RequestEvent::end) {
        body_over_ = true;
        take_trailers();
    }
    return event;
}

void Exchange::take_trailers() {
    if (parser_.trailers().empty()) return;
    trailers_in_.assign(parser_.trailers());
    trailer_list_ = trailers_in_.list();
}

// --- one request

/// All that is known of one request and its answer, but for what the parser knows and what waits to be sent.
void Exchange::forget_request() {
    if (number_ == 0) return;  // none has begun since: all is as in a new exchange
    number_ = 0;
    began_at_ = {};
    extended_until_.reset();
    may_keep_alive_ = false;
    body_over_ = true;
    awaits_continue_ = false;
    body_waited_ = {};
    body_wait_began_ = TimePoint::max();
    body_bytes_received_ = 0;
    origin_.reset();
    trailer_list_ = {};
    status_ = 200;
    fields_.clear();
    trailers_out_.clear();
    has_body_ = false;
    body_.clear();
    head_sent_ = false;
    must_close_ = false;
    cut_off_ = false;
    body_bytes_sent_ = 0;
    unsent_writes_ = 0;
    plan_ = ResponsePlan();
}

void Exchange::begin_common(std::uint64_t number, TimePoint now) {
    forget_request();
    number_ = number;
    began_at_ = now;
}

void Exchange::begin(std::uint64_t number, TimePoint now, bool may_keep_alive) {
    begin_common(number, now);
    may_keep_alive_ = may_keep_alive && head().keep_alive;
    if (in_body_buffer_) {
        // The head came behind the body of the request before it. It stays where it is; further bytes go to the other
        // buffer.
        head_in_.swap(body_in_);
        in_body_buffer_ = false;
    }
    body_over_ = parser_.skip_empty_body();
    awaits_continue_ = head().expect_continue;
}

void Exchange::begin_refused(std::uint64_t number, TimePoint now) {
    begin_common(number, now);
}

std::string_view Exchange::peer() {
    if (peer_text_.empty()) peer_text_ = connection_->peer().to_text();
    return peer_text_;
}

std::optional<UnixPeer> Exchange::unix_peer() const {
    ucred credentials{};
    socklen_t bytes = sizeof credentials;
    if (!connection_->peer().is_unix()) return std::nullopt;
    if (::getsockopt(connection_->fd(), SOL_SOCKET, SO_PEERCRED, &credentials, &bytes) != 0) return std::nullopt;
    return UnixPeer{credentials.pid, credentials.uid, credentials.gid};
}

std::string_view Exchange::path() { return decode_path(head().target, path_storage_); }

const Origin& Exchange::origin() {
    if (!origin_) {
        peer_host_ = connection_->peer().host();
        Origin direct;
        direct.client = peer_host_;
        direct.scheme = "http";
        direct.host = head().host;
        const ServingContext& context = connection_->context();
        origin_ = find_origin(direct, head().fields, context.trusted_peers(), context.forwarded_header());
    }
    return *origin_;
}

Coro<std::string_view> Exchange::read_body() {
    for (;;) {
        const RequestEvent event = next_body_event();
        if (event == RequestEvent::body) co_return body_piece();
        if (event == RequestEvent::end) co_return std::string_view();
        if (event == RequestEvent::error) {
            must_close_ = true;
            throw BodyError(parse_error().status, parse_error().reason);
        }
        if (std::exchange(awaits_continue_, false) && !head_sent_) out_.append(kContinueHead);
        make_room_for_body();
        co_await connection_->receive_body();
    }
}

void RequestDeadline::run() { exchange_.connection().on_request_late(); }

void Exchange::extend_deadline(Duration from_now) {
    ServingContext& context = connection_->context();
    context.loop().check_process();  // the note is one with the parent's
    extended_until_ = later(context.loop().now(), from_now);
    if (context.options().timeouts.request.count() > 0) deadline_.extend(context.loop(), *extended_until_);
    context.request_note().set_deadline(extended_until_->time_since_epoch().count(), true);
}

Future<void> Exchange::draining() {
    if (!draining_ || draining_.cancelled()) draining_ = Future<void>(connection_->context().loop());
    if (connection_->context().is_draining()) on_draining();
    return draining_;
}

void Exchange::forget_draining() {
    draining_.cancel();
    draining_ = {};
}

/// As a string grows by itself, but never beyond what is still to come, and only while the worker has room for it.
void Exchange::make_room_in(std::string& whole, std::size_t more_bytes, std::size_t max_bytes) {
    const std::size_t needed = whole.size() + more_bytes;
    if (needed <= whole.capacity()) return;
    std::size_t room = std::min(std::max(needed, 2 * whole.capacity()), std::max(needed, max_bytes));
    if (const auto left = body_bytes_left()) room = static_cast<std::size_t>(std::min<std::uint64_t>(room, needed + *left));
    hold_body(room - (whole.empty() ? 0 : whole.capacity()));
    whole.reserve(room);
}

void Exchange::require_body_within(std::uint64_t bytes, std::size_t max_bytes) {
    if (bytes > max_bytes) throw BodyError(413, "the body is larger than " + std::to_string(max_bytes) + " bytes");
}

void Exchange::hold_body(std::size_t more_bytes) {
    ServingContext& context = connection_->context();
    if (body_share_.grow(context.body_budget(), more_bytes)) return;
    context.on_bodies_refused();
    must_close_ = true;
    throw BodyError(503, "the server holds too many request bodies at the moment");
}

// --- the answer

ResponseContext Exchange::context() const {
    ResponseContext context;
    context.version = head().version;
    context.head_method = head().method == "HEAD";
    // What an unread body leaves behind can't be told from the next request, unless it is read first.
    context.keep_alive = may_keep_alive_ && !must_close_ && connection_->context().keeps(connection_);
    context.server = connection_->context().server_header();
    context.date = connection_->context().date();
    return context;
}

Result<void> Exchange::begin_answer(std::optional<std::uint64_t> body_bytes) {
    if (awaits_continue_ && !body_over_) must_close_ = true;  // the client may send its body, or not
    ResponseHead response;
    response.status = status_;
    response.fields = fields_.list();
    response.body_bytes = body_bytes;
    if (has_body_) response.content_type = kDefaultContentType;
    Result<ResponsePlan> plan = append_response_head(out_, response, context());
    if (!plan) return plan.error();
    plan_ = *plan;
    head_sent_ = true;
    return {};
}

/// Nothing about the answer is unusual.
bool Exchange::is_usual() const {
    return status_ == 200 && has_body_ && fields_.empty() && body_over_ && may_keep_alive_ && !must_close_ &&
           head().version == HttpVersion::http_1_1 && body_.size() <= kCopiedBodyBytes && head().method != "HEAD" &&
           connection_->context().keeps(connection_);
}

void Exchange::finish_usual() {
    connection_->context().usual_head().append(out_, body_);
    plan_.keep_alive = true;
    plan_.framing = ResponseFraming::content_length;
    plan_.content_length = body_bytes_sent_ = body_.size();
    head_sent_ = true;
}

/// What the handler left of the body is read and dropped, unless that would take too long; then it's better to say so
/// now.
void Exchange::judge_unread_body() {
    if (!body_over_ && body_bytes_left().value_or(0) > connection_->context().options().limits.discarded_body_bytes) {
        must_close_ = true;
    }
}

Result<void> Exchange::finish() {
    if (cut_off_) return {};
    if (head_sent_) return finish_stream();
    if (is_usual()) {
        finish_usual();
        return {};
    }
    judge_unread_body();
    if (auto begun = begin_answer(body_.size()); !begun) return begun;
    if (plan_.framing == ResponseFraming::none) return {};
    body_bytes_sent_ = body_.size();
    if (body_.size() <= kCopiedBodyBytes) {
        out_.append(body_);
    } else {
        large_body_ = body_;
    }
    return {};
}

Result<void> Exchange::finish_stream() {
    if (plan_.framing == ResponseFraming::chunked) return append_last_chunk(out_, trailers_out_.list());
    if (plan_.framing == ResponseFraming::content_length && body_bytes_sent_ != plan_.content_length) {
        return Error("the application announced " + std::to_string(plan_.content_length) +
                     " bytes of body and wrote " + std::to_string(body_bytes_sent_));
    }
    return {};
}

void Exchange::answer_plain(int status, std::string_view detail) {
    judge_unread_body();
    if (awaits_continue_ && !body_over_) must_close_ = true;
    status_ = status;
    fields_.clear();
    plan_ = append_plain_answer(out_, status, detail, context());
    head_sent_ = true;
    body_bytes_sent_ = plan_.framing == ResponseFraming::content_length ? plan_.content_length : 0;
}

Result<void> Exchange::answer_thrown(const HttpError& error) {
    judge_unread_body();
    status_ = error.status();
    fields_.clear();
    for (const auto& [name, value] : error.fields()) fields_.add(name, value);
    if (error.text().empty()) {
        body_.assign(std::to_string(status_)).append(" ").append(reason_phrase(status_)).append("\n");
    } else {
        body_.assign(error.text());
    }
    has_body_ = true;
    return finish();
}

// --- what the application calls

void Exchange::require_head_open() const {
    if (head_sent_) throw ResponseError("the head of the answer is sent already");
}

void Exchange::require_open_answer() const {
    if (connection_->is_sending()) throw ResponseError("another task waits in write() or flush()");
    if (!cut_off_) return;
    if (connection_->is_given_up()) throw Cancelled{};
    throw ResponseError("an earlier write() was cancelled, which cut the answer off");
}

void Exchange::set_status(int code) {
    require_head_open();
    if (code < 200 || code > 599) throw ResponseError("status " + std::to_string(code) + " is not within 200-599");
    status_ = code;
}

void Exchange::add_field(std::string_view name, std::string_view value, bool replace) {
    require_head_open();
    if (!is_field_name(name)) throw ResponseError("response field \"" + std::string(name) + "\": bad name");
    if (!is_field_value(value)) throw ResponseError("response field \"" + std::string(name) + "\": bad value");
    if (replace) {
        fields_.set(name, value);
    } else {
        fields_.add(name, value);
    }
}

void Exchange::set_body(std::string_view text) {
    require_head_open();
    body_.assign(text);
    has_body_ = true;
}

Coro<void> Exchange::write(std::string_view piece) {
    if (has_body_) throw ResponseError("write() after body()");
    require_open_answer();
    if (!head_sent_) {
        if (auto begun = begin_answer(std::nullopt); !begun) throw ResponseError(begun.error().message());
        if (plan_.framing == ResponseFraming::none || piece.empty()) co_await connection_->send_soon();
    }
    if (plan_.framing == ResponseFraming::none || piece.empty()) {
        co_await skip_write();
        co_return;
    }
    if (plan_.framing == ResponseFraming::content_length && piece.size() > plan_.content_length - body_bytes_sent_) {
        throw ResponseError("the application writes more than the " + std::to_string(plan_.content_length) +
                            " bytes it announced");
    }
    body_bytes_sent_ += piece.size();
    const bool chunked = plan_.framing == ResponseFraming::chunked;
    if (chunked) append_chunk_head(out_, piece.size());
    if (piece.size() <= kCopiedBodyBytes) {
        out_.append(piece);
        if (chunked) out_.append(kChunkEnd);
        co_await connection_->send_soon();
    } else {
        large_body_ = piece;
        co_await connection_->send_all();
        if (!chunked) co_return;
        out_.append(kChunkEnd);
        co_await connection_->send_soon();
    }
}

/// Nothing of it is sent (HEAD, 204, 304, or an empty piece), so no client holds it back: others get their turn all the
/// same, and who streams until it is cancelled is.
Coro<void> Exchange::skip_write() {
    constexpr Duration kPause = std::chrono::milliseconds(1);
    return connection_->give_way(++unsent_writes_ > kFreeUnsentWrites ? kPause : Duration::zero());
}

Coro<void> Exchange::flush() {
    require_open_answer();
    return connection_->send_all();
}

// --- the public faces

std::string_view Request::method() const { return exchange_->head().method; }
std::string_view Request::target() const { return exchange_->head().raw_target; }
std::string_view Request::path() const { return exchange_->path(); }
std::string_view Request::raw_path() const { return exchange_->head().target.path; }
std::string_view Request::query() const { return exchange_->head().target.query; }
int Request::minor_version() const { return exchange_->head().version == HttpVersion::http_1_0 ? 0 : 1; }
const FieldList& Request::headers() const { return exchange_->head().fields; }
std::optional<std::string_view> Request::header(std::string_view name) const { return headers().find(name); }
std::string_view Request::peer() const { return exchange_->peer(); }
std::optional<UnixPeer> Request::unix_peer() const { return exchange_->unix_peer(); }
std::string_view Request::client() const { return exchange_->origin().client; }
std::string_view Request::scheme() const { return exchange_->origin().scheme; }
std::string_view Request::host() const { return exchange_->origin().host; }
Coro<std::string_view> Request::read() { return exchange_->read_body(); }
const FieldList& Request::trailers() const { return exchange_->trailers(); }
const WorkerInfo& Request::worker() const { return exchange_->connection().context().worker_info(); }
void Request::extend_deadline(std::chrono::nanoseconds from_now) { exchange_->extend_deadline(from_now); }
bool Request::is_draining() const { return exchange_->connection().context().is_draining(); }
Future<void> Request::draining() { return exchange_->draining(); }
std::uint64_t Request::number() const { return exchange_->number(); }

detail::SyncLink detail::take_sync_link(Request& request) {
    Exchange& exchange = request.exchange();
    SyncLink link;
    link.body = exchange.take_body_share();
    link.draining = exchange.connection().context().draining_flag();
    return link;
}

Coro<std::string> Request::read_all(std::size_t max_bytes) {
    // By the announced length first: a client that expects it isn't asked for what would only be refused.
    Exchange::require_body_within(exchange_->body_bytes_left().value_or(0), max_bytes);
    std::string whole;
    for (;;) {
        const std::string_view piece = co_await read();
        if (piece.empty()) co_return whole;
        Exchange::require_body_within(whole.size() + piece.size(), max_bytes);
        exchange_->make_room_in(whole, piece.size(), max_bytes);
        whole.append(piece);
    }
}

Response& Response::status(int code) {
    exchange_->set_status(code);
    return *this;
}
int Response::status() const { return exchange_->status(); }
Response& Response::header(std::string_view name, std::string_view value) {
    exchange_->add_field(name, value, false);
    return *this;
}
Response& Response::set_header(std::string_view name, std::string_view value) {
    exchange_->add_field(name, value, true);
    return *this;
}
void Response::body(std::string_view text) { exchange_->set_body(text); }
Coro<void> Response::write(std::string_view piece) { return exchange_->write(piece); }
Coro<void> Response::flush() { return exchange_->flush(); }
void Response::trailer(std::string_view name, std::string_view value) { exchange_->add_trailer(name, value); }
bool Response::head_sent() const { return exchange_->head_sent(); }

// --- the pool

std::unique_ptr<Exchange> ExchangePool::take() {
    if (free_.empty()) return std::make_unique<Exchange>(limits_);
    std::unique_ptr<Exchange> exchange = std::move(free_.back());
    free_.pop_back();
    return exchange;
}

void ExchangePool::give_back(std::unique_ptr<Exchange> exchange) {
    exchange->clear();
    if (free_.size() < kKept) free_.push_back(std::move(exchange));
}

}  // namespace girin
