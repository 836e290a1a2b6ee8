#include "girin/loop/event_loop.hpp"

#include "girin/base/check.hpp"
#include "girin/log.hpp"
#include "girin/loop/executor.hpp"
#include "girin/loop/task.hpp"
#include "loop/exception_text.hpp"

namespace girin {
namespace {

thread_local EventLoop* g_running_loop = nullptr;

template <class F>
class ScopeExit {
  public:
    explicit ScopeExit(F function) : function_(std::move(function)) {}
    ScopeExit(const ScopeExit&) = delete;
    ScopeExit& operator=(const ScopeExit&) = delete;
    ~ScopeExit() { function_(); }

  private:
    F function_;
};

std::string describe(const std::source_location& where) {
    return std::string(where.file_name()) + ":" + std::to_string(where.line());
}

}  // namespace

EventLoop::EventLoop() : ref_(LoopRef::enter(*this)), now_(Clock::now()) {}

EventLoop::~EventLoop() {
    GIRIN_CHECK(closed_, "a concrete loop closes itself in its destructor");
    drop_scheduled();  // by futures that were set after close()
    ref_.leave();
}

void detail::forget_running_loop() noexcept { g_running_loop = nullptr; }

EventLoop* EventLoop::running_or_null() noexcept { return g_running_loop; }

EventLoop& EventLoop::running() {
    if (g_running_loop == nullptr) throw LoopError("no event loop runs on this thread");
    return *g_running_loop;
}

EventLoop::RunningScope::RunningScope(EventLoop& loop, std::source_location where)
    : loop_(loop), outer_(g_running_loop) {
    loop.check_open();
    if (loop.running_) {
        throw LoopError("this event loop is already running; it was started at " + describe(loop.run_where_));
    }
    if (outer_ != nullptr) {
        throw LoopError("another event loop is running on this thread; it was started at " +
                        describe(outer_->run_where_));
    }
    g_running_loop = &loop;
    loop.running_ = true;
    loop.run_where_ = where;
    loop.now_ = loop.now();
}

EventLoop::RunningScope::~RunningScope() {
    loop_.running_ = false;
    g_running_loop = outer_;
}

void EventLoop::check_open() const {
    if (closed_) throw LoopError("the event loop is closed");
}

void EventLoop::run_forever(std::source_location where) {
    const RunningScope scope(*this, where);
    const ScopeExit reset([this] {
        stopping_ = false;
        run_ended();
    });
    do {
        turn(true);
    } while (!stopping_);
}

void EventLoop::turn(bool may_wait) {
    if (may_wait && ready_.empty() && !stopping_) {
        select(timers_.next());
    } else {
        select(TimePoint::min());
    }
    now_ = now();
    TurnObserver* const observer = observer_;  // a callback may set another one: each sees whole turns
    if (observer != nullptr) observer->turn_began(now_);
    const ScopeExit ended([observer] {
        if (observer != nullptr) observer->turn_ended();
    });
    take_posted();
    timers_.move_due(now_, ready_);
    run_pass();
}

void EventLoop::run_pass() {
    pass_.splice(pass_.end(), ready_);
    while (!pass_.empty()) {
        Runnable& next = pass_.front();
        pass_.pop_front();
        try {
            next.run();
        } catch (const FatalError&) {
            ready_.splice(ready_.begin(), pass_);
            throw;
        } catch (...) {
            call_exception_handler(std::current_exception(), "Exception in callback");
        }
        check_process();
    }
}

void EventLoop::post(Ref<detail::Callback> callback) {
    check_process();  // the lock may have been another thread's at the fork
    {
        const std::lock_guard lock(posted_mutex_);
        if (posts_closed_) return;
        posted_.push_back(std::move(callback));
        if (posted_.size() > 1) return;  // the loop is awake, or about to be
    }
    wake_up();
}

void EventLoop::rouse() noexcept {
    asleep_ = false;
    wake_up();
}

void EventLoop::take_posted() {
    std::vector<Ref<detail::Callback>> posted;
    {
        const std::lock_guard lock(posted_mutex_);
        if (posted_.empty()) return;
        posted.swap(posted_);
    }
    for (Ref<detail::Callback>& callback : posted) schedule(*callback.detach());
}

std::vector<TaskBase*> EventLoop::all_tasks() const {
    std::vector<TaskBase*> tasks;
    for (TaskBase* task = first_task_; task != nullptr; task = task->next_) tasks.push_back(task);
    return tasks;
}

void EventLoop::call_exception_handler(std::exception_ptr exception, const std::string& message) noexcept {
    if (exception_handler_) {
        try {
            exception_handler_(exception, message);
            return;
        } catch (...) {
            log_error("The loop's exception handler failed: " + current_exception_text());
        }
    }
    log_exception(exception, message);
}

void EventLoop::log_exception(const std::exception_ptr& exception, const std::string& message) noexcept {
    log_error(message + ": " + exception_text(exception));
}

Executor& EventLoop::executor() {
    check_open();
    if (!executor_) executor_ = std::make_unique<Executor>(*this, executor_threads_, executor_observer_);
    return *executor_;
}

void EventLoop::close() {
    if (closed_) return;
    if (!process_.is_ours()) return leave_to_parent();
    if (running_) throw LoopError("an event loop that runs can't be closed; it was started at " + describe(run_where_));
    executor_.reset();
    {
        const std::lock_guard lock(posted_mutex_);
        posts_closed_ = true;
    }
    take_posted();
    while (last_task_ != nullptr) last_task_->abandon();  // children before the parents whose locals they refer to
    drop_scheduled();
    closed_ = true;
}

/// In a forked child: the executor's threads don't exist here, and what coroutines would do as they are destroyed is for
/// the parent's to do.
void EventLoop::leave_to_parent() noexcept {
    (void)executor_.release();
    running_ = false;
    closed_ = true;
}

void EventLoop::drop_scheduled() noexcept {
    while (!ready_.empty() || !timers_.empty()) {
        timers_.move_due(TimePoint::max(), ready_);
        detail::drop_all(ready_);
    }
}

void EventLoop::close_from_destructor() noexcept {
    GIRIN_CHECK(!running_ || !process_.is_ours(), "an event loop is destroyed while it runs");
    close();
    while (!residents_.empty()) {
        LoopResident& resident = residents_.front();
        residents_.pop_front();
        resident.on_loop_gone();
    }
}

}  // namespace girin
