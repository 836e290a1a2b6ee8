// FakeWorker: an application's life, and handlers on threads.

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

#include "girin/girin.hpp"
#include "girin/testing.hpp"

using namespace std::chrono_literals;
using girin::Coro;
using girin::Request;
using girin::Response;
using girin::WorkerInfo;
using girin::testing::FakeAnswer;
using girin::testing::FakeRequest;
using girin::testing::FakeWorker;

namespace {

class Counter final : public girin::Application {
  public:
    Coro<void> startup(const WorkerInfo& worker) override {
        if (worker.slot == 9) throw std::runtime_error("no such slot");
        ticking_ = girin::EventLoop::running().create_task(tick(this));
        co_return;
    }
    Coro<void> handle(Request& request, Response& response) override {
        response.body("request " + std::to_string(request.number()) + " in slot " + std::to_string(request.worker().slot) +
                      ", tick " + std::to_string(ticks));
        co_return;
    }
    Coro<void> shutdown() override {
        ticking_.cancel();
        stopped = true;
        co_return;
    }

    int ticks = 0;
    bool stopped = false;

  private:
    static Coro<void> tick(Counter* self) {
        for (;; ++self->ticks) co_await girin::sleep_for(1s);
    }

    girin::Task<void> ticking_;
};

class Slow final : public girin::SyncApplication {
  public:
    void handle_blocking(girin::SyncRequest& request, girin::SyncResponse& response) override {
        for (const auto end = std::chrono::steady_clock::now() + 5ms; std::chrono::steady_clock::now() < end;) continue;
        if (request.path() == "/stream") {
            for (int i = 0; i < 3; ++i) response.write(std::to_string(i));
        } else {
            response.status(201).body(request.body());
        }
    }
    void start_blocking(const WorkerInfo&) override { started = true; }
    void stop_blocking() override { stopped = true; }

    bool started = false;
    bool stopped = false;
};

}  // namespace

TEST(FakeWorker, StartsServesAndStops) {
    Counter counter;
    FakeWorker worker(counter, {.pid = 1, .slot = 3, .generation = 1});
    EXPECT_EQ(worker.run(FakeRequest()).body, "request 1 in slot 3, tick 0");
    EXPECT_EQ(worker.run(FakeRequest()).body, "request 2 in slot 3, tick 0");
    EXPECT_FALSE(counter.stopped);
    worker.stop();
    EXPECT_TRUE(counter.stopped);
}

TEST(FakeWorker, LetsBackgroundTasksRun) {
    Counter counter;
    FakeWorker worker(counter);
    worker.pass(10s + 1ms);
    EXPECT_EQ(worker.run(FakeRequest()).body, "request 1 in slot 0, tick 10");
}

TEST(FakeWorker, TellsOfAStartThatFails) {
    Counter counter;
    EXPECT_THROW(FakeWorker(counter, {.pid = 1, .slot = 9, .generation = 1}), std::runtime_error);
}

TEST(FakeWorker, RunsBlockingHandlersOnTheirThreads) {
    Slow slow;
    FakeWorker worker(slow);
    EXPECT_TRUE(slow.started);
    const FakeAnswer answer = worker.run(FakeRequest("POST").body("made"));
    EXPECT_EQ(answer.status, 201);
    EXPECT_EQ(answer.body, "made");
    EXPECT_EQ(answer.took, 0s);  // while a thread works, time stands still
    EXPECT_EQ(worker.run(FakeRequest("GET", "/stream")).body, "012");
    worker.stop();
    EXPECT_TRUE(slow.stopped);
}

TEST(FakeWorker, KeepsAThreadsDeadlineUntouchedByItsWork) {
    Slow slow;
    EXPECT_EQ(FakeRequest("POST").body("made").deadline(1ms).disconnects_after(1ms).run(slow).status, 201);
}
