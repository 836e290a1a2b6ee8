#include "worker/testing/fake_exchange.hpp"

#include <algorithm>
#include <cstring>

#include "girin/loop/cancel.hpp"
#include "girin/loop/sleep.hpp"
#include "worker/http/chars.hpp"
#include "worker/http/chunk_writer.hpp"
#include "worker/process/options.hpp"

namespace girin::testing {
namespace {

// As HTTP/1's connections: a piece of this size leaves at once, and so much may gather.
constexpr std::size_t kCopiedBytes = 16 * 1024;
constexpr std::size_t kGatheredBytes = 64 * 1024;
// Timeouts that are as a server's unless set.
const Duration kBodyTimeout = Timeouts().body;
const Duration kWriteTimeout = Timeouts().write;
// Writes that send nothing, before others get their turn.
constexpr unsigned kWritesPerTurn = 16;

std::string chunk(std::string_view bytes) {
    std::string whole;
    append_chunk_head(whole, bytes.size());
    return whole.append(bytes).append(kChunkEnd);
}

}  // namespace

/// While bytes wait for a client who takes nothing.
class FakeExchange::Sending {
  public:
    explicit Sending(FakeExchange& exchange) : exchange_(exchange), stall_(exchange.virtual_loop_) {
        exchange_.is_sending_ = true;
    }
    Sending(const Sending&) = delete;
    Sending& operator=(const Sending&) = delete;
    ~Sending() { exchange_.is_sending_ = false; }

  private:
    FakeExchange& exchange_;
    VirtualLoop::Stall stall_;
};

FakeExchange::FakeExchange(const detail::FakeScript& script, EventLoop& loop, VirtualLoop* virtual_loop, std::uint64_t number)
    : script_(script), loop_(loop), virtual_loop_(virtual_loop), began_at_(loop.time()), handled_(loop) {
    show(input_.head());
    set_number(number);
}

// --- what is asked

std::string FakeExchange::compose_head() const {
    std::string head = script_.method + " " + script_.target + " HTTP/1." + std::to_string(script_.minor_version) + "\r\n";
    const auto has = [this](std::string_view name) {
        return std::ranges::any_of(script_.fields, [name](const auto& field) { return chars::equal_no_case(field.first, name); });
    };
    if (!has("host")) head.append("Host: test.example\r\n");
    for (const auto& [name, value] : script_.fields) head.append(name).append(": ").append(value).append("\r\n");
    if (script_.body && !has("content-length")) {
        const std::size_t missing = script_.has_end ? 0 : 1;
        head.append("Content-Length: ").append(std::to_string(script_.body->size() + missing)).append("\r\n");
    } else if (!script_.pieces.empty() && !has("content-length") && !has("transfer-encoding")) {
        head.append("Transfer-Encoding: chunked\r\n");
    }
    return head.append("\r\n");
}

void FakeExchange::plan_arrivals() {
    if (script_.body && !script_.body->empty()) arrivals_.push_back({*script_.body, began_at_});
    const bool chunked = head().framing == BodyFraming::chunked;
    TimePoint when = began_at_;
    for (const auto& piece : script_.pieces) {
        when += piece.after;
        arrivals_.push_back({chunked ? chunk(piece.bytes) : piece.bytes, when});
    }
    if (!chunked || !script_.has_end) return;
    std::string end = "0\r\n";
    for (const auto& [name, value] : script_.trailers) end.append(name).append(": ").append(value).append("\r\n");
    arrivals_.push_back({end.append("\r\n"), when});
}

void FakeExchange::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::span<char> room = input_.room();
        const std::size_t count = std::min(room.size(), bytes.size());
        std::memcpy(room.data(), bytes.data(), count);
        input_.received(count);
        bytes.remove_prefix(count);
    }
}

/// Errors: what a server would refuse it with.
ParseError FakeExchange::read_head() {
    feed(compose_head());
    const RequestEvent event = input_.next_event();
    if (event == RequestEvent::error) return input_.error();
    if (event != RequestEvent::head || !input_.is_empty()) return ParseError(400, "a head that holds the end of one");
    if (head().method == "CONNECT") return ParseError(501, "this server is no tunnel");
    input_.begin_request();
    plan_arrivals();
    origin_.client = script_.client;
    origin_.scheme = script_.scheme;
    origin_.host = head().host;
    return {};
}

Coro<std::string_view> FakeExchange::read_body() {
    for (;;) {
        const RequestEvent event = input_.next_body_event();
        if (event == RequestEvent::body) co_return input_.piece();
        if (event == RequestEvent::end) {
            set_trailers(input_.trailers());
            co_return std::string_view();
        }
        if (event == RequestEvent::error) throw BodyError(input_.error().status, input_.error().reason);
        input_.make_room_for_body();
        co_await receive();
    }
}

