// run and Runner against CPython's test_runners.py (3.13), and run_coroutine_threadsafe against test_tasks.py; ASYNCIO.md
// has the tables.

#include "girin/loop/runner.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "girin/loop/asio_loop.hpp"
#include "girin/loop/async_generator.hpp"
#include "girin/loop/executor.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/sync/event.hpp"
#include "girin/loop/threadsafe.hpp"
#include "tests/loop/endings.hpp"
#include "tests/loop/trace.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<EventLoop> virtual_loop() { return std::make_unique<VirtualLoop>(); }

Coro<int> gives(int value) {
    co_await sleep_for(0s);
    co_return value;
}

TEST(Run, GivesWhatMainGives_run_return) {
    EXPECT_EQ(run(gives(42)), 42);
    EXPECT_EQ(EventLoop::running_or_null(), nullptr);
}

TEST(Run, RaisesWhatMainRaises_run_raises) {
    auto fails = []() -> Coro<void> {
        co_await sleep_for(0s);
        throw std::runtime_error("spam");
    };
    EXPECT_THROW(run(fails()), std::runtime_error);
}

TEST(Run, TakesTheLoopThatIsMadeForIt_run_loop_factory) {
    int made = 0;
    EventLoop* loop = nullptr;
    auto asks = [](EventLoop*& l) -> Coro<bool> { co_return &EventLoop::running() == l; };
    EXPECT_TRUE(run(asks(loop), [&] {
        ++made;
        auto own = virtual_loop();
        loop = own.get();
        return own;
    }));
    EXPECT_EQ(made, 1);
}

TEST(Run, IsRefusedWhereALoopRuns_run_from_running_loop_recursive_run) {
    auto main = []() -> Coro<void> { EXPECT_THROW(run(gives(1)), LoopError); co_return; };
    run(main(), virtual_loop);
}

TEST(Run, CancelsTasksThatAreLeft_run_cancels_hanging_tasks) {
    Task<void> left;
    auto main = [](Task<void>& t) -> Coro<int> {
        t = create_task(as_coro(sleep_for(1h)));
        co_return 123;
    };
    Runner runner(virtual_loop);
    EXPECT_EQ(runner.run(main(left)), 123);
    EXPECT_FALSE(left.done());
    runner.close();
    EXPECT_TRUE(left.cancelled());
}

TEST(Run, ReportsErrorsOfTasksThatAreLeft_run_reports_hanging_tasks_errors) {
    auto fails = []() -> Coro<void> {
        try {
            co_await sleep_for(1h);
        } catch (const Cancelled&) {
        }
        throw std::runtime_error("of the clean-up");
    };
    auto main = [](Coro<void> other) -> Coro<void> {
        create_task(std::move(other));
        co_return;
    };
    Runner runner(virtual_loop);
    const Reports reports(runner.loop());
    runner.run(main(fails()));
    runner.close();
    EXPECT_EQ(reports.reports, std::vector<std::string>{"unhandled exception during run() shutdown: of the clean-up"});
}

TEST(Run, LetsTasksThatAreLeftCleanUp) {
    Trace trace;
    auto main = [](Coro<int> other) -> Coro<void> {
        create_task(std::move(other));
        co_await sleep_for(1s);
        throw std::runtime_error("main failed");
    };
    EXPECT_THROW(run(main(cleans_up(1h, 2s, trace)), virtual_loop), std::runtime_error);
    EXPECT_EQ(trace, Trace{"cleaned up"});
}

TEST(Run, ClosesGeneratorsThatAreLeft_run_closes_gens) {
    Trace trace;
    auto counts = [](Trace& t) -> AsyncGenerator<int> {
        bool closed = false;
        try {
            for (int i = 0;; ++i) co_yield i;
        } catch (const GeneratorExit&) {
            closed = true;
        }
        co_await sleep_for(1s);
        if (closed) t.push_back("closed");
    };
    AsyncGenerator<int> left = counts(trace);
    auto main = [](AsyncGenerator<int>& numbers) -> Coro<int> {
        const std::optional<int> first = co_await numbers.next();
        co_return *first;
    };
    EXPECT_EQ(run(main(left), virtual_loop), 0);
    EXPECT_EQ(trace, Trace{"closed"});
}

