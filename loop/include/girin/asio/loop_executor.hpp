#pragma once

// LoopExecutor: the executor of completions of ours. Where Asio's inside isn't used, a guest's io_context is run by
// a thread of its own (guest_public.cpp), and completions have to come back to the loop's thread; on that thread
// they run at once.

#include <type_traits>
#include <utility>

#include "girin/loop/event_loop.hpp"

namespace girin {

class LoopExecutor {
  public:
    explicit LoopExecutor(EventLoop& loop) noexcept : loop_(&loop) {}

    template <class F>
    void execute(F&& function) const {
        if (EventLoop::running_or_null() == loop_) {
            std::decay_t<F>(std::forward<F>(function))();
        } else {
            loop_->call_soon_threadsafe(std::decay_t<F>(std::forward<F>(function)));
        }
    }

    friend bool operator==(const LoopExecutor&, const LoopExecutor&) noexcept = default;

  private:
    EventLoop* loop_;
};

}  // namespace girin
