#include "girin/loop/timer_heap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>

namespace girin {
namespace {

using namespace std::chrono_literals;

class Numbered final : public Timer {
  public:
    explicit Numbered(int n) : number(n) {}
    void run() override {}
    int number;
};

std::vector<int> due(TimerHeap& heap, TimePoint now) {
    RunnableList list;
    heap.move_due(now, list);
    std::vector<int> numbers;
    for (Runnable& one : list) numbers.push_back(static_cast<Numbered&>(one).number);
    list.clear();
    return numbers;
}

constexpr TimePoint kNoon{12h};

TEST(TimerHeap, GivesWhatIsDueInOrderOfDeadline) {
    TimerHeap heap;
    Numbered a(1), b(2), c(3);
    heap.arm(a, kNoon + 3s);
    heap.arm(b, kNoon + 1s);
    heap.arm(c, kNoon + 2s);
    EXPECT_EQ(heap.next(), kNoon + 1s);
    EXPECT_EQ(due(heap, kNoon + 2s), (std::vector{2, 3}));
    EXPECT_EQ(due(heap, kNoon + 2s), std::vector<int>{});
    EXPECT_EQ(due(heap, kNoon + 3s), std::vector{1});
    EXPECT_EQ(heap.next(), std::nullopt);
}

TEST(TimerHeap, GivesEqualDeadlinesInOrderOfArming) {
    TimerHeap heap;
    std::vector<std::unique_ptr<Numbered>> timers;
    std::vector<int> expected;
    for (int i = 0; i < 100; ++i) {
        timers.push_back(std::make_unique<Numbered>(i));
        heap.arm(*timers.back(), kNoon);
        expected.push_back(i);
    }
    EXPECT_EQ(due(heap, kNoon), expected);
}

TEST(TimerHeap, ForgetsADestroyedTimer) {
    TimerHeap heap;
    Numbered kept(1);
    {
        Numbered gone(2);
        heap.arm(gone, kNoon);
        heap.arm(kept, kNoon + 1s);
    }
    EXPECT_EQ(heap.size(), 1U);
    EXPECT_EQ(due(heap, kNoon + 1s), std::vector{1});
}

TEST(TimerHeap, TakesATimerThatIsDueOffItsList) {
    TimerHeap heap;
    RunnableList list;
    Numbered timer(1);
    heap.arm(timer, kNoon);
    heap.move_due(kNoon, list);
    EXPECT_TRUE(timer.is_scheduled());
    timer.disarm();
    EXPECT_TRUE(list.empty());
}

TEST(TimerHeap, ArmsAnewForAnotherTime) {
    TimerHeap heap;
    Numbered a(1), b(2);
    heap.arm(a, kNoon);
    heap.arm(b, kNoon + 1s);
    heap.arm(a, kNoon + 2s);
    EXPECT_EQ(heap.size(), 2U);
    EXPECT_EQ(due(heap, kNoon + 2s), (std::vector{2, 1}));
}

TEST(TimerHeap, LetsGoOfItsTimersWhenItEnds) {
    Numbered timer(1);
    {
        TimerHeap heap;
        heap.arm(timer, kNoon);
    }
    EXPECT_FALSE(timer.is_armed());
}

TEST(TimerHeap, AgreesWithASortedListUnderRandomUse) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    TimerHeap heap;
    std::vector<std::unique_ptr<Numbered>> timers;
    std::vector<std::pair<TimePoint, int>> armed;  // in order of arming
    for (int i = 0; i < 300; ++i) {
        timers.push_back(std::make_unique<Numbered>(i));
        const TimePoint when = kNoon + std::chrono::seconds(random() % 50);
        heap.arm(*timers.back(), when);
        armed.emplace_back(when, i);
        if (random() % 3 == 0) {
            const std::size_t victim = random() % armed.size();
            timers[static_cast<std::size_t>(armed[victim].second)]->disarm();
            armed.erase(armed.begin() + static_cast<std::ptrdiff_t>(victim));
        }
    }
    std::sort(armed.begin(), armed.end());  // equal ones by number, which is the order of arming
    std::vector<int> expected;
    for (const auto& [when, number] : armed) expected.push_back(number);
    EXPECT_EQ(due(heap, kNoon + 1h), expected);
}

TEST(Later, StopsAtTheEndOfTime) {
    EXPECT_EQ(later(kNoon, Duration::max()), TimePoint::max());
    EXPECT_EQ(later(kNoon, 1s), kNoon + 1s);
    EXPECT_EQ(later(kNoon, -1s), kNoon - 1s);
    EXPECT_LT(later(kNoon, Duration::min()), kNoon);
}

}  // namespace
}  // namespace girin
