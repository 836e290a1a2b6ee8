#pragma once

// use_loop: the completion token that makes any Asio operation awaitable in our coroutines:
//   std::size_t n = co_await socket.async_read_some(buffer, girin::use_loop);
// The first argument, if it is an error_code, is thrown as boost::system::system_error; the rest is the value (a
// tuple where there are several). With boost::asio::as_tuple(use_loop) everything is handed over and nothing is thrown.

#include "girin/asio/namespace.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <memory>
#include <optional>
#include <tuple>

#include "girin/asio/inside.hpp"
#include "girin/asio/loop_executor.hpp"
#include "girin/loop/cancel.hpp"
#include "girin/loop/event_loop.hpp"
#include "girin/loop/suspension.hpp"
#include "girin/loop/task.hpp"

namespace girin {

struct use_loop_t {};
inline constexpr use_loop_t use_loop{};

namespace detail {

/// What an operation hands over, and how that becomes the value of the `co_await`.
template <class... Args>
struct Outcome {
    static std::tuple<Args...> value(std::tuple<Args...>&& all) { return std::move(all); }
};
template <>
struct Outcome<> {
    static void value(std::tuple<>&&) {}
};
template <class T>
struct Outcome<T> {
    static T value(std::tuple<T>&& all) { return std::get<0>(std::move(all)); }
};
template <class... Rest>
struct Outcome<boost::system::error_code, Rest...> {
    static auto value(std::tuple<boost::system::error_code, Rest...>&& all) {
        if (std::get<0>(all)) throw boost::system::system_error(std::get<0>(all));
        return std::apply([](auto&&, auto&&... rest) { return Outcome<std::decay_t<Rest>...>::value({std::move(rest)...}); },
                          std::move(all));
    }
};
template <>
struct Outcome<boost::system::error_code> {
    static void value(std::tuple<boost::system::error_code>&& all) {
        if (std::get<0>(all)) throw boost::system::system_error(std::get<0>(all));
    }
};
template <class... Rest>
struct Outcome<std::exception_ptr, Rest...> {
    static auto value(std::tuple<std::exception_ptr, Rest...>&& all) {
        if (std::get<0>(all)) std::rethrow_exception(std::get<0>(all));
        return std::apply([](auto&&, auto&&... rest) { return Outcome<std::decay_t<Rest>...>::value({std::move(rest)...}); },
                          std::move(all));
    }
};

inline bool was_aborted(const boost::system::error_code& error) { return error == boost::asio::error::operation_aborted; }
inline bool was_aborted(const std::exception_ptr& failure) {
    try {
        if (failure) std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        return was_aborted(error.code());
    } catch (...) {
    }
    return false;
}
template <class T>
bool was_aborted(const T&) {
    return false;
}
/// The results of an operation, and with as_tuple a tuple of them, tell it in their first element.
template <class First, class... Rest>
bool was_aborted(const std::tuple<First, Rest...>& results) {
    return was_aborted(std::get<0>(results));
}

/// An operation that is awaited. Cancel: emitted to the operation, which is waited for; if it ended well all the
/// same, its result is delivered and the request waits for the next await ("completed wins").
template <class Initiation, class Results, class... InitArgs>
class OperationAwaiter;

template <class... Results>
class OperationWait : public Suspension {
  public:
    OperationWait() = default;
    OperationWait(OperationWait&& unawaited) noexcept : Suspension(std::move(unawaited)) {}
    void deliver(Results... results) {
        try {
            results_.emplace(std::move(results)...);
        } catch (...) {
            failure_ = std::current_exception();  // of a result's move
        }
        task()->loop().schedule(*this);
    }
    boost::asio::cancellation_slot slot() { return signal_.slot(); }
    using Suspension::task;

  protected:
    bool request_cancel() override {
        if (results_ || failure_) return false;
        if (!cancel_emitted_) {
            cancel_emitted_ = true;
            signal_.emit(boost::asio::cancellation_type::all);
        }
        return true;
    }

    decltype(auto) take() {
        check_cancelled();
        if (failure_) std::rethrow_exception(failure_);
        if (cancel_emitted_) {
            if (was_aborted(*results_)) throw Cancelled{};
            keep_cancel_request();
        }
        return Outcome<Results...>::value(std::move(*results_));
    }

