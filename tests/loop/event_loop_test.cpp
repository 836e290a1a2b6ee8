#include "girin/loop/event_loop.hpp"

#include <gtest/gtest.h>

#include "tests/loop/trace.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

struct EventLoopTest : testing::Test {
    /// Writes `word` down when called.
    auto note(std::string word) {
        return [this, word = std::move(word)] { trace.push_back(word); };
    }
    /// One turn, without waiting.
    void turn() {
        loop.stop();
        loop.run_forever();
    }

    VirtualLoop loop;
    Trace trace;
};

TEST_F(EventLoopTest, RunsCallbacksInOrderOfScheduling) {
    for (const char* word : {"a", "b", "c"}) loop.call_soon(note(word));
    turn();
    EXPECT_EQ(trace, (Trace{"a", "b", "c"}));
}

TEST_F(EventLoopTest, LeavesWhatIsScheduledMeanwhileToTheNextTurn) {
    loop.call_soon([this] {
        trace.push_back("first");
        loop.call_soon(note("second"));
    });
    turn();
    EXPECT_EQ(trace, Trace{"first"});
    turn();
    EXPECT_EQ(trace, (Trace{"first", "second"}));
}

TEST_F(EventLoopTest, RunsReadyThenIoThenTimers) {
    Call io(note("io"));
    loop.call_later(0s, note("timer"));
    loop.complete_io(io);
    loop.call_soon(note("ready"));
    turn();
    EXPECT_EQ(trace, (Trace{"ready", "io", "timer"}));
}

TEST_F(EventLoopTest, RunsTimersByDeadlineAndEqualOnesByArming) {
    loop.call_later(2s, note("late"));
    loop.call_later(1s, note("early 1"));
    loop.call_later(1s, note("early 2"));
    loop.call_later(-5s, note("past"));
    loop.call_later(3s, [this] { loop.stop(); });
    loop.run_forever();
    EXPECT_EQ(trace, (Trace{"past", "early 1", "early 2", "late"}));
    EXPECT_EQ(loop.elapsed(), 3s);
}

TEST_F(EventLoopTest, KeepsItsTimeWithinATurn) {
    const TimePoint began = loop.time();
    loop.call_soon([this, began] {
        loop.advance(1s);
        EXPECT_EQ(loop.time(), began);
    });
    loop.call_soon([this, began] { EXPECT_EQ(loop.time(), began); });
    turn();
    EXPECT_EQ(loop.time(), began + 1s);
}

TEST_F(EventLoopTest, CountsADelayFromNowAlsoBetweenRuns) {
    turn();
    loop.advance(10s);
    const Handle handle = loop.call_later(1s, [] {});
    EXPECT_EQ(handle.when(), loop.time() + 1s);
}

TEST_F(EventLoopTest, NeverReachesADeadlineBeyondTheEndOfTime) {
    const Handle handle = loop.call_later(Duration::max(), note("never"));
    EXPECT_EQ(handle.when(), TimePoint::max());
    turn();
    EXPECT_EQ(trace, Trace{});
}

TEST_F(EventLoopTest, ReportsAHangUnderVirtualTime) {
    EXPECT_THROW(loop.run_forever(), Hang);
    EXPECT_FALSE(loop.is_running());
}

TEST_F(EventLoopTest, RunsATurnWhenStoppedBeforehand) {
    loop.call_soon(note("once"));
    loop.stop();
    loop.run_forever();
    EXPECT_EQ(trace, Trace{"once"});
}

TEST_F(EventLoopTest, FinishesTheTurnInWhichItIsStopped) {
    loop.call_soon([this] {
        loop.stop();
        loop.call_soon(note("next run"));
    });
    loop.call_soon(note("same turn"));
    loop.run_forever();
    EXPECT_EQ(trace, Trace{"same turn"});
    turn();
    EXPECT_EQ(trace, (Trace{"same turn", "next run"}));
}

