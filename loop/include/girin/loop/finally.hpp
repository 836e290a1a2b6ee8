#pragma once

// finally: clean-up that awaits, however the work ends. (A destructor can't await, nor can a catch block.)

#include <concepts>

#include "girin/loop/gcc12.hpp"
#include "girin/loop/settled.hpp"

namespace girin {

namespace detail {

template <class C>
concept CleanUp = Awaitable<C> || requires(C& clean_up) {
    { clean_up() } -> Awaitable;
};

template <class T, class C>
Coro<T> run_finally(Coro<T> work, C clean_up) {
    Settled<T> outcome = co_await settle(std::move(work));
    if constexpr (Awaitable<C>) {
        co_await std::move(clean_up);
    } else {
        auto cleaning = clean_up();
        co_await std::move(cleaning);
    }
    co_return outcome.take();
}

}  // namespace detail

/// Awaits `work`, then `clean_up` (something to await, or a function that gives it), and then gives or raises what the
/// work ended with: a value, an exception, Cancelled. A lambda that captures may be a coroutine here: it is kept until
/// its end.
///
/// Errors: what the clean-up throws goes before what the work threw. Cancel: the work is cancelled, then cleaned up; a
/// second one reaches the clean-up. A task that is cancelled before it has begun never comes here.
template <Awaitable A, class C>
    requires detail::CleanUp<std::decay_t<C>>
auto finally(A work, C&& clean_up) -> Coro<AwaitedValue<A>> {
    if constexpr (!Awaitable<std::decay_t<C>>) GIRIN_NAMED_FIRST(C);
    return detail::run_finally<AwaitedValue<A>, std::decay_t<C>>(as_coro(std::move(work)), std::forward<C>(clean_up));
}

}  // namespace girin
