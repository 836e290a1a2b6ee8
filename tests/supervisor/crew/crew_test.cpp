// The crew without a Fleet that listens and without workers: what it puts into the inbox, and what workers are told.

#include "supervisor/crew/crew.hpp"

#include "tests/supervisor/turn/part_bench.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

class CrewTest : public PartBench {
  protected:
    Action action(ActionKind kind, std::size_t slot = 0) {
        Action made(kind);
        made.slot = slot;
        made.generation = 1;
        made.patience = 31s;
        return made;
    }
    bool on_ready(SourceKind kind, std::size_t slot = 0) {
        return crew_.on_ready(ReadySource(kind, static_cast<std::uint32_t>(slot)), inbox_);
    }
    void says(MessageKind kind, std::size_t slot = 0) {
        EXPECT_TRUE(send_message(far_ends_.at(slot).get(), Message(kind)));
    }
    Message hears(std::size_t slot = 0) {
        Message message;
        EXPECT_EQ(receive_message(far_ends_.at(slot).get(), message), Received::message);
        return message;
    }

    Crew crew_{common()};
};

TEST_F(CrewTest, AnswersEachSpawn) {
    crew_.carry_out(action(ActionKind::spawn), inbox_);
    EXPECT_EQ(put(), Names{"worker_spawned"});
    EXPECT_EQ(last_event()->pid, os_.last_pid);
    EXPECT_EQ(crew_.children(), std::vector<pid_t>{os_.last_pid});
    os_.may_fork = false;
    crew_.carry_out(action(ActionKind::spawn, 1), inbox_);
    EXPECT_EQ(put(), Names{"worker_spawn_failed"});
    EXPECT_EQ(last_event()->text, "no more processes");
}

TEST_F(CrewTest, RefusesAGenerationThatIsGone) {
    Action spawn = action(ActionKind::spawn);
    spawn.generation = 7;
    crew_.carry_out(spawn, inbox_);
    EXPECT_EQ(put(), Names{"worker_spawn_failed"});
    EXPECT_EQ(last_event()->text, "generation 7 is gone");
}

TEST_F(CrewTest, DealsWithOneThingThatAWorkerSaysAtATime) {
    add_worker(0);
    says(MessageKind::ready);
    says(MessageKind::recycle);
    EXPECT_TRUE(on_ready(SourceKind::worker_channel));
    EXPECT_EQ(put(), Names{"worker_ready"});
    says(MessageKind::leaving);  // meanwhile: it is for another turn
    EXPECT_TRUE(on_ready(SourceKind::worker_channel));
    EXPECT_EQ(put(), Names{"worker_asks_recycle"});
    EXPECT_FALSE(on_ready(SourceKind::worker_channel));
    EXPECT_TRUE(on_ready(SourceKind::worker_channel));
    EXPECT_EQ(put(), Names{"worker_leaves"});
    EXPECT_FALSE(on_ready(SourceKind::worker_channel));
}

TEST_F(CrewTest, HearsLastWordsBeforeTheEnd) {
    add_worker(0);
    says(MessageKind::boot_failed);
    os_.next_exit = ChildExit::with_code(3);
    EXPECT_TRUE(on_ready(SourceKind::worker_end));
    EXPECT_EQ(put(), Names{"worker_boot_failed"});
    EXPECT_FALSE(on_ready(SourceKind::worker_end));
    EXPECT_EQ(put(), (Names{"WorkerEnded", "worker_exited", "CloseUnused", "ReapAdopted"}));
    EXPECT_TRUE(crew_.children().empty());
}

TEST_F(CrewTest, TakesNoNoticeOfAWorkerThatRunsStill) {
    add_worker(0);
    EXPECT_FALSE(on_ready(SourceKind::worker_end));
    EXPECT_FALSE(on_ready(SourceKind::worker_end, 5)) << "nobody is there";
    EXPECT_TRUE(inbox_.empty());
}

TEST_F(CrewTest, LeavesTheQueueToWhoeverGoesOn) {
    add_worker(0);
    crew_.carry_out(action(ActionKind::tell_drain), inbox_);
    EXPECT_EQ(hears().text, "") << "others of ours serve";
    decide(FleetEvent::start(1));
    decide(FleetEvent::stop_graceful());
    crew_.carry_out(action(ActionKind::tell_drain), inbox_);
    const Message last = hears();
    EXPECT_EQ(last.text, kDrainLast);
    EXPECT_EQ(last.value, 30'000) << "a second less than the Fleet waits";
    common().standing.retiring = true;
    crew_.carry_out(action(ActionKind::tell_drain), inbox_);
    EXPECT_EQ(hears().text, "") << "the successor serves";
    common().standing.left_some = true;
    crew_.carry_out(action(ActionKind::tell_drain), inbox_);
    EXPECT_EQ(hears().text, kDrainLast) << "but not all of it";
}

TEST_F(CrewTest, SignalsAndTellsTheOneThatIsMeant) {
    add_worker(0);
    add_worker(1);
    crew_.carry_out(action(ActionKind::tell_quit, 1), inbox_);
    EXPECT_EQ(hears(1).kind, MessageKind::quit);
    Action kill = action(ActionKind::signal, 0);
    kill.signal_number = 9;
    crew_.carry_out(kill, inbox_);
    EXPECT_EQ(os_.sent, std::vector<int>{9});
    crew_.hear(AskLogLevel{LogLevel::debug, "debug"}, inbox_);
    EXPECT_EQ(hears(0).kind, MessageKind::log_level);
    EXPECT_EQ(hears(1).text, "debug");
}

TEST_F(CrewTest, AnswersWhoAskedForNewLogs) {
    crew_.hear(AskReopenLogs(), inbox_);
    EXPECT_EQ(put(), Names{"LogsReopened"});
    crew_.hear(AskReopenLogs{12}, inbox_);
    EXPECT_EQ(put(), (Names{"LogsReopened", "AnswerRequest"}));
    EXPECT_EQ(last_order<AnswerRequest>()->answer.id, 12u);
}

TEST_F(CrewTest, NamesItsWorkersForTheNextBinary) {
    add_worker(0);
    Handover handover;
    crew_.hear(JoinHandover{&handover}, inbox_);
    ASSERT_EQ(handover.elders.size(), 1u);
    EXPECT_EQ(handover.elders[0].pid, os_.last_pid);
}

TEST_F(CrewTest, HoldsNobodyInAForkedChild) {
    add_worker(0);
    crew_.let_go();
    EXPECT_TRUE(crew_.children().empty());
    EXPECT_TRUE(os_.sent.empty());
}

}  // namespace
}  // namespace girin::test