TEST_F(EventLoopTest, CancelsACallback) {
    Handle soon = loop.call_soon(note("soon"));
    Handle later = loop.call_later(1s, note("later"));
    loop.call_later(2s, [this] { loop.stop(); });
    soon.cancel();
    soon.cancel();
    later.cancel();
    EXPECT_TRUE(soon.cancelled());
    loop.run_forever();
    EXPECT_EQ(trace, Trace{});
}

TEST_F(EventLoopTest, DropsWhatACancelledCallbackCapturedAtOnce) {
    auto captured = std::make_shared<int>(7);
    Handle handle = loop.call_later(1h, [captured] {});
    EXPECT_EQ(captured.use_count(), 2);
    handle.cancel();
    EXPECT_EQ(captured.use_count(), 1);
    EXPECT_TRUE(loop.timers().empty());
}

TEST_F(EventLoopTest, LetsACallbackCancelItself) {
    auto word = std::make_shared<std::string>("still here");
    Handle handle;
    handle = loop.call_soon([this, word, &handle] {
        handle.cancel();
        trace.push_back(*word);
    });
    turn();
    EXPECT_EQ(trace, Trace{"still here"});
    EXPECT_EQ(word.use_count(), 1);
}

TEST_F(EventLoopTest, CancelsACallbackOfTheSameTurn) {
    Handle second;
    loop.call_soon([&second] { second.cancel(); });
    second = loop.call_soon(note("second"));
    turn();
    EXPECT_EQ(trace, Trace{});
}

TEST_F(EventLoopTest, ForgetsNothingWhenHandlesAreDropped) {
    { const Handle dropped = loop.call_soon(note("runs")); }
    turn();
    EXPECT_EQ(trace, Trace{"runs"});
}

TEST_F(EventLoopTest, TakesCallbacksThatOnlyMove) {
    loop.call_soon([this, text = std::make_unique<std::string>("moved")] { trace.push_back(*text); });
    turn();
    EXPECT_EQ(trace, Trace{"moved"});
}

TEST_F(EventLoopTest, TellsAnObserverOfWholeTurns) {
    struct Observer final : TurnObserver {
        void turn_began(TimePoint now) noexcept override { began.push_back(now); }
        void turn_ended() noexcept override { ++ended; }
        std::vector<TimePoint> began;
        std::size_t ended = 0;
    } observer;
    loop.set_turn_observer(&observer);
    loop.call_soon([&] { EXPECT_EQ(observer.began.size(), observer.ended + 1); });
    loop.call_later(1s, [] { throw FatalError("out of here"); });
    EXPECT_THROW(loop.run_forever(), FatalError);
    ASSERT_EQ(observer.began.size(), 2U);
    EXPECT_EQ(observer.began[1] - observer.began[0], 1s);
    EXPECT_EQ(observer.ended, 2U);
}

TEST_F(EventLoopTest, IsTheRunningOneOnlyWhileItRuns) {
    EXPECT_EQ(EventLoop::running_or_null(), nullptr);
    EXPECT_THROW(EventLoop::running(), LoopError);
    loop.call_soon([this] { EXPECT_EQ(&EventLoop::running(), &loop); });
    turn();
    EXPECT_EQ(EventLoop::running_or_null(), nullptr);
}

TEST_F(EventLoopTest, SaysWhereTheRunWasStartedThatIsNested) {
    loop.call_soon([this] {
        try {
            loop.run_forever();
            ADD_FAILURE() << "a nested run went through";
        } catch (const LoopError& error) {
            trace.push_back(error.what());
        }
        VirtualLoop other;
        try {
            other.run_forever();
            ADD_FAILURE() << "a nested run went through";
        } catch (const LoopError& error) {
            trace.push_back(error.what());
        }
    });
    loop.stop();
    const int line = __LINE__ + 1;
    loop.run_forever();
    const std::string place = std::string(__FILE__) + ":" + std::to_string(line);
    EXPECT_EQ(trace, (Trace{"this event loop is already running; it was started at " + place,
                            "another event loop is running on this thread; it was started at " + place}));
}

}  // namespace
}  // namespace girin::test
