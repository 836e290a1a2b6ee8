#include "supervisor/zygote/zygotes.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace girin {
namespace {

using namespace std::chrono_literals;
using Kind = ZygoteAction::Kind;
using Actions = Zygotes::Actions;

/// Drives the decisions by hand.
struct ZygoteDecisions : testing::Test {
    static std::size_t count(const Actions& actions, Kind kind) {
        return static_cast<std::size_t>(std::ranges::count(actions, kind, &ZygoteAction::kind));
    }
    static ZygoteAction first(const Actions& actions, Kind kind) {
        const auto found = std::ranges::find(actions, kind, &ZygoteAction::kind);
        EXPECT_NE(found, actions.end());
        return found == actions.end() ? ZygoteAction(kind) : *found;
    }

    /// One that is loaded, of generation 1.
    void load() {
        id = first(zygotes.spawn(0, 1, now), Kind::start).id;
        zygotes.on_started(id, 500);
        number = first(say(ZygoteReport(ZygoteSays::loaded, 0)), Kind::order).number;
    }
    /// … and has forked what it was asked for.
    void serve() {
        load();
        say(ZygoteReport(ZygoteSays::forked, number, 600));
    }
    Actions say(const ZygoteReport& report, bool is_ours = true) { return zygotes.on_report(id, report, is_ours, now); }

