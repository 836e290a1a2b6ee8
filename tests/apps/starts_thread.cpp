// An application that has a thread of its own from its birth on: it can't be preloaded, as threads don't survive a
// fork. With AT_ONCE it has one even before, as soon as its library is loaded.

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include <girin/app.hpp>

namespace {

class StartsThread final : public girin::Application {
  public:
    girin::Coro<void> handle(girin::Request&, girin::Response&) override { co_return; }

    static void wait(const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any never;
        std::unique_lock lock(mutex);
        never.wait(lock, stop, [] { return false; });
    }

  private:
    std::jthread thread_{&StartsThread::wait};
};

#ifdef AT_ONCE
std::jthread g_thread{&StartsThread::wait};
#endif

}  // namespace

GIRIN_APPLICATION(app, StartsThread)
