#include "tests/worker/app/fake_exchange.hpp"

#include "girin/loop/asio_loop.hpp"
#include "girin/loop/task.hpp"
#include "worker/app/sync_exchange.hpp"

namespace girin {

std::string_view Request::method() const { return exchange_->method; }
std::string_view Request::target() const { return exchange_->target; }
std::string_view Request::path() const { return exchange_->path; }
std::string_view Request::raw_path() const { return exchange_->path; }
std::string_view Request::query() const { return exchange_->query; }
int Request::minor_version() const { return 1; }
const FieldList& Request::headers() const {
    exchange_->field_list = exchange_->fields.list();
    return exchange_->field_list;
}
std::optional<std::string_view> Request::header(std::string_view name) const { return exchange_->fields.find(name); }
std::string_view Request::peer() const { return exchange_->peer; }
std::string_view Request::client() const { return exchange_->client; }
std::string_view Request::scheme() const { return exchange_->scheme; }
std::string_view Request::host() const { return exchange_->host; }
const WorkerInfo& Request::worker() const { return exchange_->worker; }
std::uint64_t Request::number() const { return 17; }
void Request::extend_deadline(std::chrono::nanoseconds) {}

detail::SyncLink detail::take_sync_link(Request&) { return {}; }

Coro<std::string_view> Request::read() {
    if (exchange_->body_pieces.empty()) co_return std::string_view();
    exchange_->current_piece = std::move(exchange_->body_pieces.front());
    exchange_->body_pieces.pop_front();
    co_return std::string_view(exchange_->current_piece);
}

Coro<std::string> Request::read_all(std::size_t max_bytes) {
    std::string all;
    for (;;) {
        const std::string_view piece = co_await read();
        if (piece.empty()) co_return all;
        all.append(piece);
        if (all.size() > max_bytes) throw BodyError(413);
    }
}

Response& Response::status(int code) {
    exchange_->status = code;
    return *this;
}
int Response::status() const { return exchange_->status; }
Response& Response::header(std::string_view name, std::string_view value) {
    exchange_->answer.add(name, value);
    return *this;
}
Response& Response::set_header(std::string_view name, std::string_view value) {
    exchange_->answer.set(name, value);
    return *this;
}
void Response::body(std::string_view text) { exchange_->body = std::string(text); }
Coro<void> Response::write(std::string_view piece) {
    exchange_->head_sent = true;
    if (exchange_->stalled) co_await *exchange_->stalled;
    exchange_->pieces.emplace_back(piece);
}
Coro<void> Response::flush() { co_return; }
bool Response::head_sent() const { return exchange_->head_sent; }

namespace test {

FakeRequest::FakeRequest(std::string method, const std::string& target) {
    exchange.method = std::move(method);
    exchange.target = target;
    const std::size_t mark = target.find('?');
    exchange.path = target.substr(0, mark);
    if (mark != std::string::npos) exchange.query = target.substr(mark + 1);
}

FakeRequest& FakeRequest::field(std::string_view name, std::string_view value) {
    exchange.fields.add(name, value);
    return *this;
}

FakeRequest& FakeRequest::piece(std::string text) {
    exchange.body_pieces.push_back(std::move(text));
    return *this;
}

void FakeRequest::run(Application& application) {
    AsioLoop loop;
    loop.run_until_complete(application.handle(request, response));
}

}  // namespace test
}  // namespace girin
