// Both kinds of trial without a former master: what is said to it, when it is over, and what is gone back to.

#include <fcntl.h>
#include <stdlib.h>

#include "supervisor/upgrade/handover_line.hpp"
#include "supervisor/upgrade/trial_beside.hpp"
#include "supervisor/upgrade/trial_in_place.hpp"
#include "tests/supervisor/turn/part_bench.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

/// As a former master hands over.
Predecessor make_predecessor(const Handover& handover) {
    const auto text = to_text(handover);
    EXPECT_TRUE(text);
    auto memory = write_to_memory(*text);
    EXPECT_TRUE(memory);
    ::setenv(kHandoverVariable, std::to_string(memory->release()).c_str(), 1);
    auto taken = Predecessor::take();
    EXPECT_TRUE(taken && *taken);
    return std::move(**taken);
}

class TrialTest : public PartBench {
  protected:
    /// Before trial().
    void begin(const Handover& handover) {
        predecessor_ = make_predecessor(handover);
        setup_.predecessor = &predecessor_;
        setup_.take_over = [this] {
            ++taken_over_;
            return left_some_;
        };
        standing_ = standing_at_start(setup_);
        trial_ = make_trial(common());
        ASSERT_TRUE(trial_);
        ASSERT_TRUE(trial_->begin(inbox_));
    }
    void turn_ends() { trial_->on_turn_end(os_.time, inbox_); }
    /// All that are wanted serve.
    void become_well() {
        serve(1);
        common().standing.told_ready = true;
        turn_ends();
    }

    Predecessor predecessor_;
    std::unique_ptr<Trial> trial_;
    int taken_over_ = 0;
    bool left_some_ = false;
};

class TrialBesideTest : public TrialTest {
  protected:
    TrialBesideTest() {
        auto pair = make_channel_pair();
        EXPECT_TRUE(pair);
        former_ = std::move(pair->first);
        Handover handover;
        handover.channel_fd = pair->second.release();
        begin(handover);
    }
    bool on_ready() { return trial_->on_ready(ReadySource(SourceKind::predecessor, 0), inbox_); }
    std::string heard() { return hear(former_.get()).text.value_or(""); }

    UniqueFd former_;  // its end of the line
};

TEST_F(TrialBesideTest, SaysOnceThatItIsWellAndOnceThatItIsNot) {
    EXPECT_TRUE(common().standing.predecessor_listens);
    turn_ends();
    EXPECT_EQ(heard(), "");
    become_well();
    EXPECT_EQ(heard(), kReady);
    turn_ends();
    EXPECT_EQ(heard(), "");
    decide(FleetEvent::worker_exited(0, FleetEvent::kSignalled, "crashed: SIGSEGV"));
    turn_ends();
    EXPECT_EQ(heard(), std::string(kUnwell) + "crashed: SIGSEGV");
}

TEST_F(TrialBesideTest, TakesOverWhenItIsTold) {
    common().standing.reload_waits = true;
    say(former_.get(), kTakeOver);
    EXPECT_TRUE(on_ready());
    EXPECT_EQ(put(), (Names{"TakenOver", "AnswerTaken", "reload_requested"}));
    EXPECT_EQ(taken_over_, 1);
    EXPECT_FALSE(common().standing.on_trial);
    EXPECT_FALSE(common().standing.predecessor_listens);
    EXPECT_EQ(heard(), "") << "not before all have heard of it";
    trial_->hear(AnswerTaken{true}, inbox_);
    EXPECT_EQ(heard(), kTakenInPart);
    EXPECT_FALSE(on_ready());
}

TEST_F(TrialBesideTest, TakesOverFromOneThatIsGone) {
    former_.reset();
    EXPECT_FALSE(on_ready());
    EXPECT_EQ(put(), (Names{"TakenOver", "AnswerTaken", "PredecessorGone", "SocketsChanged"}));
    EXPECT_EQ(taken_over_, 1);
}

TEST_F(TrialBesideTest, EndsWhenItIsTold) {
    say(former_.get(), kFinish);
    say(former_.get(), kGiveUp);
    EXPECT_TRUE(on_ready());
    EXPECT_EQ(put(), Names{"stop_graceful"});
    EXPECT_FALSE(on_ready());
    EXPECT_EQ(put(), Names{"stop_quick"});
    EXPECT_EQ(taken_over_, 0);
}

class TrialInPlaceTest : public TrialTest {
  protected:
    void begin_with_elder(bool has_way_back = true) {
        setup_.has_way_back = has_way_back;
        auto pair = make_channel_pair();
        ASSERT_TRUE(pair);
        elder_ = std::move(pair->second);
        Handover handover;
        handover.in_place = true;
        handover.elders.emplace_back(77, pair->first.release());
        settings_.soak = 1s;
        settings_.boot_timeout = 4s;
        begin(handover);
    }
    MessageKind heard() {
        Message message;
        return receive_message(elder_.get(), message) == Received::message ? message.kind : MessageKind::taken;
    }

    UniqueFd elder_;  // its end of its channel
};

TEST_F(TrialInPlaceTest, TakesOverAfterTheSoakAndDrainsTheElders) {
    begin_with_elder();
    EXPECT_EQ(common().standing.elders, 1u);
    EXPECT_TRUE(common().standing.may_go_back);
    EXPECT_FALSE(common().standing.predecessor_listens);
    EXPECT_EQ(trial_->next_deadline(), os_.time + 5s);
    become_well();
    EXPECT_EQ(trial_->next_deadline(), os_.time + 1s);
    os_.time += 1s;
    turn_ends();
    EXPECT_EQ(put(), (Names{"TakenOver", "AnswerTaken"}));
    EXPECT_EQ(taken_over_, 1);
    EXPECT_EQ(heard(), MessageKind::drain);
    os_.next_exit = ChildExit::with_code(0);
    trial_->on_ready(ReadySource(SourceKind::elder, 0), inbox_);
    EXPECT_EQ(common().standing.elders, 0u);
    EXPECT_FALSE(trial_->has_elders());
}

TEST_F(TrialInPlaceTest, IsGoneBackFromWhenItIsLate) {
    begin_with_elder();
    decide(FleetEvent::start(1));
    os_.time += 5s;
    turn_ends();
    EXPECT_EQ(put(), Names{"stop_graceful"});
    EXPECT_TRUE(common().standing.place_failure.starts_with("not all workers were ready in time"));
    EXPECT_EQ(taken_over_, 0);
}

TEST_F(TrialInPlaceTest, TriesOnWhereThereIsNoWayBack) {
    begin_with_elder(false);
    EXPECT_TRUE(common().standing.has_no_way_back);
    EXPECT_TRUE(common().fleet_options(settings_).outlives_first_failure);
    EXPECT_FALSE(trial_->next_deadline());
}

TEST_F(TrialInPlaceTest, StopsWithItsElders) {
    begin_with_elder();
    trial_->hear(StopsGracefully(), inbox_);
    EXPECT_EQ(heard(), MessageKind::drain);
    trial_->hear(StopsQuickly(), inbox_);
    EXPECT_EQ(heard(), MessageKind::quit);
    Handover next;
    trial_->hear(JoinHandover{&next}, inbox_);
    EXPECT_EQ(next.elders.size(), 1u);
}

TEST(Trial, IsNoneWithoutAPredecessor) {
    const Standing standing = standing_at_start(SupervisorSetup());
    EXPECT_FALSE(standing.on_trial || standing.predecessor_listens || standing.may_go_back || standing.has_no_way_back);
}

}  // namespace
}  // namespace girin::test