  private:
    boost::asio::cancellation_signal signal_;
    std::optional<std::tuple<Results...>> results_;
    std::exception_ptr failure_;
    bool cancel_emitted_ = false;
};

/// The completion handler: a pointer to the awaiting frame.
template <class... Results>
class OperationHandler {
  public:
    using cancellation_slot_type = boost::asio::cancellation_slot;

    explicit OperationHandler(OperationWait<Results...>& wait) : wait_(&wait) {}
    cancellation_slot_type get_cancellation_slot() const noexcept { return wait_->slot(); }
#if !GIRIN_ASIO_INSIDE
    using executor_type = LoopExecutor;
    executor_type get_executor() const noexcept { return LoopExecutor(wait_->task()->loop()); }
#endif
    template <class... Args>
    void operator()(Args&&... args) {
        wait_->deliver(std::forward<Args>(args)...);
    }

  private:
    OperationWait<Results...>* wait_;
};

template <class Initiation, class... Results, class... InitArgs>
class [[nodiscard]] OperationAwaiter<Initiation, std::tuple<Results...>, InitArgs...> final
    : public OperationWait<Results...> {
  public:
    OperationAwaiter(Initiation initiation, InitArgs... args)
        : initiation_(std::move(initiation)), args_(std::move(args)...) {}
    OperationAwaiter(OperationAwaiter&& unawaited) = default;

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> awaiting) {
        if (!this->attach(awaiting)) return false;
        initiate(OperationHandler<Results...>(*this));
        return true;
    }
    decltype(auto) await_resume() { return this->take(); }

    void initiate(OperationHandler<Results...> handler) {
        std::apply([&](auto&&... args) { std::move(initiation_)(std::move(handler), std::move(args)...); },
                   std::move(args_));
    }
    /// An awaiter that has not been awaited, on the heap.
    std::unique_ptr<OperationAwaiter> moved_out() {
        return std::apply(
            [this](auto&&... args) {
                return std::make_unique<OperationAwaiter>(std::move(initiation_), std::move(args)...);
            },
            std::move(args_));
    }

  private:
    Initiation initiation_;
    std::tuple<InitArgs...> args_;
};

/// The same for functions that name their result's type by signature alone, as some of Beast's do: what is to be
/// initiated lies on the heap.
template <class... Results>
class [[nodiscard]] AnyOperationAwaiter final : public OperationWait<Results...> {
  public:
    template <class Initiation, class... InitArgs>
    AnyOperationAwaiter(OperationAwaiter<Initiation, std::tuple<Results...>, InitArgs...>&& operation)
        : operation_(std::make_unique<Kept<std::decay_t<decltype(operation)>>>(operation.moved_out())) {}
    AnyOperationAwaiter(AnyOperationAwaiter&& unawaited) noexcept = default;

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> awaiting) {
        if (!this->attach(awaiting)) return false;
        operation_->initiate(OperationHandler<Results...>(*this));
        return true;
    }
    decltype(auto) await_resume() { return this->take(); }

  private:
    struct Operation {
        virtual ~Operation() = default;
        virtual void initiate(OperationHandler<Results...> handler) = 0;
    };
    template <class Awaiter>
    struct Kept final : Operation {
        explicit Kept(std::unique_ptr<Awaiter> a) : awaiter(std::move(a)) {}
        void initiate(OperationHandler<Results...> handler) override { awaiter->initiate(std::move(handler)); }
        std::unique_ptr<Awaiter> awaiter;
    };

    std::unique_ptr<Operation> operation_;
};

}  // namespace detail
}  // namespace girin

template <class... Args>
class boost::asio::async_result<girin::use_loop_t, void(Args...)> {
  public:
    using return_type = girin::detail::AnyOperationAwaiter<std::decay_t<Args>...>;

    template <class Initiation, class... InitArgs>
    static auto initiate(Initiation&& initiation, girin::use_loop_t, InitArgs&&... args) {
        using Results = std::tuple<std::decay_t<Args>...>;
        return girin::detail::OperationAwaiter<std::decay_t<Initiation>, Results, std::decay_t<InitArgs>...>(
            std::forward<Initiation>(initiation), std::forward<InitArgs>(args)...);
    }
};
