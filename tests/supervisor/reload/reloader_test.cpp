// The reloader without a Fleet: what it answers, and what stands of a reload that was committed or rolled back.

#include "supervisor/reload/reloader.hpp"

#include "tests/supervisor/turn/part_bench.hpp"

namespace girin::test {
namespace {

class ReloaderTest : public PartBench {
  protected:
    ReloaderTest() {
        setup_.read_settings = [] { return Result<SettingsFile>(SettingsFile()); };
        setup_.parse_settings = [this](const SettingsFile&) { return Result<Settings>(settings_); };
    }
    Reloader& reloader() {
        if (!reloader_) reloader_ = std::make_unique<Reloader>(common());
        return *reloader_;
    }
    void carry_out(ActionKind kind, std::uint32_t generation, std::uint32_t restores = 0, const std::string& text = {}) {
        Action action(kind);
        action.generation = generation;
        action.restores = restores;
        action.text = text;
        reloader().carry_out(action, inbox_);
    }
    void check_ends(const ChildExit& how) {
        os_.next_exit = how;
        reloader().on_ready(ReadySource(SourceKind::check_end, 2), inbox_);
    }

  private:
    std::unique_ptr<Reloader> reloader_;
};

TEST_F(ReloaderTest, RefusesWhatNoChildCanCheck) {
    os_.may_fork = false;
    carry_out(ActionKind::prepare_reload, 2);
    EXPECT_EQ(put(), Names{"reload_refused"});
    EXPECT_EQ(last_event()->text, "no more processes");
    EXPECT_TRUE(reloader().children().empty());
}

TEST_F(ReloaderTest, AnswersOnceTheCheckHasEnded) {
    carry_out(ActionKind::prepare_reload, 2);
    EXPECT_TRUE(put().empty());
    EXPECT_EQ(reloader().children(), std::vector<pid_t>{os_.last_pid});
    reloader().on_ready(ReadySource(SourceKind::check_end, 2), inbox_);
    EXPECT_TRUE(put().empty()) << "it runs still";
    check_ends(ChildExit::with_signal(6));
    EXPECT_EQ(put(), Names{"reload_refused"});
    EXPECT_EQ(last_event()->text, "checking the settings crashed: SIGABRT");
    EXPECT_EQ(last_event()->generation, 2u);
    EXPECT_TRUE(reloader().children().empty());
}

TEST_F(ReloaderTest, GivesUpTheCheckOfAReloadThatIsRolledBack) {
    carry_out(ActionKind::prepare_reload, 2);
    carry_out(ActionKind::roll_back_reload, 2, 0, "it took too long");
    EXPECT_EQ(os_.sent, std::vector<int>{9});
    EXPECT_TRUE(reloader().children().empty());
    EXPECT_EQ(common().standing.trouble, "the last reload failed: it took too long");
    check_ends(ChildExit::with_code(0));
    EXPECT_TRUE(put().empty()) << "nobody waits for it any more";
}

TEST_F(ReloaderTest, GoesBackWithoutACheck) {
    ASSERT_TRUE(common().generations.prepare(2, settings_, {}));
    carry_out(ActionKind::commit_reload, 2);
    EXPECT_EQ(common().generations.committed_number(), 2u);
    carry_out(ActionKind::prepare_reload, 3, 1);
    EXPECT_EQ(put(), Names{"reload_prepared"});
    carry_out(ActionKind::commit_reload, 3, 1, "its workers crashed");
    EXPECT_EQ(common().generations.committed_number(), 3u);
    EXPECT_EQ(common().generations.former_number(), 2u);
    EXPECT_EQ(common().standing.trouble, "the last reload was rolled back: its workers crashed");
    carry_out(ActionKind::drop_generation, 2);
    EXPECT_EQ(common().generations.find(2), nullptr);
}

TEST_F(ReloaderTest, DoesntGoBackToCodeThatMayHaveChanged) {
    setup_.application_file = [](const Settings&) { return std::string("/srv/app.so"); };
    carry_out(ActionKind::prepare_reload, 2, 1);
    EXPECT_EQ(put(), Names{"reload_refused"});
    EXPECT_EQ(last_event()->text, "/srv/app.so: was loaded in place, and may have changed");
}

}  // namespace
}  // namespace girin::test
