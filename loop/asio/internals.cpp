#include "loop/asio/internals.hpp"

#if GIRIN_ASIO_INTERNALS && !GIRIN_ASIO_INSIDE
#pragma message("girin: this Asio is not known from inside; its public interface is used, which is slower")
#endif

#if GIRIN_ASIO_INSIDE

namespace girin::asio_internals {
namespace {

/// Defines `member_of(Tag)` to return the pointer to a private member.
template <class Tag, auto Member>
struct Reach {
    friend constexpr auto member_of(Tag) { return Member; }
};

#define GIRIN_REACH(Tag, Member)     \
    struct Tag {                     \
        friend constexpr auto member_of(Tag); \
    };                               \
    template struct Reach<Tag, Member>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-template-friend"
#endif
GIRIN_REACH(SchedulerMutex, &Scheduler::mutex_);
GIRIN_REACH(SchedulerQueue, &Scheduler::op_queue_);
GIRIN_REACH(SchedulerTaskOperation, &Scheduler::task_operation_);
GIRIN_REACH(SchedulerTaskInterrupted, &Scheduler::task_interrupted_);
GIRIN_REACH(ReactorEpollFd, &Reactor::epoll_fd_);
GIRIN_REACH(OperationTaskResult, &Operation::task_result_);
GIRIN_REACH(DescriptorEvents, &Reactor::descriptor_state::registered_events_);
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

/// The base is private too; only a C-style cast may go there ([expr.cast]/4).
Operation& operation_of(const Reactor::per_descriptor_data& descriptor) {
    return *(Operation*)descriptor;  // NOLINT(google-readability-casting)
}

bool only_the_reactor(Scheduler& scheduler) {
    OperationQueue& queue = scheduler.*member_of(SchedulerQueue{});
    Operation* const first = queue.front();
    if (first == nullptr) return true;
    const Operation* const reactor = &(scheduler.*member_of(SchedulerTaskOperation{}));
    return first == reactor && boost::asio::detail::op_queue_access::next(first) == nullptr;
}

}  // namespace

bool has_queued(boost::asio::io_context& context) {
    Scheduler& scheduler = scheduler_of(context);
    const std::lock_guard lock(scheduler.*member_of(SchedulerMutex{}));
    return !only_the_reactor(scheduler);
}

bool arm_for_foreign_wait(boost::asio::io_context& context) {
    Scheduler& scheduler = scheduler_of(context);
    const std::lock_guard lock(scheduler.*member_of(SchedulerMutex{}));
    if (!only_the_reactor(scheduler)) return false;
    scheduler.*member_of(SchedulerTaskInterrupted{}) = false;
    return true;
}

int epoll_fd(boost::asio::io_context& context) { return reactor_of(context).*member_of(ReactorEpollFd{}); }

std::uint32_t last_events(const Reactor::per_descriptor_data& descriptor) {
    return operation_of(descriptor).*member_of(OperationTaskResult{});
}

void begin_events(const Reactor::per_descriptor_data& descriptor, std::uint32_t watched) {
    operation_of(descriptor).*member_of(OperationTaskResult{}) = 0;
    descriptor->*member_of(DescriptorEvents{}) = watched;
}

}  // namespace girin::asio_internals

#endif
