// An application with a library of its own, found by $ORIGIN.

#include <stdexcept>

#include <girin/app.hpp>

extern "C" int girin_test_beside();

namespace {

class NeedsBeside final : public girin::Application {
  public:
    NeedsBeside() {
        if (girin_test_beside() != 11) throw std::runtime_error("another library than ours");
    }
    girin::Coro<void> handle(girin::Request&, girin::Response&) override { co_return; }
};

}  // namespace

GIRIN_APPLICATION(app, NeedsBeside)
