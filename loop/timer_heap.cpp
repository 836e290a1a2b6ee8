#include "girin/loop/timer_heap.hpp"

#include "girin/base/check.hpp"

namespace girin {

void Timer::disarm() {
    if (heap_ != nullptr) heap_->disarm(*this);
    if (is_linked()) unlink();
}

TimerHeap::~TimerHeap() {
    for (Timer* timer : heap_) timer->heap_ = nullptr;
}

bool TimerHeap::before(const Timer& a, const Timer& b) {
    return a.when_ != b.when_ ? a.when_ < b.when_ : a.sequence_ < b.sequence_;
}

void TimerHeap::place(std::size_t index, Timer& timer) {
    heap_[index] = &timer;
    timer.index_ = index;
}

void TimerHeap::sift_up(std::size_t index) {
    Timer& timer = *heap_[index];
    while (index > 0) {
        const std::size_t parent = (index - 1) / 2;
        if (!before(timer, *heap_[parent])) break;
        place(index, *heap_[parent]);
        index = parent;
    }
    place(index, timer);
}

void TimerHeap::sift_down(std::size_t index) {
    Timer& timer = *heap_[index];
    for (;;) {
        std::size_t child = 2 * index + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && before(*heap_[child + 1], *heap_[child])) ++child;
        if (!before(*heap_[child], timer)) break;
        place(index, *heap_[child]);
        index = child;
    }
    place(index, timer);
}

void TimerHeap::arm(Timer& timer, TimePoint when) {
    timer.disarm();
    heap_.push_back(&timer);
    timer.when_ = when;
    timer.sequence_ = next_sequence_++;
    timer.heap_ = this;
    sift_up(heap_.size() - 1);
}

void TimerHeap::disarm(Timer& timer) {
    GIRIN_CHECK(timer.heap_ == this, "a timer is disarmed on the heap that armed it");
    const std::size_t index = timer.index_;
    Timer& last = *heap_.back();
    heap_.pop_back();
    timer.heap_ = nullptr;
    if (&last == &timer) return;
    place(index, last);
    sift_up(index);
    sift_down(last.index_);
}

std::optional<TimePoint> TimerHeap::next() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.front()->when_;
}

void TimerHeap::move_due(TimePoint now, RunnableList& due) {
    while (!heap_.empty() && heap_.front()->when_ <= now) {
        Timer& timer = *heap_.front();
        disarm(timer);
        due.push_back(timer);
    }
}

}  // namespace girin
