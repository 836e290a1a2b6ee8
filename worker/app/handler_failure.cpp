#include "worker/app/handler_failure.hpp"

#include "girin/loop/cancel.hpp"
#include "loop/base/uncaught.hpp"

namespace girin {
namespace {

HandlerFailure plain(int status, std::string detail) {
    HandlerFailure outcome;
    outcome.status = status;
    outcome.detail = std::move(detail);
    return outcome;
}

HandlerFailure judge_cancelled(Ending ending) {
    HandlerFailure outcome;
    switch (ending) {
        case Ending::client_gone: outcome = plain(499, {}); break;
        case Ending::request_late: outcome = plain(503, "the request took too long"); break;
        case Ending::worker_ends: outcome = plain(503, "the server is shutting down"); break;
        case Ending::none: outcome.fault = "the handler cancelled itself"; break;
    }
    outcome.was_cancelled = true;
    return outcome;
}

/// What is being handled is `error`.
HandlerFailure judge_thrown(const HttpError& error) {
    const bool is_final = error.status() >= 200 && error.status() <= 599;
    HandlerFailure outcome;
    if (!is_final || error.status() >= 500) outcome.fault = describe_current_exception();
    if (!is_final) return outcome;
    outcome.status = error.status();
    outcome.thrown = error;
    return outcome;
}

}  // namespace

HandlerFailure judge_failure(const std::exception_ptr& failure, Ending ending) {
    try {
        std::rethrow_exception(failure);
    } catch (const Cancelled&) {
        return judge_cancelled(ending);
    } catch (const BodyError& error) {
        return plain(error.status(), error.what());
    } catch (const HttpError& error) {
        return judge_thrown(error);
    } catch (...) {
        HandlerFailure outcome;
        outcome.fault = describe_current_exception();
        return outcome;
    }
}

}  // namespace girin
