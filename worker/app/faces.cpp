// Request and Response: what they show of their exchange.

#include "worker/app/exchange.hpp"
#include "worker/app/sync_exchange.hpp"

namespace girin {

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
const WorkerInfo& Request::worker() const { return exchange_->worker(); }
void Request::extend_deadline(std::chrono::nanoseconds from_now) { exchange_->extend_deadline(from_now); }
bool Request::is_draining() const { return exchange_->is_draining(); }
Future<void> Request::draining() { return exchange_->draining(); }
std::uint64_t Request::number() const { return exchange_->number(); }

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

detail::SyncLink detail::take_sync_link(Request& request) {
    SyncLink link;
    link.body = request.exchange().take_body_share();
    link.draining = request.exchange().draining_flag();
    return link;
}

Response& Response::status(int code) {
    exchange_->answer().set_status(code);
    return *this;
}
int Response::status() const { return exchange_->answer().status(); }
Response& Response::header(std::string_view name, std::string_view value) {
    exchange_->answer().add_field(name, value, false);
    return *this;
}
Response& Response::set_header(std::string_view name, std::string_view value) {
    exchange_->answer().add_field(name, value, true);
    return *this;
}
void Response::body(std::string_view text) { exchange_->answer().set_body(text); }
Coro<void> Response::write(std::string_view piece) { return exchange_->write(piece); }
Coro<void> Response::flush() { return exchange_->flush(); }
void Response::trailer(std::string_view name, std::string_view value) { exchange_->answer().add_trailer(name, value); }
bool Response::head_sent() const { return exchange_->answer().head_is_sent(); }

}  // namespace girin
