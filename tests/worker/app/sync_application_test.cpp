#include "girin/app/sync_application.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "girin/loop/asio_loop.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/task.hpp"
#include "tests/worker/app/fake_exchange.hpp"

using namespace girin;
using namespace std::chrono_literals;
using girin::test::FakeRequest;

namespace {

using Body = std::function<void(SyncRequest&, SyncResponse&)>;

class Sync final : public SyncApplication {
  public:
    explicit Sync(Body body, std::size_t max_body_bytes = kMaxBodyBytes)
        : SyncApplication(max_body_bytes), body_(std::move(body)) {}
    void handle_blocking(SyncRequest& request, SyncResponse& response) override { body_(request, response); }
    void start_blocking(const WorkerInfo& worker) override {
        started_in = worker.slot;
        start_thread = std::this_thread::get_id();
    }
    void stop_blocking() override { stopped = true; }

    std::size_t started_in = 0;
    std::thread::id start_thread;
    bool stopped = false;

  private:
    Body body_;
};

/// Set once, by one thread, for another one that waits.
class Signal {
  public:
    void set() {
        const std::lock_guard lock(mutex_);
        is_set_ = true;
        changed_.notify_all();
    }
    bool wait() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 10s, [this] { return is_set_; });
    }
    bool is_set() {
        const std::lock_guard lock(mutex_);
        return is_set_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_set_ = false;
};

/// The loop goes on until the condition holds, or 10 s have passed.
Coro<void> turn_until(std::function<bool()>& condition) {
    for (int i = 0; i < 10'000 && !condition(); ++i) co_await sleep_for(1ms);
}

}  // namespace

TEST(SyncApplication, AnswersFromAnotherThread) {
    std::thread::id thread;
    Sync application([&thread](SyncRequest& request, SyncResponse& response) {
        thread = std::this_thread::get_id();
        response.status(201).header("X-Path", request.path()).header("X-Path", "twice").set_header("X-One", "1");
        response.body("made by " + std::string(request.method()));
    });
    FakeRequest asked("PUT", "/shelf?x=1");
    asked.run(application);
    EXPECT_NE(thread, std::this_thread::get_id());
    EXPECT_EQ(asked.exchange.status, 201);
    EXPECT_EQ(asked.exchange.body, "made by PUT");
    EXPECT_EQ(asked.exchange.answer.find("x-path"), "/shelf");
    EXPECT_EQ(asked.exchange.answer.size(), 3U);
}

TEST(SyncApplication, SeesTheWholeRequest) {
    std::string seen;
    Sync application([&seen](SyncRequest& request, SyncResponse&) {
        seen = std::string(request.target()) + "|" + std::string(request.query()) + "|" + std::string(request.peer()) + "|" +
               std::string(request.client()) + "|" + std::string(request.scheme()) + "|" + std::string(request.host()) + "|" +
               std::string(request.header("x-a").value_or("none")) + "|" + std::string(request.body()) + "|" +
               std::to_string(request.worker().pid) + "|" + std::to_string(request.headers().size());
    });
    FakeRequest asked("POST", "/shelf?x=1");
    asked.field("X-A", "b").piece("one").piece("two").run(application);
    EXPECT_EQ(seen, "/shelf?x=1|x=1|192.0.2.1:5312|198.51.100.7|https|shop.example|b|onetwo|42|1");
}

TEST(SyncApplication, RefusesALongBodyBeforeTheHandlerIsCalled) {
    bool called = false;
    Sync application([&called](SyncRequest&, SyncResponse&) { called = true; }, 4);
    FakeRequest asked("POST", "/");
    asked.piece("12345");
    EXPECT_THROW(asked.run(application), BodyError);
    EXPECT_FALSE(called);
}

TEST(SyncApplication, StreamsPieceByPiece) {
    Sync application([](SyncRequest&, SyncResponse& response) {
        response.header("X-Kind", "stream");
        for (int i = 0; i < 100; ++i) response.write(std::to_string(i));
    });
    FakeRequest asked;
    asked.run(application);
    ASSERT_EQ(asked.exchange.pieces.size(), 100U);
    EXPECT_EQ(asked.exchange.pieces[99], "99");
    EXPECT_EQ(asked.exchange.answer.find("x-kind"), "stream");
    EXPECT_FALSE(asked.exchange.body);
}

