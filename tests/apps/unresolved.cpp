// An application that was linked without one of its own parts.

#include <girin/app.hpp>

namespace shop {
int count_stock(const char* shelf);
}

namespace {

class Unresolved final : public girin::Application {
  public:
    Unresolved() : stock_(shop::count_stock("left")) {}
    girin::Coro<void> handle(girin::Request&, girin::Response&) override { co_return; }

    int stock_;
};

}  // namespace

GIRIN_APPLICATION(app, Unresolved)