    Zygotes zygotes;
    TimePoint now{1h};
    std::uint32_t id = 0;
    std::uint64_t number = 0;
};

TEST_F(ZygoteDecisions, StartOneForAGenerationsFirstWorker) {
    EXPECT_EQ(first(zygotes.spawn(0, 7, now), Kind::start).generation, 7u);
    EXPECT_TRUE(zygotes.spawn(1, 7, now).empty());
}

TEST_F(ZygoteDecisions, OrderOneWorkerAfterAnother) {
    load();
    zygotes.spawn(1, 1, now);
    const Actions actions = say(ZygoteReport(ZygoteSays::forked, number, 600));
    EXPECT_EQ(first(actions, Kind::take).slot, 0u);
    EXPECT_EQ(first(actions, Kind::take).pid, 600);
    EXPECT_EQ(first(actions, Kind::order).slot, 1u);
}

TEST_F(ZygoteDecisions, KeepOneZygoteForAllWorkersOfAGeneration) {
    serve();
    const Actions actions = zygotes.spawn(1, 1, now);
    EXPECT_EQ(count(actions, Kind::start), 0u);
    EXPECT_EQ(first(actions, Kind::order).slot, 1u);
}

TEST_F(ZygoteDecisions, FailAllWhoWaitForALoadThatFails) {
    id = first(zygotes.spawn(0, 1, now), Kind::start).id;
    zygotes.spawn(1, 1, now);
    const Actions failed = say(ZygoteReport(ZygoteSays::not_loaded, 0, 4, "shop.so: no such file"));
    EXPECT_EQ(count(failed, Kind::fail), 2u);
    EXPECT_EQ(first(failed, Kind::fail).text, "shop.so: no such file");
    EXPECT_EQ(first(failed, Kind::fail).code, ExitCode::application_not_loaded);
    EXPECT_EQ(count(failed, Kind::end), 1u);
    EXPECT_EQ(count(zygotes.spawn(0, 1, now), Kind::start), 1u);  // the next one tries again
}

TEST_F(ZygoteDecisions, BlameTheApplicationForACrashWhileItLoads) {
    id = first(zygotes.spawn(0, 1, now), Kind::start).id;
    const ZygoteAction failed = first(zygotes.on_ended(id, "crashed: SIGSEGV", now), Kind::fail);
    EXPECT_EQ(failed.text, "the zygote crashed: SIGSEGV, while it loaded the application");
    EXPECT_EQ(failed.code, ExitCode::worker_boot_failed);
}

TEST_F(ZygoteDecisions, StartADeadZygoteAgainBeforeTheNextWorker) {
    serve();
    const Actions ended = zygotes.on_ended(id, "was killed by SIGKILL from outside", now);
    EXPECT_EQ(count(ended, Kind::start), 0u);
    EXPECT_EQ(count(ended, Kind::fail), 0u);
    EXPECT_EQ(count(zygotes.spawn(3, 1, now), Kind::start), 1u);
}

TEST_F(ZygoteDecisions, FailOnlyTheWorkerThatADyingZygoteWasForking) {
    load();
    zygotes.spawn(1, 1, now);
    const Actions ended = zygotes.on_ended(id, "crashed: SIGSEGV", now);
    EXPECT_EQ(count(ended, Kind::fail), 1u);
    EXPECT_EQ(first(ended, Kind::fail).slot, 0u);
    EXPECT_EQ(first(ended, Kind::fail).code, ExitCode::failure);
    EXPECT_EQ(count(ended, Kind::start), 1u);  // for the other
}

TEST_F(ZygoteDecisions, DiscardWhoComesAfterItWasCalledOff) {
    load();
    EXPECT_EQ(first(zygotes.call_off(0, now), Kind::fail).slot, 0u);
    const Actions late = say(ZygoteReport(ZygoteSays::forked, number, 600));
    EXPECT_EQ(count(late, Kind::take), 0u);
    EXPECT_EQ(first(late, Kind::discard).pid, 600);
    EXPECT_EQ(count(zygotes.spawn(1, 1, now), Kind::order), 1u);  // it was no fault of the zygote's
}

TEST_F(ZygoteDecisions, EndALoadThatNobodyWaitsForAnyMore) {
    id = first(zygotes.spawn(0, 1, now), Kind::start).id;
    zygotes.spawn(1, 1, now);
    EXPECT_EQ(count(zygotes.call_off(0, now), Kind::end), 0u);
    EXPECT_EQ(count(zygotes.call_off(1, now), Kind::end), 1u);
}

TEST_F(ZygoteDecisions, LeaveAloneWhatIsCalledOffTooLate) {
    serve();
    EXPECT_TRUE(zygotes.call_off(0, now).empty());
}

TEST_F(ZygoteDecisions, BelieveNoPidThatIsNoChildOfOurs) {
    load();
    const Actions lie = say(ZygoteReport(ZygoteSays::forked, number, 1), false);
    EXPECT_EQ(count(lie, Kind::take), 0u);
    EXPECT_EQ(count(lie, Kind::discard), 0u);
    EXPECT_EQ(count(lie, Kind::end), 1u);
    EXPECT_EQ(first(lie, Kind::fail).text, "its zygote names pid 1, which is no child of ours");
}

TEST_F(ZygoteDecisions, BelieveNoAnswerThatNothingWasAskedFor) {
    serve();
    const Actions twice = say(ZygoteReport(ZygoteSays::forked, number, 601));
    EXPECT_EQ(count(twice, Kind::take), 0u);
    EXPECT_EQ(first(twice, Kind::discard).pid, 601);
    EXPECT_EQ(count(twice, Kind::end), 1u);
}

TEST_F(ZygoteDecisions, BelieveNoAnswerToAnotherOrder) {
    load();
    EXPECT_EQ(count(say(ZygoteReport(ZygoteSays::not_forked, number + 1, 0, "fork")), Kind::end), 1u);
}

TEST_F(ZygoteDecisions, EndAZygoteThatDoesNotAnswer) {
    load();
    EXPECT_EQ(zygotes.next_deadline(), now + kForkLimit);
    EXPECT_TRUE(zygotes.on_deadline(now + kForkLimit - 1ns).empty());
    const Actions late = zygotes.on_deadline(now + kForkLimit);
    EXPECT_EQ(count(late, Kind::end), 1u);
    EXPECT_EQ(first(late, Kind::fail).text, "its zygote doesn't answer for 10 s");
    EXPECT_EQ(zygotes.next_deadline(), std::nullopt);
}

TEST_F(ZygoteDecisions, HearNothingOfAZygoteThatWasEnded) {
    load();
    zygotes.on_deadline(now + kForkLimit);
    EXPECT_TRUE(say(ZygoteReport(ZygoteSays::forked, number, 600)).empty());
    EXPECT_TRUE(zygotes.on_ended(id, "was killed by us", now).empty());
}

TEST_F(ZygoteDecisions, DropAZygoteWithItsGeneration) {
    serve();
    EXPECT_EQ(first(zygotes.drop(1), Kind::end).id, id);
    EXPECT_TRUE(zygotes.all().empty());
}

TEST_F(ZygoteDecisions, PassAZygoteOnToTheGenerationThatGoesBackToIts) {
    serve();
    zygotes.pass_on(1, 3);
    const ZygoteAction order = first(zygotes.spawn(0, 3, now), Kind::order);
    EXPECT_EQ(order.id, id);
    EXPECT_EQ(order.generation, 3u);
    EXPECT_TRUE(zygotes.drop(1).empty());
}

TEST_F(ZygoteDecisions, ExpectAChildWhileAnOrderIsUnderWay) {
    load();
    EXPECT_TRUE(zygotes.expects_child());
    say(ZygoteReport(ZygoteSays::forked, number, 600));
    EXPECT_FALSE(zygotes.expects_child());
}

}  // namespace
}  // namespace girin
