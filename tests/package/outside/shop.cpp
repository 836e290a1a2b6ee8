// An application for girin to load.

#include <girin/app.hpp>

namespace {

class Shop final : public girin::Application {
  public:
    girin::Coro<void> startup(const girin::WorkerInfo&) override {
        greeting_ = "Hello from the shop\n";
        co_return;
    }

    girin::Coro<void> handle(girin::Request& request, girin::Response& response) override {
        if (request.path() != "/") throw girin::HttpError(404, "no such page\n");
        response.body(greeting_);
        co_return;
    }

  private:
    std::string greeting_;
};

}  // namespace

GIRIN_APPLICATION(app, Shop)
