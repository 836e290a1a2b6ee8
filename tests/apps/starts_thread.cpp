// An application that has a thread of its own from its birth on: a master can't preload it, as threads don't survive a
// fork.

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "worker/app/application.hpp"
#include "worker/app/export.hpp"

namespace {

class StartsThread final : public girin::Application {
  public:
    girin::Coro<void> handle(girin::Request&, girin::Response&) override { co_return; }

  private:
    static void wait(const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any never;
        std::unique_lock lock(mutex);
        never.wait(lock, stop, [] { return false; });
    }

    std::jthread thread_{&StartsThread::wait};
};

}  // namespace

GIRIN_APPLICATION(app, StartsThread)
