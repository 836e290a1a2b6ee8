#include "girin/loop/future.hpp"

#include <gtest/gtest.h>

#include "girin/loop/cancel.hpp"
#include "girin/loop/sleep.hpp"
#include "tests/loop/trace.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

struct FutureTest : testing::Test {
    void turn() {
        loop.stop();
        loop.run_forever();
    }

    VirtualLoop loop;
    Reports reports{loop};
    Trace trace;
};

Coro<void> note_value(Future<int> future, Trace& trace, std::string who) {
    try {
        const int value = co_await future;
        trace.push_back(who + " got " + std::to_string(value));
    } catch (const Cancelled&) {
        trace.push_back(who + " was cancelled");
    }
}

TEST_F(FutureTest, CallsBackInTheNextTurnInOrderOfRegistration) {
    Future<int> future(loop);
    future.add_done_callback([this] { trace.push_back("first"); });
    future.add_done_callback([this] { trace.push_back("second"); });
    future.set_result(1);
    EXPECT_EQ(trace, Trace{});
    turn();
    EXPECT_EQ(trace, (Trace{"first", "second"}));
}

TEST_F(FutureTest, CallsBackInTheNextTurnAlsoWhenItIsDone) {
    Future<void> future(loop);
    future.set_result();
    future.add_done_callback([this] { trace.push_back("called"); });
    EXPECT_EQ(trace, Trace{});
    turn();
    EXPECT_EQ(trace, Trace{"called"});
}

TEST_F(FutureTest, LosesNoCallbackWhenOneThrows) {
    Future<void> future(loop);
    future.add_done_callback([] { throw std::runtime_error("boom"); });
    future.add_done_callback([this] { trace.push_back("second"); });
    future.set_result();
    turn();
    EXPECT_EQ(trace, Trace{"second"});
    EXPECT_EQ(reports.reports, std::vector<std::string>{"Exception in callback: boom"});
}

TEST_F(FutureTest, WakesManyAwaitersInOrder) {
    Future<int> future(loop);
    for (const char* who : {"a", "b", "c"}) loop.create_task(note_value(future, trace, who));
    turn();
    future.set_result(7);
    turn();
    EXPECT_EQ(trace, (Trace{"a got 7", "b got 7", "c got 7"}));
}

TEST_F(FutureTest, KnowsItsState) {
    Future<int> future(loop);
    EXPECT_FALSE(future.done());
    EXPECT_THROW(future.result(), InvalidStateError);
    EXPECT_THROW(future.exception(), InvalidStateError);
    future.set_result(3);
    EXPECT_TRUE(future.done());
    EXPECT_FALSE(future.cancelled());
    EXPECT_EQ(future.result(), 3);
    EXPECT_EQ(future.exception(), nullptr);
}

TEST_F(FutureTest, IsSetOnce) {
    Future<int> future(loop);
    future.set_result(1);
    EXPECT_THROW(future.set_result(2), InvalidStateError);
    EXPECT_THROW(future.set_exception(std::make_exception_ptr(1)), InvalidStateError);
    EXPECT_FALSE(future.cancel());
    EXPECT_EQ(future.result(), 1);
}

TEST_F(FutureTest, IsCancelledForAllWhoAwaitIt) {
    Future<int> future(loop);
    loop.create_task(note_value(future, trace, "a"));
    loop.create_task(note_value(future, trace, "b"));
    turn();
    EXPECT_TRUE(future.cancel());
    EXPECT_FALSE(future.cancel());
    EXPECT_TRUE(future.cancelled());
    EXPECT_THROW(future.result(), Cancelled);
    EXPECT_THROW(future.exception(), Cancelled);
    EXPECT_THROW(future.set_result(1), InvalidStateError);
    turn();
    EXPECT_EQ(trace, (Trace{"a was cancelled", "b was cancelled"}));
}

