#pragma once

// Queue, LifoQueue and PriorityQueue: items between tasks, as asyncio's of CPython 3.13, with shutdown(). The items of
// one loop; between threads call_soon_threadsafe carries them.

#include <algorithm>
#include <cstddef>
#include <deque>
#include <stdexcept>
#include <vector>

#include "girin/loop/cancel.hpp"
#include "girin/loop/coro.hpp"
#include "girin/loop/gcc12.hpp"
#include "girin/loop/sync/event.hpp"

namespace girin {

/// get_nowait() of an empty queue.
class QueueEmpty : public std::runtime_error {
  public:
    QueueEmpty() : std::runtime_error("the queue is empty") {}
};
/// put_nowait() into a full queue.
class QueueFull : public std::runtime_error {
  public:
    QueueFull() : std::runtime_error("the queue is full") {}
};
/// put() after shutdown(), and get() when nothing is left then.
class QueueShutDown : public std::runtime_error {
  public:
    QueueShutDown() : std::runtime_error("the queue is shut down") {}
};

namespace detail {

/// What a queue is but for its items.
class QueueBase {
  public:
    QueueBase(const QueueBase&) = delete;
    QueueBase& operator=(const QueueBase&) = delete;

    /// 0: as many as there is memory for.
    std::size_t maxsize() const { return maxsize_; }
    bool is_shut_down() const { return shut_down_; }

    /// What get() gave has been worked on. Errors: LoopError when called more often than items were put.
    void task_done();
    /// Waits until task_done() was called for each item that was put.
    Event::WaitAwaiter join() { return finished_.wait(); }
    /// Items put for which task_done() is still to be called.
    std::size_t unfinished() const { return unfinished_; }

  protected:
    explicit QueueBase(std::size_t maxsize) : maxsize_(maxsize) { finished_.set(); }
    ~QueueBase() = default;

    class [[nodiscard]] Turn final : public Waiter {
      public:
        explicit Turn(WaitQueue& queue) : queue_(queue) {}
        bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> awaiting) { return enqueue(queue_, awaiting); }
        Outcome await_resume() { return leave(); }

      private:
        WaitQueue& queue_;
    };
    using Outcome = Waiter::Outcome;

    void note_put();
    void note_taken() { putters_.wake_one(); }
    void note_dropped(std::size_t items);
    void check_open() const {
        if (shut_down_) throw QueueShutDown();
    }
    void begin_shutdown();
    /// Who was woken, and goes, leaves its turn to the next. Errors: Cancelled.
    [[noreturn]] static void pass_on(bool others_may_go, WaitQueue& others);

    WaitQueue getters_;
    WaitQueue putters_;

  private:
    const std::size_t maxsize_;
    std::size_t unfinished_ = 0;
    bool shut_down_ = false;
    Event finished_;
};

/// What is alike in the orders in which a queue gives its items.
template <class Container>
class Items {
  public:
    using Item = typename Container::value_type;
    bool empty() const { return items_.empty(); }
    std::size_t size() const { return items_.size(); }
    void clear() { items_.clear(); }

  protected:
    Container items_;
};

template <class T>
class FifoItems : public Items<std::deque<T>> {
  public:
    void put(T item) { this->items_.push_back(std::move(item)); }
    T take() {
        T item = std::move(this->items_.front());
        this->items_.pop_front();
        return item;
    }
};

template <class T>
class LifoItems : public Items<std::vector<T>> {
  public:
    void put(T item) { this->items_.push_back(std::move(item)); }
    T take() {
        T item = std::move(this->items_.back());
        this->items_.pop_back();
        return item;
    }
};

template <class T, class Before>
class PriorityItems : public Items<std::vector<T>> {
  public:
    void put(T item) {
        this->items_.push_back(std::move(item));
        std::push_heap(this->items_.begin(), this->items_.end(), behind);
    }
    T take() {
        std::pop_heap(this->items_.begin(), this->items_.end(), behind);
        T item = std::move(this->items_.back());
        this->items_.pop_back();
        return item;
    }

  private:
    static bool behind(const T& a, const T& b) { return Before{}(b, a); }
};

template <class Order>
class BasicQueue : public QueueBase {
  public:
    using Item = typename Order::Item;

    /// `maxsize` 0: put() never waits.
    explicit BasicQueue(std::size_t maxsize = 0) : QueueBase(maxsize) {}

    std::size_t qsize() const { return items_.size(); }
    bool empty() const { return items_.empty(); }
    bool full() const { return maxsize() > 0 && qsize() >= maxsize(); }

    /// Waits while the queue is full. Errors: QueueShutDown. Cancel: raised, and the item isn't in the queue.
    template <class U = Item>
    Coro<void> put(U&& item) {
        require_named_first<U>();
        return put_item(Item(std::forward<U>(item)));
    }
    /// Errors: QueueFull; QueueShutDown.
    void put_nowait(Item item) {
        check_open();
        if (full()) throw QueueFull();
        items_.put(std::move(item));
        note_put();
    }

    /// Waits while the queue is empty. Errors: QueueShutDown once nothing is left. Cancel: raised, and no item is taken:
    /// a task takes one as it runs, not as it is woken.
    Coro<Item> get() {
        while (empty()) {
            check_open();
            Turn turn(getters_);
            const Outcome outcome = co_await turn;
            if (outcome == Outcome::cancelled) throw Cancelled{};  // the queue may be gone
            if (outcome == Outcome::cancelled_after_wake) pass_on(!empty(), getters_);
        }
        co_return get_nowait();
    }
    /// Errors: QueueEmpty; QueueShutDown.
    Item get_nowait() {
        if (empty()) {
            check_open();
            throw QueueEmpty();
        }
        Item item = items_.take();
        note_taken();
        return item;
    }

    /// Nothing can be put from now on; what is there can be taken, and counts as unfinished until then. `immediate`: it
    /// is dropped.
    void shutdown(bool immediate = false) {
        if (immediate) {
            const std::size_t dropped = qsize();
            items_.clear();
            note_dropped(dropped);
        }
        begin_shutdown();
    }

  private:
    Coro<void> put_item(Item item) {
        while (full()) {
            check_open();
            Turn turn(putters_);
            const Outcome outcome = co_await turn;
            if (outcome == Outcome::cancelled) throw Cancelled{};
            if (outcome == Outcome::cancelled_after_wake) pass_on(!full(), putters_);
        }
        put_nowait(std::move(item));
    }

    Order items_;
};

}  // namespace detail

/// First in, first out.
template <class T>
class Queue : public detail::BasicQueue<detail::FifoItems<T>> {
  public:
    using detail::BasicQueue<detail::FifoItems<T>>::BasicQueue;
};

/// Last in, first out.
template <class T>
class LifoQueue : public detail::BasicQueue<detail::LifoItems<T>> {
  public:
    using detail::BasicQueue<detail::LifoItems<T>>::BasicQueue;
};

/// The least first; among equals any.
template <class T, class Before = std::less<T>>
class PriorityQueue : public detail::BasicQueue<detail::PriorityItems<T, Before>> {
  public:
    using detail::BasicQueue<detail::PriorityItems<T, Before>>::BasicQueue;
};

}  // namespace girin
