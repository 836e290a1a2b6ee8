// Two applications in one library, none of them called app.

#include "worker/app/application.hpp"
#include "worker/app/export.hpp"

namespace {

class Shop final : public girin::Application {
  public:
    girin::Coro<void> handle(girin::Request&, girin::Response&) override { co_return; }
};

class Admin final : public girin::Application {
  public:
    girin::Coro<void> handle(girin::Request&, girin::Response&) override { co_return; }
};

}  // namespace

GIRIN_APPLICATION(shop, Shop)
GIRIN_APPLICATION(admin, Admin)
