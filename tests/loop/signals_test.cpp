#include "girin/loop/signals.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <system_error>

#include "girin/loop/asio_loop.hpp"
#include "tests/loop/trace.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

TEST(SignalWatch, CallsBackForEachSignal) {
    AsioLoop loop;
    int calls = 0;
    const SignalWatch watch(loop, SIGUSR1, [&] {
        if (++calls == 3) {
            loop.stop();
        } else {
            std::raise(SIGUSR1);
        }
    });
    std::raise(SIGUSR1);
    loop.run_forever();
    EXPECT_EQ(calls, 3);
}

TEST(SignalWatch, TellsEachOfSeveralWatches) {
    AsioLoop loop;
    Trace trace;
    const auto note = [&](std::string who) {
        return [&loop, &trace, who] {
            trace.push_back(who);
            if (trace.size() == 2) loop.stop();
        };
    };
    const SignalWatch first(loop, SIGUSR1, note("first"));
    const SignalWatch second(loop, SIGUSR1, note("second"));
    std::raise(SIGUSR1);
    loop.run_forever();
    EXPECT_EQ(trace.size(), 2U);
}

TEST(SignalWatch, CallsNobodyOnceDestroyed) {
    AsioLoop loop;
    std::optional<SignalWatch> watch;
    int calls = 0;
    watch.emplace(loop, SIGUSR1, [&] { ++calls; });
    const SignalWatch keeps_it_caught(loop, SIGUSR1, [] {});
    loop.call_soon([&] { std::raise(SIGUSR1); });
    // The handler and the callback it schedules pass through several queues; at each point the watch may go.
    for (int turns = 0; turns < 4; ++turns) {
        for (int i = 0; i < turns; ++i) {
            loop.stop();
            loop.run_forever();
        }
        calls = 0;
        watch.reset();
        loop.call_later(2ms, [&] { loop.stop(); });
        loop.run_forever();
        EXPECT_EQ(calls, 0);
        watch.emplace(loop, SIGUSR1, [&] { ++calls; });
        loop.call_soon([&] { std::raise(SIGUSR1); });
    }
}

TEST(SignalWatch, RefusesWhatCannotBeCaught) {
    AsioLoop loop;
    EXPECT_THROW(SignalWatch(loop, SIGKILL, [] {}), std::system_error);
}

}  // namespace
}  // namespace girin::test
