// Which of the server's events hooks are told, and with what facts; an embedder's callbacks hear them here.

#include "supervisor/hooks/hooks_part.hpp"

#include "tests/supervisor/turn/part_bench.hpp"

namespace girin::test {
namespace {

class HooksPartTest : public PartBench {
  protected:
    HooksPartTest() {
        const auto note = [this](const HookFacts& facts) { told_.push_back(facts); };
        setup_.callbacks.on_ready = note;
        setup_.callbacks.on_reload = note;
        setup_.callbacks.on_worker_exit = note;
        setup_.callbacks.on_degraded = note;
        settings_.name = "shop";
    }
    HooksPart& hooks() {
        if (!hooks_) hooks_ = std::make_unique<HooksPart>(common());
        return *hooks_;
    }
    void carry_out(ActionKind kind, std::uint32_t generation, std::uint32_t restores = 0) {
        Action action(kind);
        action.generation = generation;
        action.restores = restores;
        action.text = "why";
        hooks().carry_out(action, inbox_);
    }

    std::vector<HookFacts> told_;

  private:
    std::unique_ptr<HooksPart> hooks_;
};

TEST_F(HooksPartTest, HearThatTheFirstGenerationServes) {
    hooks().hear(FirstReady(), inbox_);
    ASSERT_EQ(told_.size(), 1u);
    EXPECT_EQ(told_[0].event, HookEvent::ready);
    EXPECT_EQ(told_[0].name, "shop");
    EXPECT_EQ(told_[0].generation, 1u);
}

TEST_F(HooksPartTest, HearHowAWorkerEnded) {
    ExitStory story;
    story.sentence = "crashed: SIGSEGV";
    hooks().hear(WorkerEnded{3, 4711, 2, ChildExit::with_signal(11), story}, inbox_);
    ASSERT_EQ(told_.size(), 1u);
    EXPECT_EQ(told_[0].generation, 2u) << "its own";
    ASSERT_TRUE(told_[0].worker);
    EXPECT_EQ(told_[0].worker->slot, 3u);
    EXPECT_EQ(told_[0].worker->signal, 11);
    EXPECT_FALSE(told_[0].worker->exit_code);
}

TEST_F(HooksPartTest, HearHowAReloadEnded) {
    carry_out(ActionKind::commit_reload, 2);
    carry_out(ActionKind::roll_back_reload, 3);
    ASSERT_EQ(told_.size(), 2u);
    EXPECT_EQ(told_[0].outcome, "reloaded");
    EXPECT_EQ(told_[1].outcome, "rolled-back");
    EXPECT_EQ(told_[1].generation, 3u);
    EXPECT_EQ(told_[1].reason, "why");
}

TEST_F(HooksPartTest, HearOfTheGenerationThatWasGoneBackFrom) {
    ASSERT_TRUE(common().generations.prepare(2, settings_, {}));
    common().generations.commit(2);
    ASSERT_TRUE(common().generations.prepare_like(3, 1));
    common().generations.commit(3);
    carry_out(ActionKind::commit_reload, 3, 1);
    ASSERT_EQ(told_.size(), 1u);
    EXPECT_EQ(told_[0].generation, 2u);
    EXPECT_EQ(told_[0].outcome, "rolled-back");
}

TEST_F(HooksPartTest, HearWhyTheServerIsDegradedAndNothingElse) {
    carry_out(ActionKind::report_degraded, 1);
    carry_out(ActionKind::report_recovered, 1);
    carry_out(ActionKind::log, 1);
    ASSERT_EQ(told_.size(), 1u);
    EXPECT_EQ(told_[0].reason, "why");
}

}  // namespace
}  // namespace girin::test
