#pragma once

// What can stand after `co_await`: coroutines, tasks, futures, sleeps, receives, Asio's operations with use_loop, and
// whatever else has an awaiter. What takes one of them takes any.

#include <concepts>
#include <coroutine>
#include <type_traits>
#include <utility>

#include "girin/loop/coro.hpp"

namespace girin {

namespace detail {

template <class W>
concept Awaiter = requires(W& awaiter, std::coroutine_handle<> awaiting) {
    { awaiter.await_ready() } -> std::convertible_to<bool>;
    awaiter.await_suspend(awaiting);
    awaiter.await_resume();
};
template <class A>
concept HasMemberCoAwait = requires(A&& awaitable) { std::forward<A>(awaitable).operator co_await(); };
template <class A>
concept HasFreeCoAwait = requires(A&& awaitable) { operator co_await(std::forward<A>(awaitable)); };

template <class A>
decltype(auto) awaiter_of(A&& awaitable) {
    if constexpr (HasMemberCoAwait<A>) {
        return std::forward<A>(awaitable).operator co_await();
    } else if constexpr (HasFreeCoAwait<A>) {
        return operator co_await(std::forward<A>(awaitable));
    } else {
        return std::forward<A>(awaitable);
    }
}

}  // namespace detail

template <class A>
concept Awaitable = detail::HasMemberCoAwait<A> || detail::HasFreeCoAwait<A> || detail::Awaiter<std::remove_cvref_t<A>>;

namespace detail {

template <class A>
using AwaitResult = decltype(awaiter_of(std::declval<A>()).await_resume());
template <class R>
using Value = std::conditional_t<std::is_lvalue_reference_v<R>, R, std::remove_cvref_t<R>>;

}  // namespace detail

/// What awaiting a copy of it gives: a value, a reference to one that lives elsewhere, or void.
template <Awaitable A>
using AwaitedValue = detail::Value<detail::AwaitResult<std::remove_cvref_t<A>&&>>;

/// A coroutine that awaits it, and owns it.
template <class T>
Coro<T> as_coro(Coro<T> coroutine) {
    return coroutine;
}
template <Awaitable A>
Coro<AwaitedValue<A>> as_coro(A awaitable) {
    co_return co_await std::move(awaitable);
}

}  // namespace girin
