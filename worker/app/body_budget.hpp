#pragma once

// BodyBudget: how much memory a worker's request bodies may take, all of them together. Counted is what is held whole,
// by Request::read_all() and for synchronous handlers, as the room it takes, not as the bytes it has. Not here: what a
// single body may be (Limits).

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace girin {

/// Threads: any. A share may outlive the server.
class BodyBudget {
  public:
    /// Zero: no limit.
    explicit BodyBudget(std::size_t limit_bytes) : limit_(limit_bytes) {}

    bool take(std::size_t bytes) noexcept {
        const std::size_t held = held_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
        if (limit_ == 0 || held <= limit_) return true;
        give_back(bytes);
        return false;
    }
    void give_back(std::size_t bytes) noexcept { held_.fetch_sub(bytes, std::memory_order_relaxed); }
    std::size_t held() const noexcept { return held_.load(std::memory_order_relaxed); }
    std::size_t limit() const noexcept { return limit_; }

  private:
    std::size_t limit_;
    std::atomic<std::size_t> held_ = 0;
};

/// What one body has of it.
class BodyShare {
  public:
    BodyShare() = default;
    BodyShare(BodyShare&& other) noexcept
        : budget_(std::move(other.budget_)), bytes_(std::exchange(other.bytes_, 0)) {}
    BodyShare& operator=(BodyShare&& other) noexcept {
        std::swap(budget_, other.budget_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~BodyShare() { reset(); }

    bool is_empty() const { return bytes_ == 0; }
    void reset() noexcept {
        if (budget_ && bytes_ > 0) budget_->give_back(bytes_);
        bytes_ = 0;
        budget_.reset();
    }
    /// False: the budget is used up, and the share stays as it was.
    bool grow(const std::shared_ptr<BodyBudget>& budget, std::size_t by) {
        if (!budget->take(by)) return false;
        budget_ = budget;
        bytes_ += by;
        return true;
    }

  private:
    std::shared_ptr<BodyBudget> budget_;
    std::size_t bytes_ = 0;
};

}  // namespace girin
