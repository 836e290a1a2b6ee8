#pragma once

// HandlerFailure: what becomes of a request whose handler has ended by an exception; the same for each kind of exchange.
// Not here: how it is answered.

#include <exception>
#include <optional>
#include <string>

#include "worker/app/exchange.hpp"

namespace girin {

struct HandlerFailure {
    int status = 500;                 // 499: nobody is there to take an answer
    std::string detail;               // of a plain answer, its second line
    std::optional<HttpError> thrown;  // to be answered as it is, in place of a plain answer
    std::string fault;                // what the application did wrong, for the log; empty: nothing
    bool was_cancelled = false;       // no further request is answered on its connection

    HandlerFailure() {}
};

/// `ending`: why the handler was asked to stop, if it was.
HandlerFailure judge_failure(const std::exception_ptr& failure, Ending ending);

}  // namespace girin
