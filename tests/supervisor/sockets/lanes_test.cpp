// Who serves which lane.

#include "supervisor/sockets/lanes.hpp"

#include <gtest/gtest.h>

namespace girin {
namespace {

class LanesTest : public testing::Test {
  protected:
    WorkerProcess& put(std::size_t slot, std::uint32_t generation, std::size_t lane) {
        WorkerProcess& worker = workers_[slot];
        worker.generation = generation;
        worker.lane = lane;
        worker.ready_at = TimePoint();
        return worker;
    }

    Workers workers_;
};

TEST_F(LanesTest, AreTakenInOrder) {
    EXPECT_EQ(choose_lane(workers_, 1, 2), 0u);
    put(0, 1, 0);
    EXPECT_EQ(choose_lane(workers_, 1, 2), 1u);
}

TEST_F(LanesTest, AreOpenedAnewOnceEachHasItsWorker) {
    put(0, 1, 0);
    put(1, 1, 1);
    EXPECT_EQ(choose_lane(workers_, 1, 2), 2u);
}

TEST_F(LanesTest, PassFromOneGenerationToTheNext) {
    put(0, 1, 0);
    put(1, 1, 1);
    put(2, 2, 0);
    EXPECT_EQ(choose_lane(workers_, 2, 2), 1u);
}

TEST_F(LanesTest, ThatAreOrphanedComeFirst) {
    put(0, 1, 0);
    put(1, 1, 1).accepting = false;
    put(2, 1, 2);
    EXPECT_EQ(choose_lane(workers_, 2, 3), 1u);
}

TEST_F(LanesTest, AreLeftToTheirLastWorker) {
    put(0, 1, 0);
    put(1, 1, 1);
    EXPECT_TRUE(is_alone_in_lane(workers_, 1));
    put(2, 2, 1).ready_at.reset();
    EXPECT_FALSE(is_alone_in_lane(workers_, 1));
    put(2, 2, 1).asked_to_stop = true;
    EXPECT_TRUE(is_alone_in_lane(workers_, 1));
    put(3, 2, 1).accepting = false;
    EXPECT_TRUE(is_alone_in_lane(workers_, 1));
}

TEST_F(LanesTest, CountAsServedOnceTheirWorkerIsReadyAndAccepts) {
    put(0, 1, 0);
    put(1, 1, 1).ready_at.reset();
    put(2, 1, 2).accepting = false;
    EXPECT_EQ(served_lanes(workers_, 3), (std::vector<bool>{true, false, false}));
}

}  // namespace
}  // namespace girin
