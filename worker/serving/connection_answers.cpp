// Connection: the answers of its own, to what is no request and for handlers that fail, and what is logged of all.

#include <ctime>

#include "girin/log.hpp"
#include "loop/base/uncaught.hpp"
#include "worker/app/handler_failure.hpp"
#include "worker/serving/connection.hpp"

namespace girin {

void Connection::replace_answer(int status, std::string_view detail) {
    if (exchange_->is_begun()) {
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
    const HandlerFailure outcome = judge_failure(failure, ending_);
    if (!outcome.fault.empty()) log_application_error(outcome.fault);
    if (outcome.was_cancelled) {
        exchange_->must_close();
        if (ending_ == Ending::request_late) log_late_request();
        if (ending_ == Ending::client_gone) {
            exchange_->answer().set_aborted();
            return close_unfinished();
        }
    }
    if (!outcome.thrown) return replace_answer(outcome.status, outcome.detail);
    if (exchange_->is_begun()) return close_unfinished();
    if (auto answered = exchange_->answer_thrown(*outcome.thrown); !answered) {
        log_application_error(answered.error().message());
        replace_answer(500, {});
    }
}

void Connection::log_late_request() {
    const RequestHead& head = exchange_->head();
    log_warning("Request ended: it took " + to_text(context_.loop().time() - exchange_->began_at()),
                {{"request", std::string(head.method) + " " + std::string(head.raw_target)}, {"peer", peer_.to_text()}});
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
    record.status = exchange_->answer().status();
    record.body_bytes = exchange_->output().body_bytes();
    record.duration = context_.loop().now() - exchange_->began_at();
    record.unix_time = std::time(nullptr);
    record.pid = context_.worker_info().pid;
    record.request_fields = head.fields;
    record.response_fields = exchange_->answer().fields().list();
    context_.log_access(record);
}

void Connection::on_failed() {
    log_error("Connection failed: " + describe_current_exception(), {{"peer", peer_.to_text()}});
    next_ = Next::close;
}

}  // namespace girin