TEST(Runner, RunsOneAfterTheOtherOnOneLoop_run) {
    Runner runner(virtual_loop);
    EventLoop& loop = runner.loop();
    EXPECT_EQ(runner.run(gives(1)), 1);
    EXPECT_EQ(runner.run(gives(2)), 2);
    EXPECT_EQ(&runner.loop(), &loop);
    EXPECT_FALSE(loop.is_closed());
}

TEST(Runner, IsClosedForGood_explicit_close_double_close_second_with_block_raises) {
    Runner runner;
    runner.loop();
    runner.close();
    runner.close();
    EXPECT_THROW(runner.loop(), LoopError);
    EXPECT_THROW(runner.run(gives(1)), LoopError);
    Runner never_used;
    never_used.close();
}

TEST(Runner, KeepsContextVariables_run_keeps_context) {
    static ContextVar<int> variable("variable", -1);
    auto sets = [](int value) -> Coro<int> {
        const int before = variable.get();
        co_await sleep_for(0s);
        variable.set(value);
        co_return before;
    };
    Runner runner(virtual_loop);
    EXPECT_EQ(runner.run(sets(1)), -1);
    EXPECT_EQ(runner.run(sets(2)), 1);
    EXPECT_EQ(runner.run(sets(3)), 2);
    EXPECT_EQ(variable.get(), -1);
}

TEST(Runner, LeavesAFutureThatIsAwaitedCancelled_interrupt_wait) {
    auto main = [](Future<void> future, Trace& trace) -> Coro<void> {
        EventLoop::running().call_later(1ms, [] { ::raise(SIGINT); });
        try {
            co_await future;
        } catch (const Cancelled&) {
            trace.push_back("cancelled");
            throw;
        }
    };
    Runner runner;
    Trace trace;
    const Future<void> future(runner.loop());
    EXPECT_THROW(runner.run(main(future, trace)), Interrupted);
    EXPECT_TRUE(future.cancelled());
    EXPECT_EQ(trace, Trace{"cancelled"});
    struct sigaction action {};
    ::sigaction(SIGINT, nullptr, &action);
    EXPECT_EQ(action.sa_handler, SIG_DFL);
}

TEST(Runner, InterruptsOneThatNeverWaitsLong_interrupt_call_soon) {
    auto main = []() -> Coro<void> {
        EventLoop::running().call_later(1ms, [] { ::raise(SIGINT); });
        while (true) co_await sleep_for(0s);
    };
    Runner runner;
    EXPECT_THROW(runner.run(main()), Interrupted);
}

TEST(Runner, GivesWhatMainGivesThoughItWasInterrupted) {
    auto main = []() -> Coro<int> {
        EventLoop::running().call_later(1ms, [] { ::raise(SIGINT); });
        try {
            co_await sleep_for(1h);
        } catch (const Cancelled&) {
        }
        co_return 7;
    };
    EXPECT_EQ(run(main()), 7);
}

TEST(Runner, IsCancelledWhereSomebodyElseCancelledToo_interrupt_cancelled_task) {
    auto main = []() -> Coro<void> {
        TaskBase& self = *TaskBase::current();
        EventLoop::running().call_later(1ms, [&self] {
            self.cancel_task();
            ::raise(SIGINT);
        });
        // Long enough for the signal to be heard: the clean-up waits for it.
        try {
            co_await sleep_for(1h);
        } catch (const Cancelled&) {
        }
        while (self.cancelling() < 2) co_await sleep_for(1ms);
        co_await sleep_for(1h);
    };
    Runner runner;
    EXPECT_THROW(runner.run(main()), Cancelled);
}

