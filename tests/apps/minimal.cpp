// The least an application can be: for tests of the loader, it uses nothing of a request.

#include <girin/app.hpp>

namespace {

class Minimal final : public girin::Application {
  public:
    girin::Coro<void> handle(girin::Request&, girin::Response&) override { co_return; }
};

}  // namespace

GIRIN_APPLICATION(app, Minimal)
