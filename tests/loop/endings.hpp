#pragma once

// How work that has a time limit ends, as a word to compare.

#include <string>
#include <utility>

#include "girin/loop/cancel.hpp"
#include "girin/loop/coro.hpp"
#include "girin/loop/timeout.hpp"

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

}  // namespace girin::test
