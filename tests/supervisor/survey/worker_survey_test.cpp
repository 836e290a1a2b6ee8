#include "supervisor/survey/worker_survey.hpp"

#include <functional>

#include <gtest/gtest.h>

namespace girin {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1000s};

/// A fleet of some workers that are ready, with pids 100, 101 …
class SurveyedFleet {
  public:
    explicit SurveyedFleet(std::size_t workers) : fleet_(options()) {
        fleet_.decide(FleetEvent::start(workers), kStart);
        for (std::size_t slot = 0; slot < workers; ++slot) {
            fleet_.decide(FleetEvent::worker_spawned(slot, static_cast<pid_t>(100 + slot)), kStart);
            fleet_.decide(FleetEvent::worker_ready(slot), kStart);
        }
    }

    Fleet& fleet() { return fleet_; }

    /// All that were started, busy for `share` of the time since the start.
    static std::vector<WorkerLook> looks(std::size_t workers, double share, TimePoint now) {
        std::vector<WorkerLook> looks(workers);
        for (std::size_t slot = 0; slot < workers; ++slot) {
            looks[slot].slot = slot;
            looks[slot].ready_since = kStart;
            looks[slot].turns = std::chrono::duration_cast<Duration>((now - kStart) * share);
        }
        return looks;
    }

  private:
    static FleetOptions options() {
        FleetOptions options;
        options.max_workers = 8;
        return options;
    }

    Fleet fleet_;
};

SurveyOptions range(std::size_t least, std::size_t most) {
    SurveyOptions options;
    options.scaling.least = least;
    options.scaling.most = most;
    return options;
}

std::uint64_t nobody_queues() { return 0; }

/// The first step that comes of looks at `looked_at` workers, once a second for `time`; `change` adds to what one saw.
std::optional<FleetEvent> first_step(WorkerSurvey& survey, SurveyedFleet& fleet, std::size_t looked_at, double share,
                                Duration time = 10s, const std::function<void(WorkerLook&, TimePoint)>& change = nullptr) {
    for (TimePoint now = kStart + 1s; now <= kStart + time; now += 1s) {
        auto looks = SurveyedFleet::looks(looked_at, share, now);
        for (WorkerLook& look : looks) {
            if (change) change(look, now);
        }
        if (auto step = survey.look_at_load(fleet.fleet(), looks, nobody_queues, now)) return step;
    }
    return std::nullopt;
}

TEST(WorkerSurvey, AsksForMoreWhenAllAreBusy) {
    SurveyedFleet fleet(2);
    WorkerSurvey survey;
    survey.begin(range(1, 4));
    const auto step = first_step(survey, fleet, 2, 0.9);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->kind, EventKind::scale_to);
    EXPECT_EQ(step->count, 3);
}

// FAULTS 26, a sibling: threads that block leave the loop idle.
TEST(WorkerSurvey, CountsThreadsOfPoolsAndWhatWaitsForThem) {
    for (const std::size_t busy : {std::size_t{4}, std::size_t{10}}) {
        SurveyedFleet fleet(1);
        WorkerSurvey survey;
        survey.begin(range(1, 4));
        const auto step = first_step(survey, fleet, 1, 0.1, 4s, [&](WorkerLook& look, TimePoint) {
            look.pool.threads = 10;
            look.pool.busy = busy;
        });
        EXPECT_EQ(step.has_value(), busy == 10);
    }
}

TEST(WorkerSurvey, KeepsWorkersWhosePoolsAreBusy) {
    SurveyedFleet fleet(2);
    WorkerSurvey survey;
    survey.begin(range(1, 4));
    EXPECT_FALSE(first_step(survey, fleet, 2, 0, 100s, [](WorkerLook& look, TimePoint) {
        look.pool.threads = 4;
        look.pool.busy = 2;
    }));
}

TEST(WorkerSurvey, TakesWhatTheKernelCountsWhereItIsMore) {
    SurveyedFleet fleet(1);
    WorkerSurvey survey;
    survey.begin(range(1, 4));
    const auto seen_by_kernel = [](WorkerLook& look, TimePoint now) { look.cpu = now - kStart; };
    EXPECT_TRUE(first_step(survey, fleet, 1, 0.1, 4s, seen_by_kernel));
}

TEST(WorkerSurvey, DoesNotCountOneThatIsBeingEndedAsBusy) {
    SurveyedFleet fleet(1);
    WorkerSurvey survey;
    survey.begin(range(1, 4));
    fleet.fleet().decide(FleetEvent::worker_silent(0, "no sign of life"), kStart);
    fleet.fleet().decide(FleetEvent::worker_spawned(1, 101), kStart);
    fleet.fleet().decide(FleetEvent::worker_ready(1), kStart);
    ASSERT_EQ(fleet.fleet().worker(0).state, WorkerState::aborting);
    std::optional<FleetEvent> step;
    for (TimePoint now = kStart + 1s; now <= kStart + 4s && !step; now += 1s) {
        auto looks = SurveyedFleet::looks(2, 0.7, now);
        looks[0].turns = now - kStart;  // it hangs
        step = survey.look_at_load(fleet.fleet(), looks, nobody_queues, now);
    }
    EXPECT_FALSE(step);
}

TEST(WorkerSurvey, LeavesTheNumberAloneWithoutARange) {
    SurveyedFleet fleet(2);
    WorkerSurvey survey;
    survey.begin(range(2, 2));
    EXPECT_FALSE(first_step(survey, fleet, 2, 1.0));
    const auto event = survey.scale_by_operator(fleet.fleet(), 1);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->kind, EventKind::scale_by);
}

TEST(WorkerSurvey, LetsOperatorsMoveTheLowerEndOfARange) {
    SurveyedFleet fleet(2);
    WorkerSurvey survey;
    survey.begin(range(2, 4));
    EXPECT_FALSE(survey.scale_by_operator(fleet.fleet(), -1));
    EXPECT_FALSE(survey.scale_by_operator(fleet.fleet(), 1));
    const auto event = survey.scale_by_operator(fleet.fleet(), 1);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->count, 3);
}

TEST(WorkerSurvey, AsksForTheReplacementOfTheOldThatServe) {
    SurveyedFleet fleet(2);
    WorkerSurvey survey;
    SurveyOptions options;
    options.recycling.lifetime = 60s;
    survey.begin(options);
    fleet.fleet().decide(FleetEvent::worker_silent(0, "no sign of life"), kStart);
    const auto looks = SurveyedFleet::looks(2, 0, kStart + 60s);
    EXPECT_TRUE(survey.look_for_worn_out(fleet.fleet(), looks, kStart + 59s).empty());
    const auto events = survey.look_for_worn_out(fleet.fleet(), looks, kStart + 60s);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].slot, 1U);
    EXPECT_EQ(events[0].kind, EventKind::worker_asks_recycle);
}

TEST(WorkersAfterReload, AreWhatIsSetOrOfARangeTheNearest) {
    SurveyedFleet fleet(3);
    EXPECT_EQ(workers_after_reload(fleet.fleet(), 5, 0), 5U);
    EXPECT_EQ(workers_after_reload(fleet.fleet(), 1, 2), 2U);
    EXPECT_EQ(workers_after_reload(fleet.fleet(), 1, 6), 3U);
    EXPECT_EQ(workers_after_reload(fleet.fleet(), 4, 6), 4U);
}

}  // namespace
}  // namespace girin
