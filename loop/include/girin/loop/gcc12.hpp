#pragma once

// What g++ before 13 makes of some temporaries in the full expression of a `co_await`: a closure with captures, or an
// aggregate, is destroyed twice. Where a signature shows such a temporary, it doesn't compile there.

#include <type_traits>
#include <utility>

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
#define GIRIN_GCC12 1
#else
#define GIRIN_GCC12 0
#endif

namespace girin {

/// Moves from a callable with a name, where a temporary is refused: `co_await run_in_executor(by_move(work))`. It must
/// live until the call returns.
template <class F>
struct ByMove {
    F* callable;
};
template <class F>
ByMove<F> by_move(F& callable) noexcept {
    return {&callable};
}

namespace detail {

template <class F>
struct Callable {
    using Type = std::decay_t<F>;
    template <class G>
    static G&& get(G&& callable) noexcept {
        return std::forward<G>(callable);
    }
};
template <class F>
struct Callable<ByMove<F>> {
    using Type = F;
    static F&& get(ByMove<F> named) noexcept { return std::move(*named.callable); }
};
/// What is kept of `F&&`, as it was passed.
template <class F>
using CallableOf = typename Callable<std::remove_cvref_t<F>>::Type;

/// Arguments: an aggregate that was written in place is at risk as a closure is.
template <class Arg>
constexpr void require_named_first() {
    static_assert(!GIRIN_GCC12 || std::is_lvalue_reference_v<Arg> || std::is_trivially_destructible_v<std::decay_t<Arg>> ||
                      !std::is_aggregate_v<std::decay_t<Arg>>,
                  "g++ before 13 destroys this aggregate twice where the call is awaited: give it a name first");
}

}  // namespace detail
}  // namespace girin

/// `F` as a forwarding reference deduced it.
#define GIRIN_NAMED_FIRST(F)                                                                                           \
    static_assert(!GIRIN_GCC12 || std::is_lvalue_reference_v<F> || std::is_trivially_destructible_v<std::decay_t<F>>,  \
                  "g++ before 13 destroys this callable's captures twice where the call is awaited: give it a name "   \
                  "first, `auto work = [x] {...}; co_await run_in_executor(work);` (or by_move(work), to move it)")
