// Two applications in one library, none of them called app.

#include <girin/app.hpp>

namespace {

class Shop final : public girin::Application {
  public:
    girin::Coro<void> handle(girin::Request&, girin::Response& response) override {
        response.body("shop");
        co_return;
    }
};

class Admin final : public girin::Application {
  public:
    girin::Coro<void> handle(girin::Request&, girin::Response& response) override {
        response.body("admin");
        co_return;
    }
};

}  // namespace

GIRIN_APPLICATION(shop, Shop)
GIRIN_APPLICATION(admin, Admin)
