#include "girin/loop/async_generator.hpp"

namespace girin {
namespace detail {

GeneratorPromiseBase::Step::Step(GeneratorPromiseBase& promise, bool closing) : promise_(promise) {
    if (promise.running_) throw LoopError("the async generator is running already");
    promise.closing_ = closing;
}

bool GeneratorPromiseBase::go_on(std::coroutine_handle<> awaiting, unsigned depth) {
    if (!std::exchange(begun_, true)) EventLoop::running().add_generator(*this);
    running_ = true;
    yielded_ = false;
    set_continuation({});
    set_depth(depth < kInlineDepth ? depth : 0);
    if (depth < kInlineDepth || !resume_next(handle_)) {
        handle_.resume();
        if (yielded_ || handle_.done()) return false;
    }
    set_continuation(awaiting);
    return true;
}

void GeneratorPromiseBase::hand_over() noexcept {
    yielded_ = true;
    const std::coroutine_handle<> next = continuation();
    set_continuation({});
    if (next && !resume_next(next)) next.resume();
}

void GeneratorPromiseBase::check_end() {
    running_ = false;
    if (!handle_.done()) return;
    OpenGenerator::unlink();
    if (exception() && !std::exchange(failure_told_, true)) std::rethrow_exception(exception());
}

Coro<void> GeneratorPromiseBase::close() { return close_it(this); }

Coro<void> GeneratorPromiseBase::close_it(GeneratorPromiseBase* generator) {
    if (!generator->begun_) generator->closed_ = true;
    if (generator->closed_ || generator->handle_.done()) co_return;
    Step step(*generator, true);
    try {
        co_await step;
    } catch (const GeneratorExit&) {
    }
    if (!generator->handle_.done()) throw LoopError("the async generator gave a value when it was closed");
}

}  // namespace detail

Coro<void> EventLoop::shutdown_asyncgens() {
    while (!generators_.empty()) {
        detail::OpenGenerator& generator = generators_.front();
        generators_.pop_front();
        try {
            co_await generator.close();
        } catch (...) {
            call_exception_handler(std::current_exception(), "Exception while an async generator was closed");
        }
    }
}

}  // namespace girin
