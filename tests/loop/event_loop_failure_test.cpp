// What an event loop does with exceptions, and how it ends.

#include <gtest/gtest.h>

#include "girin/loop/cancel.hpp"
#include "girin/loop/event_loop.hpp"
#include "girin/loop/future.hpp"
#include "girin/loop/sleep.hpp"
#include "tests/loop/trace.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

[[noreturn]] void fail() { throw std::runtime_error("boom"); }

void turn(EventLoop& loop) {
    loop.stop();
    loop.run_forever();
}

TEST(EventLoopFailure, GoesToTheHandlerAndTheLoopLivesOn) {
    VirtualLoop loop;
    Reports reports(loop);
    bool ran = false;
    loop.call_soon(fail);
    loop.call_soon([] { throw Cancelled{}; });
    loop.call_soon([&] { ran = true; });
    turn(loop);
    EXPECT_EQ(reports.reports, (std::vector<std::string>{"Exception in callback: boom", "Exception in callback: ?"}));
    EXPECT_TRUE(ran);
}

TEST(EventLoopFailure, OfTheHandlerGoesToTheLog) {
    VirtualLoop loop;
    loop.set_exception_handler([](std::exception_ptr, const std::string&) { throw std::runtime_error("worse"); });
    loop.call_soon(fail);
    testing::internal::CaptureStderr();
    turn(loop);
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_NE(log.find("The loop's exception handler failed: worse"), std::string::npos) << log;
    EXPECT_NE(log.find("Exception in callback: boom"), std::string::npos) << log;
}

TEST(EventLoopFailure, GoesToTheLogWithoutAHandler) {
    VirtualLoop loop;
    loop.call_soon(fail);
    testing::internal::CaptureStderr();
    turn(loop);
    EXPECT_NE(testing::internal::GetCapturedStderr().find("Exception in callback: boom"), std::string::npos);
}

TEST(EventLoopFailure, LeavesTheRunWhenItIsFatalAndTheRestRunsLater) {
    VirtualLoop loop;
    Reports reports(loop);
    Trace trace;
    loop.call_soon([] { throw FatalError("stop all"); });
    loop.call_soon([&] { trace.push_back("rest"); });
    EXPECT_THROW(loop.run_forever(), FatalError);
    EXPECT_FALSE(loop.is_running());
    loop.call_soon([&] { trace.push_back("new"); });
    turn(loop);
    EXPECT_EQ(trace, (Trace{"rest", "new"}));
    EXPECT_EQ(reports.reports, std::vector<std::string>{});
}

TEST(EventLoopFailure, ForgetsAStopThatCameWithAFatalError) {
    VirtualLoop loop;
    loop.call_soon([&] {
        loop.stop();
        throw FatalError("stop all");
    });
    EXPECT_THROW(loop.run_forever(), FatalError);
    EXPECT_THROW(loop.run_forever(), Hang);  // it does run, instead of stopping after one turn
}

Coro<void> fatal() {
    co_await sleep_for(1s);
    throw FatalError("stop all");
}
Coro<int> forever() {
    co_await sleep_for(1000h);
    co_return 1;
}

TEST(EventLoopFailure, OfATaskLeavesTheRunWhenItIsFatal) {
    VirtualLoop loop;
    const Task<void> task = loop.create_task(fatal());
    EXPECT_THROW(loop.run_forever(), FatalError);
    EXPECT_TRUE(task.done());
    EXPECT_THROW(task.result(), FatalError);
}

TEST(EventLoopFailure, OfTheMainTaskIsReportedOnceWhenItIsFatal) {
    VirtualLoop loop;
    Reports reports(loop);
    EXPECT_THROW(loop.run_until_complete(fatal()), FatalError);
    EXPECT_EQ(reports.reports, std::vector<std::string>{});
}

