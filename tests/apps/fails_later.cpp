// Serves well ("later") until the file $GIRIN_TEST_FAIL_FILE appears; from then on its workers exit with 9, a moment
// after they got ready: for tests of going back after a reload.

#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include <girin/girin.hpp>

namespace {

girin::Coro<void> fail_when_told() {
    const char* const file = std::getenv("GIRIN_TEST_FAIL_FILE");
    while (file == nullptr || ::access(file, F_OK) != 0) co_await girin::sleep_for(std::chrono::milliseconds(20));
    co_await girin::sleep_for(std::chrono::milliseconds(20));
    ::_exit(9);
}

class FailsLater final : public girin::Application {
  public:
    girin::Coro<void> startup(const girin::WorkerInfo&) override {
        girin::create_task(fail_when_told());
        co_return;
    }

    girin::Coro<void> handle(girin::Request&, girin::Response& response) override {
        response.body("later");
        co_return;
    }
};

}  // namespace

GIRIN_APPLICATION(app, FailsLater)