TEST(SyncApplication, PassesTheHandlersExceptionOn) {
    Sync application([](SyncRequest&, SyncResponse&) { throw HttpError(418, "short and stout"); });
    FakeRequest asked;
    try {
        asked.run(application);
        FAIL() << "nothing was thrown";
    } catch (const HttpError& error) {
        EXPECT_EQ(error.status(), 418);
        EXPECT_STREQ(error.what(), "short and stout");
    }
}

TEST(SyncApplication, RefusesMisuseInTheHandler) {
    std::vector<std::string> refusals;
    const auto refused = [&refusals](const std::function<void()>& misuse) {
        try {
            misuse();
        } catch (const ResponseError& error) {
            refusals.emplace_back(error.what());
        }
    };
    Sync application([&refused](SyncRequest&, SyncResponse& response) {
        refused([&response] { response.header("X-A", "b\r\nX-C: d"); });
        refused([&response] { response.header("X A", "b"); });
        refused([&response] { response.status(42); });
        response.write("piece");
        refused([&response] { response.header("X-A", "b"); });
        refused([&response] { response.body("late"); });
    });
    FakeRequest asked;
    asked.run(application);
    EXPECT_EQ(refusals, (std::vector<std::string>{"bad value of field 'X-A'", "bad field name 'X A'", "bad status 42",
                                                  "the head is sent already", "the head is sent already"}));
}

TEST(SyncApplication, WaitsForASlowClientAndWakesWhenItGoes) {
    Signal in_write, thrown;
    bool gone_seen = false;
    Sync application([&](SyncRequest&, SyncResponse& response) {
        in_write.set();
        try {
            response.write("nobody takes this");
        } catch (const ClientGone&) {
            gone_seen = response.is_client_gone();
            thrown.set();
            throw;
        }
    });
    FakeRequest asked;
    AsioLoop loop;
    asked.exchange.stalled = Future<void>(loop);
    const Task<void> handling = loop.create_task(application.handle(asked.request, asked.response));
    std::function<bool()> is_stalled = [&asked] { return asked.exchange.head_sent; };
    loop.run_until_complete(turn_until(is_stalled));
    ASSERT_TRUE(asked.exchange.head_sent);
    EXPECT_TRUE(in_write.is_set());
    EXPECT_FALSE(thrown.is_set());
    handling.cancel();
    std::function<bool()> is_done = [&handling] { return handling.done(); };
    loop.run_until_complete(turn_until(is_done));
    EXPECT_TRUE(handling.cancelled());
    EXPECT_TRUE(thrown.wait());
    EXPECT_TRUE(gone_seen);
}

TEST(SyncApplication, ReleasesABlockedHandlerWhenTheLoopEnds) {
    Signal thrown;
    Sync application([&thrown](SyncRequest&, SyncResponse& response) {
        try {
            response.write("nobody takes this");
        } catch (const ClientGone&) {
            thrown.set();
        }
    });
    FakeRequest asked;
    {
        AsioLoop loop;
        asked.exchange.stalled = Future<void>(loop);
        const Task<void> handling = loop.create_task(application.handle(asked.request, asked.response));
        std::function<bool()> is_stalled = [&asked] { return asked.exchange.head_sent; };
        loop.run_until_complete(turn_until(is_stalled));
        asked.exchange.stalled.reset();
        handling.cancel();
        std::function<bool()> is_done = [&handling] { return handling.done(); };
        loop.run_until_complete(turn_until(is_done));
    }
    EXPECT_TRUE(thrown.wait());
}

TEST(SyncApplication, StartsAndStopsInThePool) {
    Sync application([](SyncRequest&, SyncResponse&) {});
    AsioLoop loop;
    const WorkerInfo worker{.pid = 1, .slot = 5, .generation = 1};
    loop.run_until_complete(application.startup(worker));
    EXPECT_EQ(application.started_in, 5U);
    EXPECT_NE(application.start_thread, std::this_thread::get_id());
    loop.run_until_complete(application.shutdown());
    EXPECT_TRUE(application.stopped);
}
