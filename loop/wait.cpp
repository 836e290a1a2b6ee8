#include "girin/loop/wait.hpp"

namespace girin::detail {

WaitSet::WaitSet(EventLoop& loop, const std::vector<FutureStateBase*>& futures, ReturnWhen when, Duration limit)
    : when_(when), enough_(loop), pending_(futures.size()) {
    for (FutureStateBase* const future : futures) {
        if (!future->is_of(loop)) throw LoopError("the future belongs to another event loop");
    }
    for (FutureStateBase* const future : futures) {
        watches_.emplace_back(*this, *future);
        future->add_waiter(watches_.back());
    }
    if (limit != Duration::max()) loop.arm(alarm_, later(loop.time(), limit));
}

void WaitSet::on_done(FutureStateBase& future) {
    --pending_;
    const bool failed = !future.cancelled() && future.peek_failure() != nullptr;
    if (pending_ == 0 || when_ == FIRST_COMPLETED || (when_ == FIRST_EXCEPTION && failed)) release();
}

}  // namespace girin::detail