TEST(Runner, IsInterruptedAtOnceByTheSecondSignal) {
    auto main = [](Trace& trace) -> Coro<void> {
        EventLoop::running().call_later(1ms, [] { ::raise(SIGINT); });
        while (true) {
            try {
                co_await sleep_for(1h);
            } catch (const Cancelled&) {
                trace.push_back("resists");
                if (trace.size() == 1) EventLoop::running().call_later(1ms, [] { ::raise(SIGINT); });
                if (trace.size() == 2) throw;  // when the runner closes
            }
        }
    };
    Trace trace;
    {
        Runner runner;
        EXPECT_THROW(runner.run(main(trace)), Interrupted);
        EXPECT_EQ(trace, Trace{"resists"});
    }
    EXPECT_EQ(trace.size(), 2U);
}

TEST(Runner, LeavesAHandlerAloneThatIsNotTheDefault_signal_install_not_supported) {
    static int heard = 0;
    struct sigaction before {};
    struct sigaction own {};
    own.sa_handler = [](int) { ++heard; };
    ::sigaction(SIGINT, &own, &before);
    auto main = []() -> Coro<int> {
        ::raise(SIGINT);
        co_await sleep_for(0s);
        co_return 1;
    };
    EXPECT_EQ(run(main()), 1);
    EXPECT_EQ(heard, 1);
    ::sigaction(SIGINT, &before, nullptr);
}

TEST(RunnerDeathTest, EndsByTheThirdSignalWhereTheLoopStandsStill) {
    auto stands_still = []() -> Coro<void> {
        while (true) ::raise(SIGINT);
        co_return;
    };
    EXPECT_EXIT(run(stands_still()), testing::KilledBySignal(SIGINT), "");
}

TEST(RunCoroutineThreadsafe, GivesItsResultToAnotherThread_with_exception_task_cancelled) {
    auto fails = []() -> Coro<int> {
        co_await sleep_for(1ms);
        throw std::runtime_error("of the coroutine");
    };
    auto cancels_itself = []() -> Coro<int> {
        TaskBase::current()->cancel_task();
        co_await sleep_for(1h);
        co_return 0;
    };
    auto main = [](auto bad, auto cancelled) -> Coro<void> {
        EventLoop& loop = EventLoop::running();
        auto other_thread = [&loop, bad, cancelled] {
            EXPECT_EQ(run_coroutine_threadsafe(gives(42), loop).get(), 42);
            EXPECT_THROW(run_coroutine_threadsafe(bad(), loop).get(), std::runtime_error);
            EXPECT_THROW(run_coroutine_threadsafe(cancelled(), loop).get(), Cancelled);
            auto late = run_coroutine_threadsafe(sleep_until(TimePoint::max()), loop);
            EXPECT_EQ(late.wait_for(1ms), std::future_status::timeout);
            return std::make_shared<std::future<void>>(std::move(late));
        };
        auto late = co_await run_in_executor(other_thread);
        EXPECT_EQ(late->wait_for(0s), std::future_status::timeout);
    };
    run(main(fails, cancels_itself));
}

TEST(RunCoroutineThreadsafe, EndsWithAnErrorWhereTheLoopGoes) {
    std::future<int> never_began;
    std::future<void> never_ended;
    std::future<int> too_late;
    {
        VirtualLoop loop;
        never_ended = run_coroutine_threadsafe(as_coro(sleep_until(TimePoint::max())), loop);
        loop.stop();
        loop.run_forever();
        never_began = run_coroutine_threadsafe(gives(1), loop);
        loop.close();
        too_late = run_coroutine_threadsafe(gives(1), loop);
    }
    EXPECT_THROW(never_began.get(), LoopError);
    EXPECT_THROW(never_ended.get(), LoopError);
    EXPECT_THROW(too_late.get(), LoopError);
}

}  // namespace
}  // namespace girin::test
