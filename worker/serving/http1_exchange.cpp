#include "worker/serving/http1_exchange.hpp"

#include <sys/socket.h>

#include <utility>

#include "girin/loop/cancel.hpp"
#include "worker/serving/serving_context.hpp"

namespace girin {

void Http1Exchange::clear() {
    carrier_ = nullptr;
    context_ = nullptr;
    peer_ = nullptr;
    deadline_.stop();
    end();
    input_.clear();
    forget_request();
    output_.sent();
    output_.give_back_memory();
    answer().give_back_memory();
    peer_text_.clear();
}

// --- one request

/// All that is known of one request and its answer, but for what the parser knows and what waits to be sent.
void Http1Exchange::forget_request() {
    if (number() == 0) return;  // none has begun since: all is as in a new exchange
    set_number(0);
    began_at_ = {};
    extended_until_.reset();
    may_keep_alive_ = false;
    must_close_ = false;
    awaits_continue_ = false;
    unsent_writes_ = 0;
    body_waited_ = {};
    body_wait_began_ = TimePoint::max();
    origin_.reset();
    input_.forget_request();
    set_trailers({});
    output_.forget_answer();
    answer().clear();
}

void Http1Exchange::begin_common(std::uint64_t number, TimePoint now) {
    forget_request();
    set_number(number);
    began_at_ = now;
}

void Http1Exchange::begin(std::uint64_t number, TimePoint now, bool may_keep_alive) {
    begin_common(number, now);
    may_keep_alive_ = may_keep_alive && head().keep_alive;
    input_.begin_request();
    awaits_continue_ = head().expect_continue;
}

void Http1Exchange::begin_refused(std::uint64_t number, TimePoint now) { begin_common(number, now); }

void Http1Exchange::note() {
    const auto bytes =
        static_cast<std::size_t>(head().raw_target.data() + head().raw_target.size() - head().method.data());
    NotedPeer peer;
    peer.family = peer_->family();
    peer.port = peer_->port();
    peer.bytes = peer_->bytes();
    RequestNote& note = context_->request_note();
    note.set({head().method.data(), bytes}, peer, began_at_.time_since_epoch().count());
    const Duration limit = context_->options().timeouts.request;
    if (extended_until_) {
        note.set_deadline(extended_until_->time_since_epoch().count(), true);
    } else {
        const Duration end = limit.count() > 0 ? (began_at_ + limit).time_since_epoch() : Duration::zero();
        note.set_deadline(end.count(), false);
    }
}

void Http1Exchange::task_waits() noexcept { context_->request_note().clear(); }

RequestEvent Http1Exchange::next_body_event() {
    const RequestEvent event = input_.next_body_event();
    if (event == RequestEvent::end) set_trailers(input_.trailers());
    return event;
}

Coro<std::string_view> Http1Exchange::read_body() {
    for (;;) {
        const RequestEvent event = next_body_event();
        if (event == RequestEvent::body) co_return input_.piece();
        if (event == RequestEvent::end) co_return std::string_view();
        if (event == RequestEvent::error) {
            must_close_ = true;
            throw BodyError(input_.error().status, input_.error().reason);
        }
        if (std::exchange(awaits_continue_, false) && !answer().head_is_sent()) output_.write_continue();
        input_.make_room_for_body();
        co_await carrier_->receive_body();
    }
}

void Http1Exchange::hold_body(BodyShare& share, std::size_t more_bytes) {
    if (share.grow(context_->body_budget(), more_bytes)) return;
    context_->on_bodies_refused();
    must_close_ = true;
    throw BodyError(503, "the server holds too many request bodies at the moment");
}

// --- who asks, and how long it may take

std::string_view Http1Exchange::peer() {
    if (peer_text_.empty()) peer_text_ = peer_->to_text();
    return peer_text_;
}

std::optional<UnixPeer> Http1Exchange::unix_peer() const {
    ucred credentials{};
    socklen_t bytes = sizeof credentials;
    if (!peer_->is_unix()) return std::nullopt;
    if (::getsockopt(carrier_->fd(), SOL_SOCKET, SO_PEERCRED, &credentials, &bytes) != 0) return std::nullopt;
    return UnixPeer{credentials.pid, credentials.uid, credentials.gid};
}

const Origin& Http1Exchange::origin() {
    if (!origin_) {
        peer_host_ = peer_->host();
        Origin direct;
        direct.client = peer_host_;
        direct.scheme = "http";
        direct.host = head().host;
        origin_ = find_origin(direct, head().fields, context_->trusted_peers(), context_->forwarded_header());
    }
    return *origin_;
}

const WorkerInfo& Http1Exchange::worker() const { return context_->worker_info(); }

void RequestDeadline::run() { exchange_.on_request_late(); }

void Http1Exchange::extend_deadline(Duration from_now) {
    context_->loop().check_process();  // the note is one with the parent's
    extended_until_ = later(context_->loop().now(), from_now);
    if (context_->options().timeouts.request.count() > 0) deadline_.extend(context_->loop(), *extended_until_);
    context_->request_note().set_deadline(extended_until_->time_since_epoch().count(), true);
}

bool Http1Exchange::is_draining() const { return context_->is_draining(); }

std::shared_ptr<const std::atomic<bool>> Http1Exchange::draining_flag() const { return context_->draining_flag(); }

// --- the answer

ResponseContext Http1Exchange::response_context() const {
    ResponseContext context;
    context.version = head().version;
    context.head_method = head().method == "HEAD";
    // What an unread body leaves behind can't be told from the next request, unless it is read first.
    context.keep_alive = may_keep_alive_ && !must_close_ && context_->keeps(carrier_);
    context.server = context_->server_header();
    context.date = context_->date();
    return context;
}

/// Nothing about the answer is unusual.
bool Http1Exchange::is_usual() const {
    return answer().status() == 200 && answer().has_body() && answer().fields().empty() && input_.body_is_over() &&
           may_keep_alive_ && !must_close_ && head().version == HttpVersion::http_1_1 &&
           answer().body().size() <= AnswerWriter::kCopiedBodyBytes && head().method != "HEAD" && context_->keeps(carrier_);
}

/// The client that was never told to go on may send its body, or not.
void Http1Exchange::judge_unanswered_continue() {
    if (awaits_continue_ && !input_.body_is_over()) must_close_ = true;
}

/// What the handler left of the body is read and dropped, unless that would take too long; then it's better to say so
/// now.
void Http1Exchange::judge_unread_body() {
    if (input_.body_is_over()) return;
    if (body_bytes_left().value_or(0) > context_->options().limits.discarded_body_bytes) must_close_ = true;
}

Result<void> Http1Exchange::finish() {
    if (output_.is_cut_off()) return {};
    if (answer().head_is_sent()) return output_.end(answer());
    if (is_usual()) {
        output_.write_usual(context_->usual_head(), answer());
        return {};
    }
    judge_unread_body();
    judge_unanswered_continue();
    return output_.write_whole(answer(), response_context());
}

void Http1Exchange::answer_plain(int status, std::string_view detail) {
    judge_unread_body();
    judge_unanswered_continue();
    output_.write_plain(answer(), status, detail, response_context());
}

Result<void> Http1Exchange::answer_thrown(const HttpError& error) {
    judge_unread_body();
    answer().replace(error);
    return finish();
}

void Http1Exchange::require_open_answer() const {
    if (carrier_->is_sending()) throw ResponseError("another task waits in write() or flush()");
    if (!output_.is_cut_off()) return;
    if (carrier_->is_given_up()) throw Cancelled{};
    throw ResponseError("an earlier write() was cancelled, which cut the answer off");
}

Coro<void> Http1Exchange::write(std::string_view piece) {
    answer().require_stream();
    require_open_answer();
    if (!answer().head_is_sent()) {
        judge_unanswered_continue();
        if (auto begun = output_.begin(answer(), response_context()); !begun) throw ResponseError(begun.error().message());
        if (!output_.takes_pieces() || piece.empty()) co_await carrier_->send_soon();
    }
    if (!output_.takes_pieces() || piece.empty()) {
        co_await skip_write();
        co_return;
    }
    const bool lies_with_caller = output_.write_piece(piece);
    if (lies_with_caller) {
        co_await carrier_->send_all();
        if (!output_.end_large()) co_return;
    }
    co_await carrier_->send_soon();
}

/// Nothing of it is sent (HEAD, 204, 304, or an empty piece), so no client holds it back: others get their turn all the
/// same, and who streams until it is cancelled is.
Coro<void> Http1Exchange::skip_write() {
    constexpr Duration kPause = std::chrono::milliseconds(1);
    return carrier_->give_way(++unsent_writes_ > kFreeUnsentWrites ? kPause : Duration::zero());
}

Coro<void> Http1Exchange::flush() {
    require_open_answer();
    return carrier_->send_all();
}

// --- the pool

std::unique_ptr<Http1Exchange> ExchangePool::take() {
    if (free_.empty()) return std::make_unique<Http1Exchange>(limits_);
    std::unique_ptr<Http1Exchange> exchange = std::move(free_.back());
    free_.pop_back();
    return exchange;
}

void ExchangePool::give_back(std::unique_ptr<Http1Exchange> exchange) {
    exchange->clear();
    if (free_.size() < kKept) free_.push_back(std::move(exchange));
}

}  // namespace girin
