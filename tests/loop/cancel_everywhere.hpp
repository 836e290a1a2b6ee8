#pragma once

// Runs a body again and again, and cancels it at each of its awaits in turn.

#include <gtest/gtest.h>

#include "girin/loop/task.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {

/// Cancels a task as it waits for the nth time: at once, or in the next turn, in which it may have been woken already.
class CancelAt final : public TaskObserver {
  public:
    CancelAt(TaskBase& task, int at, bool in_next_turn) : task_(task), at_(at), in_next_turn_(in_next_turn) {}

    void task_runs() noexcept override {}
    void task_waits() noexcept override {
        if (++waits_ != at_) return;
        if (!in_next_turn_) {
            task_.cancel_task();
        } else {
            task_.loop().call_soon([&task = task_, kept = Ref<FutureStateBase>(task_.state())] { task.cancel_task(); });
        }
    }
    /// It has waited so often, the end included.
    int waits() const { return waits_; }

  private:
    TaskBase& task_;
    const int at_;
    const bool in_next_turn_;
    int waits_ = 0;
};

/// `body(loop, victim)`, a plain function, makes the task that is cancelled in a loop of its own, and whatever it needs
/// beside it, and returns it with a function that is called when all have ended. `most_awaits` ends a body that doesn't.
template <class Body>
void cancel_everywhere(Body body, int most_awaits = 100) {
    for (const bool in_next_turn : {false, true}) {
        bool reached = true;
        for (int at = 1; reached && at < most_awaits; ++at) {
            SCOPED_TRACE("await " + std::to_string(at) + (in_next_turn ? ", in the next turn" : ""));
            VirtualLoop loop;
            auto [task, check] = body(loop);
            CancelAt observer(task.base(), at, in_next_turn);
            task.base().set_observer(&observer);
            auto until_all_ended = []() -> Coro<void> {
                EventLoop& running = EventLoop::running();
                while (running.all_tasks().size() > 1) {
                    const Future<void> ended(running);
                    running.all_tasks().front()->state()->add_done_callback([ended] { ended.set_result(); });
                    co_await ended;
                }
            };
            EXPECT_NO_THROW(loop.run_until_complete(until_all_ended()));  // a Hang is a lost wake-up
            reached = observer.waits() >= at;
            check(task);
            if (testing::Test::HasFailure()) return;
        }
    }
}

}  // namespace girin::test