TEST_F(FutureTest, ReportsAnExceptionThatNobodyRetrieved) {
    {
        Future<int> future(loop);
        future.set_exception(std::make_exception_ptr(std::runtime_error("lost")));
    }
    EXPECT_EQ(reports.reports, std::vector<std::string>{"Future exception was never retrieved: lost"});
}

TEST_F(FutureTest, ReportsNoExceptionThatWasRetrievedOrGivenUp) {
    for (int how = 0; how < 3; ++how) {
        Future<int> future(loop);
        future.set_exception(std::make_exception_ptr(std::runtime_error("seen")));
        switch (how) {
            case 0: EXPECT_THROW(future.result(), std::runtime_error); break;
            case 1: EXPECT_NE(future.exception(), nullptr); break;
            default: EXPECT_FALSE(future.cancel());
        }
    }
    EXPECT_EQ(reports.reports, std::vector<std::string>{});
}

TEST_F(FutureTest, DoesNotSuspendWhoAwaitsItWhenDone) {
    Future<int> future(loop);
    future.set_result(7);
    loop.create_task(note_value(future, trace, "a"));
    loop.call_soon([this] { trace.push_back("next callback"); });
    turn();
    EXPECT_EQ(trace, (Trace{"a got 7", "next callback"}));
}

TEST_F(FutureTest, CannotBeAwaitedOnAnotherLoop) {
    VirtualLoop other;
    const Future<int> future(other);
    auto awaits = [](Future<int> f) -> Coro<std::string> {
        std::string text;
        try {
            co_await f;
        } catch (const LoopError& error) {
            text = error.what();
        }
        co_await sleep_for(1s);  // the task is none the worse for it
        co_return text;
    };
    EXPECT_EQ(loop.run_until_complete(awaits(future)), "the future belongs to another event loop");
}

class Counted {
  public:
    explicit Counted(int& copies) : copies_(&copies) {}
    Counted(const Counted& other) : copies_(other.copies_) { ++*copies_; }
    Counted(Counted&& other) noexcept = default;
    Counted& operator=(Counted&&) noexcept = default;

  private:
    int* copies_;
};

TEST_F(FutureTest, MovesItsValueToTheLastWhoHoldsIt) {
    int copies = 0;
    auto takes = [](EventLoop& l, int& c) -> Coro<void> {
        Future<Counted> future(l);
        future.set_result(Counted(c));
        Counted value = co_await std::move(future);
        static_cast<void>(value);
    };
    loop.run_until_complete(takes(loop, copies));
    EXPECT_EQ(copies, 0);
}

TEST_F(FutureTest, CopiesItsValueWhileOthersHoldIt) {
    int copies = 0;
    auto takes = [](EventLoop& l, int& c) -> Coro<void> {
        Future<Counted> future(l);
        const Future<Counted> held = future;
        future.set_result(Counted(c));
        Counted value = co_await std::move(future);
        static_cast<void>(value);
    };
    loop.run_until_complete(takes(loop, copies));
    EXPECT_EQ(copies, 1);
}

TEST_F(FutureTest, LendsItsValueToWhoAwaitsANamedOne) {
    int copies = 0;
    auto reads = [](EventLoop& l, int& c) -> Coro<void> {
        Future<Counted> future(l);
        future.set_result(Counted(c));
        auto&& value = co_await future;
        EXPECT_EQ(&value, &future.result());
        static_assert(std::is_same_v<decltype(value), const Counted&>);
    };
    loop.run_until_complete(reads(loop, copies));
    EXPECT_EQ(copies, 0);
}

TEST_F(FutureTest, CarriesValuesThatOnlyMove) {
    auto takes = [](EventLoop& l) -> Coro<int> {
        Future<std::unique_ptr<int>> future(l);
        l.call_later(1s, [future] { future.set_result(std::make_unique<int>(5)); });
        const std::unique_ptr<int> value = co_await std::move(future);
        co_return *value;
    };
    EXPECT_EQ(loop.run_until_complete(takes(loop)), 5);
}

}  // namespace
}  // namespace girin::test
