#pragma once

// An application that is one coroutine function: no class, no start-up. `GIRIN_HANDLER(app, handle)` is the whole
// export.

#include "girin/app/application.hpp"
#include "girin/app/export.hpp"

namespace girin {

using HandlerFunction = Coro<void> (*)(Request&, Response&);

/// A function and not a lambda on purpose: a lambda's captures die before its coroutine does.
template <HandlerFunction function>
class FunctionApplication final : public Application {
  public:
    Coro<void> handle(Request& request, Response& response) override { return function(request, response); }
};

}  // namespace girin

/// `GIRIN_HANDLER(app, handle)`: exports `Coro<void> handle(Request&, Response&)` under the name `app`; see
/// GIRIN_APPLICATION.
#define GIRIN_HANDLER(name, function) GIRIN_APPLICATION(name, ::girin::FunctionApplication<&function>)
