#include "loop/executor.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <system_error>
#include <thread>

namespace girin {

// Plain threads over one queue. Asio's thread_pool would do, but starts all its threads at once and can't drop what
// waits.
struct Executor::Pool {
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<std::unique_ptr<detail::Job>> queue;  // under mutex
    std::size_t idle = 0;                            // under mutex
    bool closing = false;                            // under mutex
    std::vector<std::thread> threads;
};

namespace {

std::size_t default_threads() {
    return std::min<std::size_t>(32, std::max(1U, std::thread::hardware_concurrency()) + 4);
}

/// Brings a job back to the loop. If the loop is closed meanwhile, it is destroyed there, on the loop's thread.
class Delivery {
  public:
    explicit Delivery(std::unique_ptr<detail::Job> job) : job_(std::move(job)) {}
    void operator()() { job_->deliver(); }

  private:
    std::unique_ptr<detail::Job> job_;
};

}  // namespace

Executor::Executor(EventLoop& loop, std::size_t threads)
    : loop_(loop), threads_(threads == 0 ? default_threads() : threads), pool_(std::make_unique<Pool>()) {}

Executor::~Executor() {
    std::deque<std::unique_ptr<detail::Job>> dropped;
    {
        const std::lock_guard lock(pool_->mutex);
        pool_->closing = true;
        dropped.swap(pool_->queue);
    }
    pool_->wake.notify_all();
    for (std::thread& thread : pool_->threads) thread.join();
}

void Executor::submit(std::unique_ptr<detail::Job> job) {
    bool start_thread = false;
    {
        const std::lock_guard lock(pool_->mutex);
        pool_->queue.push_back(std::move(job));
        start_thread = pool_->idle < pool_->queue.size() && pool_->threads.size() < threads_;
    }
    if (!start_thread) {
        pool_->wake.notify_one();
        return;
    }
    try {
        pool_->threads.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
        if (!pool_->threads.empty()) return pool_->wake.notify_one();  // fewer threads than wanted, but it will be done
        const std::lock_guard lock(pool_->mutex);
        pool_->queue.pop_back();
        throw;
    }
}

void Executor::work() {
    std::unique_lock lock(pool_->mutex);
    for (;;) {
        ++pool_->idle;
        pool_->wake.wait(lock, [this] { return pool_->closing || !pool_->queue.empty(); });
        --pool_->idle;
        if (pool_->closing) return;
        std::unique_ptr<detail::Job> next = std::move(pool_->queue.front());
        pool_->queue.pop_front();
        lock.unlock();
        next->work();
        loop_.check_process();
        loop_.call_soon_threadsafe(Delivery(std::move(next)));
        lock.lock();
    }
}

}  // namespace girin
