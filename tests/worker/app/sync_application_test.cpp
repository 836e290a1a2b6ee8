#include "girin/app/sync_application.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "girin/app/response.hpp"
#include "girin/loop/asio_loop.hpp"
#include "girin/testing.hpp"

using namespace girin;
using namespace std::chrono_literals;
using girin::testing::FakeAnswer;
using girin::testing::FakeRequest;

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

}  // namespace

TEST(SyncApplication, AnswersFromAnotherThread) {
    std::thread::id thread;
    Sync application([&thread](SyncRequest& request, SyncResponse& response) {
        thread = std::this_thread::get_id();
        response.status(201).header("X-Path", request.path()).header("X-Path", "twice").set_header("X-One", "1");
        response.body("made by " + std::string(request.method()));
    });
    const FakeAnswer answer = FakeRequest("PUT", "/shelf?x=1").run(application);
    EXPECT_NE(thread, std::this_thread::get_id());
    EXPECT_EQ(answer.status, 201);
    EXPECT_EQ(answer.body, "made by PUT");
    EXPECT_EQ(answer.header("x-path"), "/shelf");
    EXPECT_EQ(answer.headers.size(), 5U);  // with type and length
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
    asked.header("Host", "shop.example").client("198.51.100.7").scheme("https").worker({.pid = 42, .slot = 1, .generation = 3});
    asked.header("X-A", "b").piece("one").piece("two").run(application);
    EXPECT_EQ(seen, "/shelf?x=1|x=1|192.0.2.1:5312|198.51.100.7|https|shop.example|b|onetwo|42|3");
}

TEST(SyncApplication, RefusesALongBodyBeforeTheHandlerIsCalled) {
    bool called = false;
    Sync application([&called](SyncRequest&, SyncResponse&) { called = true; }, 4);
    EXPECT_EQ(FakeRequest("POST", "/").body("12345").run(application).status, 413);
    EXPECT_EQ(FakeRequest("POST", "/").piece("123").piece("45").run(application).status, 413);
    EXPECT_FALSE(called);
}

TEST(SyncApplication, StreamsPieceByPiece) {
    Sync application([](SyncRequest&, SyncResponse& response) {
        response.header("X-Kind", "stream");
        for (int i = 0; i < 100; ++i) response.write(std::to_string(i));
    });
    const FakeAnswer answer = FakeRequest().run(application);
    ASSERT_EQ(answer.pieces.size(), 100U);
    EXPECT_EQ(answer.pieces[99].bytes, "99");
    EXPECT_EQ(answer.header("x-kind"), "stream");
    EXPECT_FALSE(answer.header("content-length"));
}

TEST(SyncApplication, PassesTheHandlersExceptionOn) {
    Sync application([](SyncRequest&, SyncResponse&) { throw HttpError(418, "short and stout"); });
    const FakeAnswer answer = FakeRequest().run(application);
    EXPECT_EQ(answer.status, 418);
    EXPECT_EQ(answer.body, "short and stout");
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
    FakeRequest().run(application);
    EXPECT_EQ(refusals, (std::vector<std::string>{"bad value of field 'X-A'", "bad field name 'X A'", "bad status 42",
                                                  "the head is sent already", "the head is sent already"}));
}

TEST(SyncApplication, WaitsForASlowClientAndWakesWhenItGoes) {
    Signal thrown;
    bool gone_seen = false;
    Sync application([&](SyncRequest&, SyncResponse& response) {
        response.write("this is taken");
        try {
            response.write(std::string(100'000, 'x'));  // and this never
        } catch (const ClientGone&) {
            gone_seen = response.is_client_gone();
            thrown.set();
            throw;
        }
    });
    const FakeAnswer answer = FakeRequest().stalls_after_pieces(1).disconnects_after(5s).run(application);
    EXPECT_EQ(answer.body, "this is taken");
    EXPECT_EQ(answer.took, 5s);
    EXPECT_FALSE(answer.is_complete);
    EXPECT_TRUE(thrown.wait());
    EXPECT_TRUE(gone_seen);
}

TEST(SyncApplication, ReleasesABlockedHandlerWhenTheLoopEnds) {
    Signal writes, thrown;
    Sync application([&](SyncRequest&, SyncResponse& response) {
        try {
            writes.set();
            for (;;) response.write(std::string(100'000, 'x'));
        } catch (const ClientGone&) {
            thrown.set();
        }
    });
    const FakeAnswer answer = FakeRequest().disconnects_after_pieces(3).run(application);
    EXPECT_TRUE(writes.is_set());
    EXPECT_TRUE(thrown.wait());
    EXPECT_EQ(answer.pieces.size(), 3U);
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