Coro<void> FakeExchange::receive() {
    if (ending_ != Ending::none) throw Cancelled{};
    if (next_arrival_ == arrivals_.size()) {
        co_await sleep_for(kBodyTimeout);
        throw BodyError(408, "the body of the request took too long");
    }
    const Arrival& next = arrivals_[next_arrival_];
    if (next.when > loop_.time()) co_await sleep_until(next.when);
    ++next_arrival_;
    feed(next.bytes);
}

// --- the handler

Coro<FakeAnswer> FakeExchange::perform(std::shared_ptr<FakeExchange> self, Application* application) {
    if (const ParseError refused = self->read_head()) {
        self->answer_plain(refused.status, refused.reason);
        self->result_.status = self->answer().status();
        co_return std::move(self->result_);
    }
    Task<void> handling = self->loop_.create_task(attend(self, application), "handler");
    self->task_ = &handling.base();
    self->arm(self->script_.disconnects, Ending::client_gone);
    self->arm(self->script_.ends, Ending::worker_ends);
    if (self->script_.deadline) self->extend_deadline(*self->script_.deadline);
    if (self->script_.drains) self->timers_.push_back(self->loop_.call_later(*self->script_.drains, [self] { self->drain(); }));
    const Future<void> handled = self->handled_;
    co_await handled;
    co_return std::move(self->result_);
}

Coro<void> FakeExchange::attend(std::shared_ptr<FakeExchange> self, Application* application) {
    std::exception_ptr failure;
    try {
        Coro<void> handler = application->handle(self->request(), self->response());
        co_await std::move(handler);
    } catch (...) {
        failure = std::current_exception();
    }
    self->handler_ended(failure);
}

void FakeExchange::arm(const std::optional<Duration>& after, Ending ending) {
    if (after) timers_.push_back(loop_.call_later(*after, [this, ending] { end_by(ending); }));
}

void FakeExchange::extend_deadline(Duration from_now) {
    if (!script_.deadline) return;
    deadline_.cancel();
    deadline_ = loop_.call_later(from_now, [this] { end_by(Ending::request_late); });
}

void FakeExchange::drain() {
    draining_->store(true, std::memory_order_relaxed);
    tell_draining();
}

void FakeExchange::end_by(Ending ending) {
    if (task_ == nullptr || ending <= ending_) return;
    ending_ = ending;
    task_->cancel_task();
}

void FakeExchange::handler_ended(const std::exception_ptr& failure) {
    task_ = nullptr;
    for (Handle& timer : timers_) timer.cancel();
    deadline_.cancel();
    end_of_turn_.cancel();
    end_request();
    conclude(failure);
    result_.status = answer().status();
    result_.took = loop_.time() - began_at_;
    handled_.set_result();
}

// --- the answer

ResponseContext FakeExchange::response_context() const {
    ResponseContext context;
    context.version = head().version;
    context.head_method = head().method == "HEAD";
    return context;
}

Result<void> FakeExchange::begin(std::optional<std::uint64_t> body_bytes) {
    ResponseHead response;
    response.status = answer().status();
    response.fields = answer().fields().list();
    response.body_bytes = body_bytes;
    if (answer().has_body()) response.content_type = Answer::kDefaultContentType;
    std::string bytes;
    Result<ResponsePlan> plan = append_response_head(bytes, response, response_context());
    if (!plan) return plan.error();
    plan_ = *plan;
    take_head(bytes);
    answer().set_head_sent();
    return {};
}

/// The fields of a head that is well-formed, without those that only frame it.
void FakeExchange::take_head(std::string_view bytes) {
    result_.headers.clear();
    bytes.remove_prefix(bytes.find("\r\n") + 2);
    for (std::size_t end = bytes.find("\r\n"); end > 0; end = bytes.find("\r\n")) {
        const std::string_view line = bytes.substr(0, end);
        const std::size_t colon = line.find(": ");
        const std::string_view name = line.substr(0, colon);
        if (name != "Transfer-Encoding" && name != "Connection") result_.headers.add(name, line.substr(colon + 2));
        bytes.remove_prefix(end + 2);
    }
}

Result<void> FakeExchange::answer_whole() {
    if (auto begun = begin(answer().body().size()); !begun) return begun;
    if (plan_.framing != ResponseFraming::none) gathered_ = answer().body();
    complete();
    return {};
}

void FakeExchange::answer_plain(int status, std::string_view detail) {
    answer().replace(status);
    std::string bytes;
    plan_ = append_plain_answer(bytes, status, detail, response_context());
    take_head(bytes);
    answer().set_head_sent();
    gathered_ = bytes.substr(bytes.find("\r\n\r\n") + 4);
    complete();
}

