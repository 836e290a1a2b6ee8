#include "worker/serving/accept_gate.hpp"

#include <gtest/gtest.h>

namespace girin::test {
namespace {

constexpr std::int64_t kNow = 1'000'000'000'000;

/// A board of workers that are well, each with so many connections.
Scoreboard board_of(std::initializer_list<std::uint32_t> connections) {
    Scoreboard board = Scoreboard::create(connections.size()).value();
    std::size_t slot = 0;
    for (const std::uint32_t count : connections) {
        board[slot].accepting = 1;
        board[slot++].connections = count;
    }
    return board;
}

/// At a first look.
bool may(const Scoreboard& board, std::size_t own) { return AcceptGate(board.slots(), own).is_open(kNow); }

TEST(AcceptGate, IsOpenForAWorkerAlone) {
    Scoreboard board = board_of({1000});
    EXPECT_TRUE(may(board, 0));
}

TEST(AcceptGate, IsOpenUpToTheSlackAboveTheLeastLoaded) {
    Scoreboard board = board_of({kGateSlack + 10, 10, 500});
    EXPECT_TRUE(may(board, 0));
    EXPECT_TRUE(may(board, 1));
    EXPECT_FALSE(may(board, 2));
    board[0].connections = kGateSlack + 11;
    EXPECT_FALSE(may(board, 0));
}

TEST(AcceptGate, GivesAnEighthWhereThatIsMore) {
    Scoreboard board = board_of({900, 800});
    EXPECT_TRUE(may(board, 0));
    board[0].connections = 901;
    EXPECT_FALSE(may(board, 0));
}

TEST(AcceptGate, LeavesOutSlotsWithoutAWorker) {
    Scoreboard board = board_of({500, 0, 490});
    board[1].reset();
    EXPECT_TRUE(may(board, 0));
}

TEST(AcceptGate, LeavesOutSiblingsThatDoNotAccept) {
    Scoreboard board = board_of({500, 0, 490});
    board[1].accepting = 0;
    EXPECT_TRUE(may(board, 0));
}

TEST(AcceptGate, LeavesOutSiblingsThatAreStuckInACallback) {
    Scoreboard board = board_of({500, 0, 490});
    board[1].callback_start_ns = kNow - kGateBusyNs + 1;
    EXPECT_FALSE(may(board, 0));
    board[1].callback_start_ns = kNow - kGateBusyNs;
    EXPECT_TRUE(may(board, 0));
}

TEST(AcceptGate, LeavesOutSiblingsThatShouldHaveWokenLongAgo) {
    Scoreboard board = board_of({500, 0, 490});
    board[1].last_tick_ns = kNow - kIdleTickNs;
    EXPECT_FALSE(may(board, 0));
    board[1].last_tick_ns = kNow - kIdleTickNs - kGateBusyNs;
    EXPECT_TRUE(may(board, 0));
}

TEST(AcceptGate, IsOpenWhenNobodyElseCanTakeOver) {
    Scoreboard board = board_of({500, 0});
    board[1].callback_start_ns = kNow - kGateBusyNs;
    EXPECT_TRUE(may(board, 0));
}

// Whatever the counts, somebody accepts: the least loaded one always may.
TEST(AcceptGate, IsNeverClosedForAll) {
    for (std::uint32_t a = 0; a < 40; a += 3) {
        for (std::uint32_t b = 0; b < 40; b += 5) {
            Scoreboard board = board_of({a, b, a + b});
            EXPECT_TRUE(may(board, 0) || may(board, 1) || may(board, 2)) << a << " " << b;
        }
    }
}

}  // namespace
}  // namespace girin::test
