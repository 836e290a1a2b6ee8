#include "girin/loop/runner.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <optional>

#include "girin/log.hpp"
#include "girin/loop/any_future.hpp"
#include "girin/loop/asio_loop.hpp"
#include "girin/loop/signals.hpp"
#include "loop/exception_text.hpp"

namespace girin {
namespace {

// How often SIGINT has come in this run, and who hears of it; of the main thread's runner.
std::atomic<int> g_interrupts = 0;
std::atomic<void (*)(int)> g_watch_handler = nullptr;

/// In a signal handler. A loop that doesn't look any more can still be ended from the keyboard.
void on_sigint(int signal_number) {
    if (++g_interrupts >= 3) {
        ::signal(SIGINT, SIG_DFL);
        ::raise(SIGINT);
        return;
    }
    if (void (*const told)(int) = g_watch_handler) told(signal_number);
}

bool is_default(int signal_number) {
    struct sigaction action {};
    return ::sigaction(signal_number, nullptr, &action) == 0 && action.sa_handler == SIG_DFL;
}

Coro<void> until_done(Ref<FutureStateBase> future) {
    try {
        co_await AnyFuture(future);
    } catch (...) {
        // is told by cancel_all_tasks
    }
}

Coro<void> until_all_done(const std::vector<Ref<FutureStateBase>>& futures) {
    for (const Ref<FutureStateBase>& future : futures) co_await until_done(future);
}

}  // namespace

/// Hears SIGINT while the main task runs.
class Runner::Sigint {
  public:
    Sigint(AsioLoop& loop, TaskBase& main)
        : watch_(loop, SIGINT, [this, &main] { on_interrupt(main); }) {
        g_interrupts = 0;
        struct sigaction action {};
        ::sigaction(SIGINT, nullptr, &action);
        g_watch_handler = action.sa_handler;
        action.sa_handler = &on_sigint;
        ::sigaction(SIGINT, &action, nullptr);
    }
    // ~SignalWatch restores the default action.

    /// Null where it can't be heard, or is somebody else's.
    static std::unique_ptr<Sigint> watch(EventLoop& loop, TaskBase& main) {
        auto* const asio_loop = dynamic_cast<AsioLoop*>(&loop);
        if (asio_loop == nullptr || ::getpid() != ::gettid() || !is_default(SIGINT)) return nullptr;
        return std::make_unique<Sigint>(*asio_loop, main);
    }
    bool came() const { return count_ > 0; }

  private:
    void on_interrupt(TaskBase& main) {
        // Signals that come together are told once.
        const bool first = count_ == 0 && g_interrupts < 2;
        ++count_;
        if (!first || !main.cancel_task()) throw Interrupted();
    }

    int count_ = 0;
    SignalWatch watch_;
};

Runner::Runner(LoopFactory factory) : factory_(std::move(factory)) {}

Runner::~Runner() {
    try {
        close();
    } catch (...) {
        log_error("Exception while a runner was closed: " + current_exception_text());
    }
}

EventLoop& Runner::loop() {
    if (closed_) throw LoopError("the runner is closed");
    if (!loop_) loop_ = factory_ ? factory_() : std::make_unique<AsioLoop>();
    return *loop_;
}

void Runner::check_may_run() {
    if (EventLoop::running_or_null() != nullptr) {
        throw LoopError("run() can't be called while an event loop runs on this thread: await the coroutine there");
    }
}

void Runner::run_main(FutureStateBase& main, TaskBase& task, std::source_location where) {
    const std::unique_ptr<Sigint> sigint = Sigint::watch(*loop_, task);
    const Ref<FutureStateBase> kept(&main);
    loop_->run_until_done(main, where);
    context_ = task.context();
    if (sigint && sigint->came() && main.cancelled() && task.uncancel() == 0) throw Interrupted();
}

void Runner::close() {
    if (std::exchange(closed_, true) || !loop_) return;
    std::exception_ptr fatal;
    try {
        cancel_all_tasks();
        loop_->run_until_complete(loop_->shutdown_asyncgens());
    } catch (...) {
        fatal = std::current_exception();
    }
    loop_->close();
    loop_.reset();
    if (fatal) std::rethrow_exception(fatal);
}

void Runner::cancel_all_tasks() {
    std::vector<Ref<FutureStateBase>> left;
    for (TaskBase* const task : loop_->all_tasks()) left.emplace_back(task->state());
    if (left.empty()) return;
    for (const Ref<FutureStateBase>& task : left) task->cancel();
    // Each is told once: below.
    for (const Ref<FutureStateBase>& task : left) task->ignore_failure();
    loop_->run_until_complete(until_all_done(left));
    for (const Ref<FutureStateBase>& task : left) {
        if (task->cancelled()) continue;
        if (const std::exception_ptr failure = task->exception()) {
            loop_->call_exception_handler(failure, "unhandled exception during run() shutdown");
        }
    }
}

}  // namespace girin