TEST(EventLoop, RefusesToGiveAResultWhenStoppedBefore) {
    VirtualLoop loop;
    loop.call_later(1s, [&] { loop.stop(); });
    try {
        loop.run_until_complete(forever());
        ADD_FAILURE() << "it ended";
    } catch (const LoopError& error) {
        EXPECT_STREQ(error.what(), "the event loop was stopped before its main task ended");
    }
    // The run that was given up leaves nothing behind that would stop the next one when its task ends.
    loop.call_later(2000h, [&] { loop.stop(); });
    loop.run_forever();
    EXPECT_GE(loop.elapsed(), 2000h);
}

Coro<std::unique_ptr<int>> boxed() {
    co_await sleep_for(1s);
    co_return std::make_unique<int>(7);
}

TEST(EventLoop, ReturnsAResultThatOnlyMoves) {
    VirtualLoop loop;
    EXPECT_EQ(*loop.run_until_complete(boxed()), 7);
}

TEST(EventLoop, RefusesNestedRunsBeforeTheCoroutineBegins) {
    VirtualLoop loop;
    loop.call_soon([&] {
        EXPECT_THROW(loop.run_until_complete(forever()), LoopError);
        EXPECT_TRUE(loop.all_tasks().empty());
        EXPECT_THROW(loop.close(), LoopError);
    });
    turn(loop);
}

TEST(EventLoopClose, DropsWhatIsScheduledAndRefusesMore) {
    auto captured = std::make_shared<int>();
    VirtualLoop loop;
    Trace trace;
    loop.call_soon([captured, &trace] { trace.push_back("soon"); });
    loop.call_later(1s, [captured, &trace] { trace.push_back("later"); });
    loop.call_soon_threadsafe([captured, &trace] { trace.push_back("posted"); });
    loop.close();
    EXPECT_EQ(captured.use_count(), 1);
    EXPECT_TRUE(loop.is_closed());
    EXPECT_THROW(loop.call_soon([] {}), LoopError);
    EXPECT_THROW(loop.call_later(1s, [] {}), LoopError);
    EXPECT_THROW(loop.create_task(forever()), LoopError);
    EXPECT_THROW(loop.run_forever(), LoopError);
    loop.call_soon_threadsafe([captured] {});
    EXPECT_EQ(captured.use_count(), 1);
    loop.close();
    EXPECT_EQ(trace, Trace{});
}

TEST(EventLoopClose, DropsTheDoneCallbacksOfFuturesThatNeverCame) {
    auto captured = std::make_shared<int>();
    {
        VirtualLoop loop;
        Future<int> pending(loop);
        pending.add_done_callback([captured] {});
        Future<int> set_afterwards(loop);
        set_afterwards.add_done_callback([captured] {});
        loop.close();
        set_afterwards.set_result(1);
    }
    EXPECT_EQ(captured.use_count(), 1);
}

class Noisy {
  public:
    Noisy(Trace& trace, EventLoop& loop) : trace_(trace), loop_(loop) {}
    ~Noisy() {
        trace_.push_back("destroyed");
        loop_.call_soon([] {});
    }

  private:
    Trace& trace_;
    EventLoop& loop_;
};

TEST(EventLoopClose, DestroysPendingTasksAndSaysSo) {
    Trace trace;
    testing::internal::CaptureStderr();
    {
        VirtualLoop loop;
        auto waits = [](Trace& t, EventLoop& l) -> Coro<void> {
            const Noisy noisy(t, l);
            co_await sleep_for(1h);
        };
        loop.create_task(waits(trace, loop), "slow");
        loop.create_task(waits(trace, loop), "unstarted");
        loop.stop();
        loop.run_forever();
        loop.create_task(waits(trace, loop), "never begun");
    }
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_NE(log.find("Task 'slow' was destroyed but it is pending"), std::string::npos) << log;
    EXPECT_NE(log.find("Task 'never begun' was destroyed but it is pending"), std::string::npos) << log;
    EXPECT_EQ(trace, (Trace{"destroyed", "destroyed"}));
}

}  // namespace
}  // namespace girin::test