Result<void> FakeExchange::end_stream() {
    if (plan_.framing == ResponseFraming::content_length && body_bytes_ != plan_.content_length) {
        return Error("the application announced " + std::to_string(plan_.content_length) + " bytes of body and wrote " +
                     std::to_string(body_bytes_));
    }
    if (plan_.framing == ResponseFraming::chunked) {
        std::string bytes;
        if (auto ended = append_last_chunk(bytes, answer().trailers().list()); !ended) return ended;
        result_.trailers.assign(answer().trailers());
    }
    complete();
    return {};
}

/// The handler has ended, by `failure` or well.
void FakeExchange::conclude(const std::exception_ptr& failure) {
    if (failure) return conclude_failed(judge_failure(failure, ending_));
    if (is_cut_off_) return;
    const auto ended = answer().head_is_sent() ? end_stream() : answer_whole();
    if (!ended) break_off(ended.error().message());
}

void FakeExchange::conclude_failed(const HandlerFailure& outcome) {
    result_.fault = outcome.fault;
    if (outcome.was_cancelled && is_gone()) return answer().set_aborted();
    if (answer().head_is_sent()) return take_rest();
    if (!outcome.thrown) return answer_plain(outcome.status, outcome.detail);
    answer().replace(*outcome.thrown);
    if (const auto answered = answer_whole(); !answered) break_off(answered.error().message());
}

/// The application's mistake: a 500 where nothing has left yet, else an answer without its end.
void FakeExchange::break_off(const std::string& fault) {
    result_.fault = fault;
    if (answer().head_is_sent()) return take_rest();
    answer_plain(500, {});
}

void FakeExchange::require_open() const {
    if (is_sending_) throw ResponseError("another task waits in write() or flush()");
    if (is_gone()) throw Cancelled{};
    if (is_cut_off_) throw ResponseError("an earlier write() was cancelled, which cut the answer off");
}

bool FakeExchange::takes_more() const {
    return !is_gone() && (!script_.stalls_after_pieces || result_.pieces.size() < *script_.stalls_after_pieces);
}

void FakeExchange::complete() {
    result_.is_complete = takes_more();
    take_rest();
}

void FakeExchange::take_rest() {
    if (!is_cut_off_ && takes_more()) take();
}

/// What has gathered leaves as one piece.
void FakeExchange::take() {
    if (gathered_.empty()) return;
    result_.body.append(gathered_);
    FakePiece piece;
    piece.bytes = std::exchange(gathered_, {});
    piece.at = loop_.time() - began_at_;
    result_.pieces.push_back(std::move(piece));
    if (result_.pieces.size() == script_.disconnects_after_pieces) end_by(Ending::client_gone);
}

Coro<void> FakeExchange::write(std::string_view piece) {
    answer().require_stream();
    require_open();
    if (!answer().head_is_sent()) {
        if (auto begun = begin(std::nullopt); !begun) throw ResponseError(begun.error().message());
    }
    if (plan_.framing == ResponseFraming::none || piece.empty()) {
        co_await give_way();
        co_return;
    }
    if (plan_.framing == ResponseFraming::content_length && piece.size() > plan_.content_length - body_bytes_) {
        throw ResponseError("the application writes more than the " + std::to_string(plan_.content_length) +
                            " bytes it announced");
    }
    body_bytes_ += piece.size();
    gathered_.append(piece);
    if (piece.size() > kCopiedBytes || gathered_.size() > kGatheredBytes) {
        co_await send_all(piece.size() > kCopiedBytes);
        co_return;
    }
    if (std::exchange(leaves_soon_, true)) co_return;
    end_of_turn_ = loop_.call_soon([this] {
        leaves_soon_ = false;
        if (!is_sending_ && takes_more()) take();
    });
}

Coro<void> FakeExchange::flush() {
    require_open();
    return send_all(false);
}

Coro<void> FakeExchange::send_all(bool lies_with_caller) {
    if (takes_more()) {
        take();
        co_await give_way();
        co_return;
    }
    if (is_gone()) throw Cancelled{};
    const Sending sending(*this);
    try {
        co_await sleep_for(kWriteTimeout);
    } catch (const Cancelled&) {
        is_cut_off_ = is_cut_off_ || lies_with_caller;
        throw;
    }
    end_by(Ending::client_gone);
    throw Cancelled{};
}

/// Others have their turn now and then, and who streams until it is cancelled is.
Coro<void> FakeExchange::give_way() {
    if (is_gone()) throw Cancelled{};
    if (++writes_ % kWritesPerTurn == 0) co_await sleep_for(Duration::zero());
}

}  // namespace girin::testing
