#pragma once

// How work that has a time limit, or is cancelled, ends: as a word to compare; and work that doesn't end at once.

#include <string>
#include <utility>

#include "girin/loop/cancel.hpp"
#include "girin/loop/coro.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/timeout.hpp"
#include "tests/loop/trace.hpp"

namespace girin::test {

/// "ok", "timed out", "cancelled", or what went wrong.
template <class T>
Coro<std::string> ending(Coro<T> work) {
    std::string text = "ok";
    try {
        co_await std::move(work);
    } catch (const TimeoutError&) {
        text = "timed out";
    } catch (const Cancelled&) {
        text = "cancelled";
    } catch (const std::exception& error) {
        text = error.what();
    }
    co_return text;
}

/// Gives 1 after `work`; cancelled before that it needs `clean_up`, and says so.
inline Coro<int> cleans_up(Duration work, Duration clean_up, Trace& trace) {
    bool cancelled = false;
    try {
        co_await sleep_for(work);
    } catch (const Cancelled&) {
        cancelled = true;
    }
    if (cancelled) {
        co_await sleep_for(clean_up);
        trace.push_back("cleaned up");
        throw Cancelled{};
    }
    co_return 1;
}

}  // namespace girin::test
