// Lock, Semaphore and Queue against a model, in every order of things: three tasks, two cancels, and turns of the loop
// between any of them or not. What the model says must be so whenever nothing is left to run.

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>

#include "girin/loop/sleep.hpp"
#include "girin/loop/sync/lock.hpp"
#include "girin/loop/sync/queue.hpp"
#include "girin/loop/sync/semaphore.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

constexpr int kTasks = 3;
constexpr int kMostCancels = 2;

/// One run: what may be done next, and doing it.
class World {
  public:
    virtual ~World() = default;
    /// Each is a thing that somebody does, between two callbacks of the loop.
    virtual std::vector<std::function<void()>> choices() = 0;
    /// Nothing is left to run.
    virtual void check() = 0;

    void turn() {
        loop.stop();
        loop.run_forever();
    }
    void settle() {
        for (int i = 0; i < 6; ++i) turn();
        check();
    }
    /// Ends it: who is cancelled leaves, also while he waits.
    void end() {
        for (TaskBase* task : loop.all_tasks()) task->cancel_task();
        for (int i = 0; i < 6; ++i) turn();
        EXPECT_TRUE(loop.all_tasks().empty());
    }

    VirtualLoop loop;
};

/// Tries every sequence of choices, each followed by a turn or by none, and lets the loop settle at
/// the end of each.
template <class W>
class Explorer {
  public:
    std::size_t explore() {
        descend();
        return runs_;
    }

  private:
    enum After { none, one_turn, kAfters };

    std::unique_ptr<World> replay() {
        auto world = std::make_unique<W>();
        for (const auto& [choice, after] : path_) {
            world->choices()[choice]();
            if (after == one_turn) world->turn();
        }
        return world;
    }
    void descend() {
        const std::unique_ptr<World> here = replay();
        const std::size_t count = here->choices().size();
        here->settle();
        here->end();
        runs_ += count == 0 ? 1 : 0;
        if (testing::Test::HasFailure()) return tell();
        for (std::size_t choice = 0; choice < count; ++choice) {
            for (int after = 0; after < kAfters; ++after) {
                if (testing::Test::HasFailure()) return;
                path_.emplace_back(choice, After(after));
                descend();
                path_.pop_back();
            }
        }
    }
    void tell() {
        std::string text;
        for (const auto& [choice, after] : path_) text += " " + std::to_string(choice) + "/" + std::to_string(after);
        if (!std::exchange(told_, true)) ADD_FAILURE() << "choices/turns:" << text;
    }

    std::vector<std::pair<std::size_t, After>> path_;
    std::size_t runs_ = 0;
    bool told_ = false;
};

/// Tasks that come one after the other, take what lets `Units` of them in, and give it back when they are told to. The
/// model: a line. The first `Units` in it have it; who is cancelled leaves.
template <class Primitive, int Units>
class Holders final : public World {
  public:
    Holders() {
        if constexpr (std::is_same_v<Primitive, Semaphore>) {
            primitive_ = std::make_unique<Semaphore>(Units);
        } else {
            primitive_ = std::make_unique<Primitive>();
        }
    }
    std::vector<std::function<void()>> choices() override {
        std::vector<std::function<void()>> all;
        if (come_ < kTasks) all.push_back([this] { come(); });
        for (int i = 0; i < come_; ++i) {
            if (has_[i] && !gates_[i].done()) all.push_back([this, i] { leave(i); });
            const bool in_line = std::find(line_.begin(), line_.end(), i) != line_.end();
            if (in_line && cancels_ < kMostCancels) all.push_back([this, i] { cancel(i); });
        }
        return all;
    }
    void check() override {
        int held = 0;
        for (int i = 0; i < come_; ++i) {
            const auto place = std::find(line_.begin(), line_.end(), i) - line_.begin();
            EXPECT_EQ(has_[i], place < std::min<std::ptrdiff_t>(Units, std::ssize(line_))) << "task " << i;
            held += has_[i] ? 1 : 0;
        }
        EXPECT_EQ(primitive_->locked(), held == Units);
    }

