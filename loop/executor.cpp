#include "girin/loop/executor.hpp"

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
    std::size_t busy = 0;                            // under mutex
    bool closing = false;                            // under mutex
    std::vector<std::thread> threads;
};

namespace {

// Of a thread of a pool that is observed.
thread_local ExecutorObserver* t_observer = nullptr;

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

void extend_job_deadline(Duration from_now) {
    if (t_observer != nullptr) t_observer->job_extended(later(Clock::now(), from_now));
}

void detail::forget_job_observer() noexcept { t_observer = nullptr; }

detail::JobPause::JobPause() {
    if (t_observer != nullptr) t_observer->job_waits();
}

detail::JobPause::~JobPause() {
    if (t_observer != nullptr) t_observer->job_goes_on();
}

Executor::Executor(EventLoop& loop, std::size_t threads, ExecutorObserver* observer)
    : loop_(loop), threads_(threads == 0 ? default_threads() : threads), observer_(observer),
      pool_(std::make_unique<Pool>()) {}

Executor::~Executor() {
    std::deque<std::unique_ptr<detail::Job>> dropped;
    {
        const std::lock_guard lock(pool_->mutex);
        pool_->closing = true;
        dropped.swap(pool_->queue);
        tell_state();
    }
    pool_->wake.notify_all();
    for (std::thread& thread : pool_->threads) thread.join();
}

void Executor::tell_state() noexcept {
    if (observer_ == nullptr) return;
    PoolState state;
    state.threads = threads_;
    state.busy = pool_->busy;
    state.queued = pool_->queue.size();
    if (!pool_->queue.empty()) state.oldest_queued = pool_->queue.front()->queued_at;
    observer_->pool_changed(state);
}

void Executor::submit(std::unique_ptr<detail::Job> job) {
    bool start_thread = false;
    if (observer_ != nullptr) {
        job->origin = observer_->job_origin();
        job->queued_at = Clock::now();
    }
    {
        const std::lock_guard lock(pool_->mutex);
        pool_->queue.push_back(std::move(job));
        start_thread = pool_->idle < pool_->queue.size() && pool_->threads.size() < threads_;
        tell_state();
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
        tell_state();
        throw;
    }
}

void Executor::work() {
    t_observer = observer_;
    if (observer_ != nullptr) observer_->thread_began();
    std::unique_lock lock(pool_->mutex);
    for (;;) {
        ++pool_->idle;
        pool_->wake.wait(lock, [this] { return pool_->closing || !pool_->queue.empty(); });
        --pool_->idle;
        if (pool_->closing) break;
        std::unique_ptr<detail::Job> next = std::move(pool_->queue.front());
        pool_->queue.pop_front();
        ++pool_->busy;
        tell_state();
        lock.unlock();
        work_on(std::move(next));
        lock.lock();
        --pool_->busy;
        tell_state();
    }
    lock.unlock();
    if (observer_ != nullptr) observer_->thread_ends();
}

void Executor::work_on(std::unique_ptr<detail::Job> job) {
    if (observer_ != nullptr) observer_->job_began(job->origin.get());
    job->work();
    loop_.check_process();  // first of all: what the observer writes may be seen by, and its lock be of, the parent
    if (observer_ != nullptr) observer_->job_ended();
    loop_.call_soon_threadsafe(Delivery(std::move(job)));
}

}  // namespace girin
