#include "girin/app/sync_application.hpp"

#include <condition_variable>
#include <mutex>

#include "girin/loop/executor.hpp"
#include "girin/loop/process_check.hpp"
#include "worker/app/sync_exchange.hpp"

namespace girin {

/// Handlers that are on a thread now.
class detail::RunningHandlers {
  public:
    void enter() {
        const std::lock_guard lock(mutex_);
        ++count_;
    }
    void leave() {
        const std::lock_guard lock(mutex_);
        if (--count_ == 0) none_.notify_all();
    }
    void wait_for_none() {
        const JobPause pause;  // what hangs is one of them
        std::unique_lock lock(mutex_);
        none_.wait(lock, [this] { return count_ == 0; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable none_;
    std::size_t count_ = 0;  // under mutex_
};

namespace {

using detail::RunningHandlers;
using detail::SyncExchange;
using Shared = std::shared_ptr<SyncExchange>;

// What runs in the pool. `exchange` by reference: the last owner but the handler's is the loop.

void call_handler(SyncApplication* application, RunningHandlers* running, const Shared& exchange) {
    struct Running {
        explicit Running(RunningHandlers& all) : all_(all) { all_.enter(); }
        ~Running() {
            process_.check();  // a child of the handler's is none of those that are counted, and may find the lock taken
            all_.leave();
        }
        RunningHandlers& all_;
        ProcessCheck process_;
    };
    const Running counted(*running);
    if (exchange->is_gone()) return;  // only now: who waits for none to run has given up all others before
    SyncRequest request(exchange);
    SyncResponse response(exchange);
    application->handle_blocking(request, response);
}
void call_start(SyncApplication* application, const WorkerInfo& worker) { application->start_blocking(worker); }
/// Handlers that are queued have been given up by then, and never run.
void call_stop(SyncApplication* application, RunningHandlers* running) {
    running->wait_for_none();
    application->stop_blocking();
}

/// However the loop's side ends: a handler that hasn't begun never does, one that waits in write() is woken.
class EndOfAnswer {
  public:
    EndOfAnswer(SyncExchange& exchange, Future<void>& work) : exchange_(exchange), work_(work) {}
    ~EndOfAnswer() {
        exchange_.abandon();
        work_.cancel();
    }

  private:
    SyncExchange& exchange_;
    Future<void>& work_;
};

void apply_head(const detail::SyncAnswer& answer, Response& response) {
    if (response.head_sent()) return;
    response.status(answer.status);
    for (const Field field : answer.headers.list()) response.header(field.name, field.value);
}

/// Passes one piece on; what goes wrong with it is the handler's to know.
Coro<void> take_piece(SyncExchange& exchange, std::string_view piece, Response& response) {
    std::exception_ptr failure;
    try {
        apply_head(exchange.answer, response);
        co_await response.write(piece);
    } catch (const std::exception&) {
        failure = std::current_exception();
    }
    exchange.piece_taken(failure);
}

/// Until the handler has returned.
Coro<void> pass_pieces(SyncExchange& exchange, Future<void>& work, Response& response) {
    while (!work.done()) {
        const Future<void> event = exchange.next_event();
        co_await event;
        if (const auto piece = exchange.piece()) co_await take_piece(exchange, *piece, response);
    }
}

void finish(const detail::SyncAnswer& answer, Response& response) {
    apply_head(answer, response);
    if (answer.body) response.body(*answer.body);
}

void check_head_open(const detail::SyncAnswer& answer) {
    if (answer.streams) throw ResponseError("the head is sent already");
}

void check_field(std::string_view name, std::string_view value) {
    if (!is_field_name(name)) throw ResponseError("bad field name '" + std::string(name) + "'");
    if (!is_field_value(value)) throw ResponseError("bad value of field '" + std::string(name) + "'");
}

}  // namespace

// ── the application ──────────────────────────────────────────────────────────────────────────────────────────────────

SyncApplication::SyncApplication(std::size_t max_body_bytes)
    : max_body_bytes_(max_body_bytes), running_(std::make_unique<RunningHandlers>()) {}
SyncApplication::~SyncApplication() = default;

void SyncApplication::start_blocking(const WorkerInfo&) {}
void SyncApplication::stop_blocking() {}

Coro<void> SyncApplication::startup(const WorkerInfo& worker) {
    const Future<void> started = run_in_executor(&call_start, this, worker);
    co_await started;
}

Coro<void> SyncApplication::shutdown() {
    const Future<void> stopped = run_in_executor(&call_stop, this, running_.get());
    co_await stopped;
}

Coro<void> SyncApplication::handle(Request& request, Response& response) {
    const auto exchange = std::make_shared<SyncExchange>(EventLoop::running(), request);
    exchange->request.body = co_await request.read_all(max_body_bytes_);
    exchange->link = detail::take_sync_link(request);
    Future<void> work = run_in_executor(&call_handler, this, running_.get(), exchange);
    const EndOfAnswer end(*exchange, work);
    work.add_done_callback([exchange] { exchange->wake(); });
    co_await pass_pieces(*exchange, work, response);
    work.result();
    finish(exchange->answer, response);
}

// ── what a handler sees ──────────────────────────────────────────────────────────────────────────────────────────────

std::string_view SyncRequest::method() const { return exchange_->request.method; }
std::string_view SyncRequest::target() const { return exchange_->request.target; }
std::string_view SyncRequest::path() const { return exchange_->request.path; }
std::string_view SyncRequest::raw_path() const { return exchange_->request.raw_path; }
std::string_view SyncRequest::query() const { return exchange_->request.query; }
int SyncRequest::minor_version() const { return exchange_->request.minor_version; }
FieldList SyncRequest::headers() const { return exchange_->request.headers.list(); }
std::optional<std::string_view> SyncRequest::header(std::string_view name) const {
    return exchange_->request.headers.find(name);
}
std::string_view SyncRequest::peer() const { return exchange_->request.peer; }
std::string_view SyncRequest::client() const { return exchange_->request.client; }
std::string_view SyncRequest::scheme() const { return exchange_->request.scheme; }
std::string_view SyncRequest::host() const { return exchange_->request.host; }
std::string_view SyncRequest::body() const { return exchange_->request.body; }
const WorkerInfo& SyncRequest::worker() const { return exchange_->request.worker; }
void SyncRequest::extend_deadline(std::chrono::nanoseconds from_now) { SyncExchange::extend_deadline(exchange_, from_now); }
bool SyncRequest::is_draining() const {
    return exchange_->link.draining && exchange_->link.draining->load(std::memory_order_relaxed);
}

SyncResponse& SyncResponse::status(int code) {
    check_head_open(exchange_->answer);
    if (code < 200 || code > 599) throw ResponseError("bad status " + std::to_string(code));
    exchange_->answer.status = code;
    return *this;
}

SyncResponse& SyncResponse::header(std::string_view name, std::string_view value) {
    check_head_open(exchange_->answer);
    check_field(name, value);
    exchange_->answer.headers.add(name, value);
    return *this;
}

SyncResponse& SyncResponse::set_header(std::string_view name, std::string_view value) {
    check_head_open(exchange_->answer);
    check_field(name, value);
    exchange_->answer.headers.set(name, value);
    return *this;
}

void SyncResponse::body(std::string_view text) {
    check_head_open(exchange_->answer);
    exchange_->answer.body = std::string(text);
}

void SyncResponse::write(std::string_view piece) {
    if (exchange_->answer.body) throw ResponseError("write() after body()");
    exchange_->answer.streams = true;
    detail::SyncExchange::hand_over(exchange_, piece);
}

bool SyncResponse::is_client_gone() const { return exchange_->is_gone(); }

}  // namespace girin