  private:
    static Coro<void> hold(Primitive& primitive, Future<void> gate, bool& has) {
        const auto held = co_await primitive.hold();
        has = true;
        try {
            co_await gate;
        } catch (const Cancelled&) {
        }
        has = false;
    }
    void come() {
        const int i = come_++;
        line_.push_back(i);
        gates_[i] = Future<void>(loop);
        tasks_[i] = loop.create_task(hold(*primitive_, gates_[i], has_[i]));
    }
    void leave(int i) {
        std::erase(line_, i);
        gates_[i].set_result();
    }
    void cancel(int i) {
        ++cancels_;
        std::erase(line_, i);
        tasks_[i].cancel();
    }

    std::unique_ptr<Primitive> primitive_;
    int come_ = 0;
    int cancels_ = 0;
    std::deque<int> line_;
    std::array<bool, kTasks> has_{};
    std::array<Future<void>, kTasks> gates_;
    std::array<Task<void>, kTasks> tasks_;
};

/// One who puts three items into a queue of one, and two who get. The model: what was put was taken or is there, in
/// order, and nobody waits who needn't.
class Carriers final : public World {
  public:
    std::vector<std::function<void()>> choices() override {
        std::vector<std::function<void()>> all;
        if (put_begun_ < 3 && (!putter_ || putter_.done())) all.push_back([this] { begin_put(); });
        for (int i = 0; i < 2; ++i) {
            if (!getters_[i] && (i == 0 || getters_[0])) all.push_back([this, i] { begin_get(i); });
            if (getters_[i] && !getters_[i].done() && getters_[i].cancelling() == 0 && cancels_ < kMostCancels) {
                all.push_back([this, i] { cancel(getters_[i]); });
            }
        }
        if (putter_ && !putter_.done() && putter_.cancelling() == 0 && cancels_ < kMostCancels) {
            all.push_back([this] { cancel(putter_); });
        }
        return all;
    }
    void check() override {
        std::vector<int> seen = taken_;
        seen.insert(seen.end(), put_.begin() + std::ssize(taken_), put_.end());
        EXPECT_EQ(seen, put_);
        EXPECT_EQ(queue_.qsize(), put_.size() - taken_.size());
        const bool someone_gets = std::any_of(getters_.begin(), getters_.end(), [](auto& g) { return g && !g.done(); });
        const bool someone_puts = putter_ && !putter_.done();
        EXPECT_FALSE(someone_gets && !queue_.empty());
        EXPECT_FALSE(someone_puts && !queue_.full());
    }

  private:
    static Coro<void> put(Queue<int>& queue, int item, std::vector<int>& done) {
        co_await queue.put(item);
        done.push_back(item);
    }
    static Coro<void> get(Queue<int>& queue, std::vector<int>& done) {
        const int item = co_await queue.get();
        done.push_back(item);
    }
    void begin_put() {
        ++put_begun_;
        putter_ = loop.create_task(put(queue_, put_begun_, put_));
    }
    void begin_get(int i) { getters_[i] = loop.create_task(get(queue_, taken_)); }
    void cancel(Task<void>& task) {
        ++cancels_;
        task.cancel();
    }

    Queue<int> queue_{1};
    int put_begun_ = 0;
    int cancels_ = 0;
    std::vector<int> put_;
    std::vector<int> taken_;
    Task<void> putter_;
    std::array<Task<void>, 2> getters_;
};

TEST(SyncModel, LockGoesDownTheLineInEveryOrderOfThings) { EXPECT_GT((Explorer<Holders<Lock, 1>>().explore()), 1000U); }

TEST(SyncModel, SemaphoreGoesDownTheLineInEveryOrderOfThings) {
    EXPECT_GT((Explorer<Holders<Semaphore, 1>>().explore()), 1000U);
    EXPECT_GT((Explorer<Holders<Semaphore, 2>>().explore()), 1000U);
}

TEST(SyncModel, QueueLosesNothingInAnyOrderOfThings) { EXPECT_GT(Explorer<Carriers>().explore(), 1000U); }

}  // namespace
}  // namespace girin::test
