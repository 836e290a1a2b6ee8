#pragma once

// Settled<T>: how something ended, as a value: with a T, or with an exception.

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "girin/loop/awaitable.hpp"
#include "girin/loop/cancel.hpp"

namespace girin {

template <class T>
class Settled {
  public:
    static Settled failed(std::exception_ptr failure) { return Settled(std::move(failure)); }
    template <class... Given>
    static Settled with(Given&&... value) {
        Settled settled(nullptr);
        if constexpr (std::is_reference_v<T>) {
            settled.value_.emplace(&value...);
        } else {
            settled.value_.emplace(std::forward<Given>(value)...);
        }
        return settled;
    }

    bool has_value() const noexcept { return value_.has_value(); }
    explicit operator bool() const noexcept { return has_value(); }
    /// None: it has a value.
    const std::exception_ptr& exception() const noexcept { return failure_; }
    /// It ended with Cancelled.
    bool cancelled() const noexcept {
        try {
            if (failure_) std::rethrow_exception(failure_);
        } catch (const Cancelled&) {
            return true;
        } catch (...) {
        }
        return false;
    }
    /// Errors: the exception.
    decltype(auto) value() {
        if (failure_) std::rethrow_exception(failure_);
        if constexpr (std::is_reference_v<T>) {
            return static_cast<T>(**value_);
        } else if constexpr (!std::is_void_v<T>) {
            return static_cast<T&>(*value_);
        }
    }
    /// The same, and moves it.
    T take() {
        if constexpr (std::is_void_v<T>) {
            value();
        } else {
            return static_cast<T&&>(value());
        }
    }

  private:
    using Kept = std::conditional_t<std::is_void_v<T>, std::monostate,
                                    std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, T>>;

    explicit Settled(std::exception_ptr failure) : failure_(std::move(failure)) {}

    std::optional<Kept> value_;
    std::exception_ptr failure_;
};

namespace detail {

/// Awaits it, and never throws.
template <class T>
Coro<Settled<T>> settle(Coro<T> work) {
    std::exception_ptr failure;
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(work);
            co_return Settled<T>::with();
        } else {
            auto&& value = co_await std::move(work);
            co_return Settled<T>::with(static_cast<T&&>(value));
        }
    } catch (...) {
        failure = std::current_exception();
    }
    co_return Settled<T>::failed(std::move(failure));
}

}  // namespace detail
}  // namespace girin
