// The master's board, written and read; also by two threads at once.

#include "supervisor/monitor/master_board.hpp"

#include <thread>

#include <gtest/gtest.h>

namespace girin::test {
namespace {

TEST(FixedText, CutsBetweenCharactersAndSaysSo) {
    EXPECT_EQ(FixedText<6>("abcdef").view(), "abcdef");
    EXPECT_EQ(FixedText<6>("abcdefg").view(), "abc…");
    EXPECT_EQ(FixedText<6>("ab\xc3\xa9" "def").view(), "ab…");
    EXPECT_EQ(FixedText<4>("").view(), "");
}

TEST(Published, IsNeverSeenHalfWritten) {
    struct Pair {
        std::uint64_t first = 0, second = 0;
        std::array<std::uint64_t, 20> rest{};
    };
    Published<Pair> published{};
    std::atomic<bool> done = false;
    std::thread writer([&] {
        for (std::uint64_t i = 1; i <= 2'000; ++i) {
            Pair pair;
            pair.first = pair.second = pair.rest[19] = i;
            published.store(pair);
            if (i % 16 == 0) std::this_thread::yield();
        }
        done = true;
    });
    std::uint64_t torn = 0;
    while (!done) {
        const Pair seen = published.load();
        torn += seen.first != seen.second || seen.first != seen.rest[19];
    }
    writer.join();
    EXPECT_EQ(torn, 0u);
    EXPECT_EQ(published.load().first, 2'000u);
}

TEST(MasterBoard, KeepsTheLastEvents) {
    auto board = MasterBoard::create(1);
    ASSERT_TRUE(board);
    EXPECT_TRUE(board->events(0).empty());
    for (std::size_t i = 1; i <= MasterBoard::kEvents + 5; ++i) {
        board->add_event(LogLevel::info, "event " + std::to_string(i), 1);
    }
    const auto kept = board->events(0);
    ASSERT_EQ(kept.size(), MasterBoard::kEvents);
    EXPECT_EQ(kept.front().number, 6u);
    EXPECT_EQ(kept.front().text.view(), "event 6");
    EXPECT_EQ(board->events(board->last_event() - 2).size(), 2u);
    EXPECT_TRUE(board->events(board->last_event()).empty());
}

TEST(MasterBoard, CountsOnWhenWorkersAreReplaced) {
    auto board = MasterBoard::create(2);
    auto lines = Scoreboard::create(2);
    ASSERT_TRUE(board && lines);
    (*lines)[0].requests = 10;
    (*lines)[1].requests = 5;
    (*lines)[0].count_latency(1'500);
    EXPECT_EQ(board->totals(lines->slots()).requests, 15u);
    board->take_over((*lines)[0]);
    EXPECT_EQ((*lines)[0].requests, 0u);
    const WorkTotals totals = board->totals(lines->slots());
    EXPECT_EQ(totals.requests, 15u);
    EXPECT_EQ(totals.latency[1], 1u);
    EXPECT_EQ(totals.latency_sum_us, 1'500u);
    (*lines)[0].requests = 1;
    EXPECT_EQ(board->totals(lines->slots()).requests, 16u);
}

TEST(MasterBoard, TellsWhatWasPublished) {
    auto board = MasterBoard::create(2);
    ASSERT_TRUE(board);
    MasterFacts facts;
    facts.pid = 7;
    facts.listeners = FixedText<1000>("a\nb\n");
    board->publish(facts);
    SlotFacts slot;
    slot.state = WorkerState::ready;
    slot.last_exit = FixedText<200>("crashed");
    board->publish(1, slot);
    EXPECT_EQ(board->master(), facts);
    EXPECT_EQ(board->slot(1), slot);
    EXPECT_EQ(board->slot(0), SlotFacts());
}

TEST(ScoreboardSlot, SortsLatenciesIntoBuckets) {
    auto lines = Scoreboard::create(1);
    ASSERT_TRUE(lines);
    ScoreboardSlot& line = (*lines)[0];
    for (const std::int64_t took : {0, 1'000, 1'001, 29'999'999, 30'000'001}) line.count_latency(took);
    EXPECT_EQ(line.latency[0], 2u);
    EXPECT_EQ(line.latency[1], 1u);
    EXPECT_EQ(line.latency[kLatencyBuckets - 2], 1u);
    EXPECT_EQ(line.latency[kLatencyBuckets - 1], 1u);
}

}  // namespace
}  // namespace girin::test
