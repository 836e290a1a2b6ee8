#pragma once

// A request's JSON body as the argument that the master is given: {"workers": 4} of /v1/scale becomes "4".

#include <string>
#include <string_view>

#include "girin/base/error.hpp"
#include "supervisor/control/control_desk.hpp"

namespace girin {

/// Nothing in `body` counts as {}. Errors: no JSON object, an unknown field, or one of the wrong kind or of several lines.
Result<ControlRequest> parse_request_body(ControlVerb verb, std::string_view body);

struct RequestBody {
    std::string text;
};
/// The other way round, for clients. Errors: an argument that the verb doesn't have.
Result<RequestBody> make_request_body(ControlVerb verb, std::string_view argument);

}  // namespace girin
