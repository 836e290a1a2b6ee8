#include "girin/loop/task.hpp"

#include "girin/base/check.hpp"
#include "girin/log.hpp"
#include "girin/loop/cancel.hpp"

namespace girin {

TaskBase::TaskBase(EventLoop& loop, std::string name) : loop_(loop), number_(++loop.tasks_made_) {
    if (!name.empty()) name_ = std::make_unique<const std::string>(std::move(name));
}

const std::string& TaskBase::name() const {
    if (!name_) name_ = std::make_unique<const std::string>("Task-" + std::to_string(number_));
    return *name_;
}

TaskBase::~TaskBase() { GIRIN_CHECK(!listed_, "a task is destroyed while its loop still lists it"); }

TaskBase* TaskBase::current() {
    EventLoop* const loop = EventLoop::running_or_null();
    if (loop == nullptr && ProcessCheck::is_stray()) detail::end_stray_child();
    GIRIN_CHECK(loop != nullptr && loop->current_task() != nullptr, "a coroutine that waits runs in a task");
    return loop->current_task();
}

void TaskBase::enlist() {
    previous_ = loop_.last_task_;
    (previous_ != nullptr ? previous_->next_ : loop_.first_task_) = this;
    loop_.last_task_ = this;
    listed_ = 1;
    intrusive_ptr_add_ref(state());
}

void TaskBase::start(bool eagerly) {
    if (!eagerly || EventLoop::running_or_null() != &loop_ || loop_.eager_starts_ >= TaskOptions::kMostNested) {
        return loop_.schedule(*this);
    }
    struct Nested {
        int& depth;
        explicit Nested(int& d) : depth(d) { ++depth; }
        ~Nested() { --depth; }
    };
    const Nested nested(loop_.eager_starts_);
    resume(root());
}

void TaskBase::delist() {
    (previous_ != nullptr ? previous_->next_ : loop_.first_task_) = next_;
    (next_ != nullptr ? next_->previous_ : loop_.last_task_) = previous_;
    listed_ = 0;
}

void TaskBase::run() {
    if (take_pending_cancel()) {
        end(false);
    } else {
        resume(root());
    }
}

void TaskBase::resume(std::coroutine_handle<> where) {
    suspension_ = nullptr;
    TaskBase* const outer = std::exchange(loop_.current_task_, this);
    context_.swap_with_current();
    if (observer_ != nullptr) observer_->task_runs();
    where.resume();
    while (resume_next_) std::exchange(resume_next_, nullptr).resume();
    if (observer_ != nullptr) observer_->task_waits();
    context_.swap_with_current();
    loop_.current_task_ = outer;
    if (root().done()) end(true);
}

bool detail::resume_next(std::coroutine_handle<> next) noexcept {
    EventLoop* const loop = EventLoop::running_or_null();
    TaskBase* const task = loop != nullptr ? loop->current_task() : nullptr;
    if (task == nullptr || task->resume_next_) return false;
    task->resume_next_ = next;
    return true;
}

void TaskBase::end(bool entered) {
    const Ref<FutureStateBase> kept(state(), false);  // takes over the registry's reference
    delist();
    complete(entered);
}

void TaskBase::abandon() {
    const Ref<FutureStateBase> kept(state(), false);
    delist();
    if (is_linked()) unlink();
    state()->drop_waiters();  // callbacks may hold the task
    log_error("Task '" + name() + "' was destroyed but it is pending");
    destroy_coroutine();
}

bool TaskBase::cancel_task() {
    if (state()->done()) return false;
    ++cancel_requests_;
    if (suspension_ == nullptr || !suspension_->request_cancel()) must_cancel_ = 1;
    return true;
}

int TaskBase::uncancel() {
    if (cancel_requests_ > 0 && --cancel_requests_ == 0) must_cancel_ = 0;
    return static_cast<int>(cancel_requests_);
}

void TaskBase::forward_pending_cancel() {
    if (must_cancel_ && suspension_->request_cancel()) must_cancel_ = 0;
}

void EventLoop::run_until_done(FutureStateBase& awaited, std::source_location where) {
    const Ref<FutureStateBase> kept(&awaited);
    detail::Stopper stopper(*this);
    awaited.add_waiter(stopper);
    try {
        run_forever(where);
    } catch (...) {
        awaited.mark_retrieved();  // what leaves here needs no second report
        throw;
    }
    if (!awaited.done()) throw LoopError("the event loop was stopped before its main task ended");
}

detail::FailureKind detail::kind_of(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const Cancelled&) {
        return FailureKind::cancelled;
    } catch (const FatalError&) {
        return FailureKind::fatal;
    } catch (...) {
        return FailureKind::error;
    }
}

Suspension::Suspension(Suspension&& unawaited) noexcept {
    GIRIN_CHECK(unawaited.task_ == nullptr, "an awaiter that is moved has not been awaited");
}

Suspension::~Suspension() {
    if (task_ != nullptr && task_->suspension_ == this) task_->suspension_ = nullptr;
}

void Suspension::attach_uncancelled(std::coroutine_handle<> awaiting) {
    task_ = TaskBase::current();
    task_->suspension_ = this;
    awaiting_ = awaiting;
}

bool Suspension::attach(std::coroutine_handle<> awaiting) {
    attach_uncancelled(awaiting);
    if (!task_->take_pending_cancel()) return true;
    task_->suspension_ = nullptr;
    cancelled_before_ = true;
    return false;
}

void Suspension::run() { task_->resume(awaiting_); }

void Suspension::check_cancelled() {
    if (cancelled_before_) throw Cancelled{};
}

void Suspension::keep_cancel_request() {
    if (task_->cancel_requests_ > 0) task_->must_cancel_ = 1;
}

bool Suspension::cancelled_late() {
    return cancelled_before_ || (task_ != nullptr && task_->take_pending_cancel());
}

void Suspension::check_cancelled_late() {
    if (cancelled_late()) throw Cancelled{};
}

}  // namespace girin
