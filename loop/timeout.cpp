#include "girin/loop/timeout.hpp"

namespace girin {

TimeoutScope::TimeoutScope(TimePoint deadline)
    : task_(*TaskBase::current()), kept_(task_.state()), deadline_(deadline), cancelling_before_(task_.cancelling()) {
    reschedule(deadline);
}

void TimeoutScope::reschedule(TimePoint deadline) {
    if (expired_) return;
    deadline_ = deadline;
    if (deadline == TimePoint::max()) {
        alarm_.disarm();
    } else if (deadline <= task_.loop().time()) {
        alarm_.disarm();
        task_.loop().schedule(alarm_);
    } else {
        task_.loop().arm(alarm_, deadline);
    }
}

void TimeoutScope::expire() {
    expired_ = true;
    task_.cancel_task();
}

bool TimeoutScope::close() {
    alarm_.disarm();
    return expired_ && task_.uncancel() <= cancelling_before_;
}

}  // namespace girin
