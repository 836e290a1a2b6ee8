// Connection: the answers of its own, to what is no request and for handlers that fail, and what is logged of all.

#include <ctime>

#include "girin/log.hpp"
#include "girin/loop/cancel.hpp"
#include "loop/base/uncaught.hpp"
#include "worker/serving/connection.hpp"

namespace girin {

void Connection::replace_answer(int status, std::string_view detail) {
    if (exchange_->head_sent() || exchange_->is_cut_off()) {
        close_unfinished();
    } else {
        exchange_->answer_plain(status, detail);
    }
}

/// Without the answer's proper end, so that the client knows. Where the end of the connection is that end, by a reset.
void Connection::close_unfinished() {
    next_ = Next::close;
    if (exchange_->ends_with_connection()) stream_.reset_on_close();
}

void Connection::on_handler_failed(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const Cancelled&) {
        on_handler_cancelled();
    } catch (const BodyError& error) {
        replace_answer(error.status(), error.what());
    } catch (const HttpError& error) {
        on_http_error(error);
    } catch (...) {
        log_application_error(describe_current_exception());
        replace_answer(500, {});
    }
}

void Connection::on_handler_cancelled() {
    exchange_->must_close();
    switch (ending_) {
        case Ending::client_gone:
            exchange_->set_aborted();
            return close_unfinished();
        case Ending::request_late: return on_request_cancelled_late();
        case Ending::worker_ends: return replace_answer(503, "the server is shutting down");
        case Ending::none: break;
    }
    log_application_error("the handler cancelled itself");
    replace_answer(500, {});
}

void Connection::on_request_cancelled_late() {
    const RequestHead& head = exchange_->head();
    log_warning("Request ended: it took " + to_text(context_.loop().time() - exchange_->began_at()),
                {{"request", std::string(head.method) + " " + std::string(head.raw_target)}, {"peer", peer_.to_text()}});
    replace_answer(503, "the request took too long");
}

/// What is being handled is `error`.
void Connection::on_http_error(const HttpError& error) {
    const bool is_final = error.status() >= 200 && error.status() <= 599;
    const bool is_ours = dynamic_cast<const BodyError*>(&error) != nullptr;
    if (!is_final || (error.status() >= 500 && !is_ours)) log_application_error(describe_current_exception());
    if (!is_final) return replace_answer(500, {});
    if (exchange_->head_sent() || exchange_->is_cut_off()) return close_unfinished();
    if (auto answered = exchange_->answer_thrown(error); !answered) {
        log_application_error(answered.error().message());
        replace_answer(500, {});
    }
}

void Connection::log_application_error(const std::string& what) {
    const RequestHead& head = exchange_->head();
    log_error("Application error: " + what, {{"request", std::string(head.method) + " " + std::string(head.raw_target)},
                                             {"peer", peer_.to_text()}});
}

void Connection::refuse(ParseError error) {
    exchange_->begin_refused(context_.count_request(), context_.loop().time());
    exchange_->answer_plain(error.status, error.reason);
    context_.request_done(error.status);
    ++untimed_;
    if (context_.access_log().is_enabled()) log_access();
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
    record.duration = context_.loop().now() - exchange_->began_at();
    record.unix_time = std::time(nullptr);
    record.pid = context_.worker_info().pid;
    record.request_fields = head.fields;
    record.response_fields = exchange_->response_fields().list();
    context_.log_access(record);
}

void Connection::on_failed() {
    log_error("Connection failed: " + describe_current_exception(), {{"peer", peer_.to_text()}});
    next_ = Next::close;
}

}  // namespace girin
