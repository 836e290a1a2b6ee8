#include "girin/loop/executor.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "girin/loop/asio_loop.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/task.hpp"
#include "tests/loop/trace.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

/// Threads meet here, or wait until they are let through.
class Latch {
  public:
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        EXPECT_TRUE(changed_.wait_for(lock, 10s, [this] { return open_; }));
    }
    bool wait_until_waiting(int count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 10s, [&] { return waiting_ >= count; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int waiting_ = 0;
    bool open_ = false;
};

TEST(Executor, GivesTheResultOfABlockingCall) {
    auto main = []() -> Coro<int> {
        auto twice = [](int x) { return 2 * x; };
        co_return co_await run_in_executor(twice, 21);
    };
    AsioLoop loop;
    EXPECT_EQ(loop.run_until_complete(main()), 42);
}

TEST(Executor, RunsOnAnotherThread) {
    auto main = []() -> Coro<std::thread::id> {
        auto which = [] { return std::this_thread::get_id(); };
        co_return co_await to_thread(which);
    };
    AsioLoop loop;
    EXPECT_NE(loop.run_until_complete(main()), std::this_thread::get_id());
}

TEST(Executor, PassesExceptionsOn) {
    auto main = []() -> Coro<void> {
        auto fails = [] { throw std::runtime_error("boom"); };
        co_await run_in_executor(fails);
    };
    AsioLoop loop;
    EXPECT_THROW(loop.run_until_complete(main()), std::runtime_error);
}

TEST(Executor, TakesAndGivesWhatOnlyMoves) {
    auto main = []() -> Coro<int> {
        auto doubles = [](std::unique_ptr<int> box) {
            *box *= 2;
            return box;
        };
        const std::unique_ptr<int> box = co_await run_in_executor(doubles, std::make_unique<int>(4));
        co_return *box;
    };
    AsioLoop loop;
    EXPECT_EQ(loop.run_until_complete(main()), 8);
}

class SaysWhereItEnds {
  public:
    explicit SaysWhereItEnds(std::set<std::thread::id>& places) : places_(&places) {}
    SaysWhereItEnds(SaysWhereItEnds&& other) noexcept : places_(std::exchange(other.places_, nullptr)) {}
    ~SaysWhereItEnds() {
        if (places_ != nullptr) places_->insert(std::this_thread::get_id());
    }
    void operator()() const {}

  private:
    std::set<std::thread::id>* places_;
};

TEST(Executor, DestroysItsFunctionsOnTheLoopsThread) {
    auto main = [](std::set<std::thread::id>& places) -> Coro<void> {
        SaysWhereItEnds function(places);
        const Future<void> done = run_in_executor(by_move(function));
        co_await done;
    };
    std::set<std::thread::id> places;
    {
        AsioLoop loop;
        loop.run_until_complete(main(places));
    }
    EXPECT_EQ(places, std::set{std::this_thread::get_id()});
}

TEST(Executor, DropsAQueuedCallThatIsCancelled) {
    auto main = [](Latch& latch, std::atomic<int>& ran) -> Coro<void> {
        auto blocks = [](Latch* l) { l->wait(); };
        auto counts = [](std::atomic<int>* count) { ++*count; };
        const Future<void> running = run_in_executor(blocks, &latch);
        const Future<void> queued = run_in_executor(counts, &ran);
        const Future<void> last = run_in_executor(counts, &ran);
        EXPECT_TRUE(queued.cancel());
        latch.open();
        co_await running;
        co_await last;
        EXPECT_TRUE(queued.cancelled());
    };
    AsioLoop loop;
    loop.set_executor_threads(1);
    Latch latch;
    std::atomic<int> ran = 0;
    loop.run_until_complete(main(latch, ran));
    EXPECT_EQ(ran, 1);
}

TEST(Executor, LetsARunningCallEndThatIsCancelledAndDropsItsResult) {
    auto main = [](Latch& latch) -> Coro<void> {
        auto blocks = [](Latch* l) {
            l->wait();
            return 7;
        };
        auto nothing = [] {};
        const Future<int> running = run_in_executor(blocks, &latch);
        EXPECT_TRUE(latch.wait_until_waiting(1));
        EXPECT_TRUE(running.cancel());
        latch.open();
        co_await run_in_executor(nothing);  // behind it on the only thread
        EXPECT_TRUE(running.cancelled());
    };
    AsioLoop loop;
    loop.set_executor_threads(1);
    Latch latch;
    loop.run_until_complete(main(latch));
}

TEST(Executor, StartsNoMoreThreadsThanAllowed) {
    auto main = [](Latch& latch) -> Coro<std::size_t> {
        auto where = [](Latch* l) {
            l->wait();
            return std::this_thread::get_id();
        };
        std::vector<Future<std::thread::id>> calls;
        for (int i = 0; i < 20; ++i) calls.push_back(run_in_executor(where, &latch));
        EXPECT_TRUE(latch.wait_until_waiting(3));
        latch.open();
        std::set<std::thread::id> threads;
        for (const auto& call : calls) {
            const std::thread::id id = co_await call;
            threads.insert(id);
        }
        co_return threads.size();
    };
    AsioLoop loop;
    loop.set_executor_threads(3);
    Latch latch;
    EXPECT_EQ(loop.run_until_complete(main(latch)), 3U);
}

TEST(Executor, WaitsForARunningCallWhenTheLoopClosesAndDropsTheQueue) {
    std::atomic<int> ran = 0;
    Latch latch;
    {
        AsioLoop loop;
        loop.set_executor_threads(1);
        loop.call_soon([&] {
            auto first = [](Latch* l, std::atomic<int>* count) {
                l->wait();
                ++*count;
            };
            auto queued = [](std::atomic<int>* count) { ++*count; };
            run_in_executor(first, &latch, &ran);
            run_in_executor(queued, &ran);
            EXPECT_TRUE(latch.wait_until_waiting(1));
            loop.stop();
        });
        loop.run_forever();
        latch.open();
    }
    EXPECT_GE(ran, 1);
}

TEST(Executor, ReportsAnExceptionOfACallThatNobodyAwaits) {
    AsioLoop loop;
    Reports reports(loop);
    auto main = []() -> Coro<void> {
        auto fails = [] { throw std::runtime_error("boom"); };
        auto nothing = [] {};
        run_in_executor(fails);
        co_await run_in_executor(nothing);
        co_await sleep_for(0s);
    };
    loop.set_executor_threads(1);
    loop.run_until_complete(main());
    EXPECT_EQ(reports.reports, std::vector<std::string>{"Future exception was never retrieved: boom"});
}

TEST(CallSoonThreadsafe, WakesALoopThatWaits) {
    AsioLoop loop;
    std::thread poster([&loop] { loop.call_soon_threadsafe([&loop] { loop.stop(); }); });
    loop.run_forever();
    poster.join();
}

TEST(CallSoonThreadsafe, KeepsTheOrderOfEachThreadAndLosesNothing) {
    constexpr int kThreads = 4, kPosts = 2000;
    AsioLoop loop;
    std::vector<int> last(kThreads, -1);
    int total = 0;
    std::vector<std::thread> posters;
    for (int t = 0; t < kThreads; ++t) {
        posters.emplace_back([&, t] {
            for (int i = 0; i < kPosts; ++i) {
                loop.call_soon_threadsafe([&, t, i] {
                    EXPECT_EQ(last[static_cast<std::size_t>(t)], i - 1);
                    last[static_cast<std::size_t>(t)] = i;
                    if (++total == kThreads * kPosts) loop.stop();
                });
            }
        });
    }
    loop.run_forever();
    for (std::thread& poster : posters) poster.join();
    EXPECT_EQ(total, kThreads * kPosts);
}

TEST(CallSoonThreadsafe, PingPongsWithoutLosingAWakeUp) {
    AsioLoop loop;
    std::mutex mutex;
    std::condition_variable changed;
    int ping = 0;
    constexpr int kRounds = 2000;
    std::thread other([&] {
        for (int i = 1; i <= kRounds; ++i) {
            std::unique_lock lock(mutex);
            loop.call_soon_threadsafe([&, i] {
                const std::lock_guard inner(mutex);
                ping = i;
                changed.notify_one();
                if (i == kRounds) loop.stop();
            });
            if (!changed.wait_for(lock, 10s, [&] { return ping == i; })) std::abort();
        }
    });
    loop.run_forever();
    other.join();
    EXPECT_EQ(ping, kRounds);
}

}  // namespace
}  // namespace girin::test
