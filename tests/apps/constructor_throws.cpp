// An application whose constructor fails.

#include <stdexcept>

#include <girin/app.hpp>

namespace {

class Broken final : public girin::Application {
  public:
    Broken() { throw std::runtime_error("no stock file"); }
    girin::Coro<void> handle(girin::Request&, girin::Response&) override { co_return; }
};

class BrokenOddly final : public girin::Application {
  public:
    BrokenOddly() { throw 7; }
    girin::Coro<void> handle(girin::Request&, girin::Response&) override { co_return; }
};

}  // namespace

GIRIN_APPLICATION(app, Broken)
GIRIN_APPLICATION(oddly, BrokenOddly)
