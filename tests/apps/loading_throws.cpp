// A library whose static constructor fails: an exception that leaves dlopen itself.

#include <stdexcept>

#include <girin/app.hpp>

namespace {

int fail() { throw std::runtime_error("no licence"); }
const int failing = fail();

class NeverMade final : public girin::Application {
  public:
    girin::Coro<void> handle(girin::Request&, girin::Response&) override { co_return; }
    int keep() const { return failing; }
};

}  // namespace

GIRIN_APPLICATION(app, NeverMade)
