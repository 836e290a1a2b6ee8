// The succession without a successor that lives: what operators' wishes become, and what follows from an upgrade's end.

#include "supervisor/upgrade/succession.hpp"

#include <signal.h>

#include "tests/supervisor/turn/part_bench.hpp"

namespace girin::test {
namespace {

class SuccessionTest : public PartBench {
  protected:
    Succession& succession() {
        if (!succession_) succession_ = std::make_unique<Succession>(common());
        return *succession_;
    }
    /// Asked for, and begun when nothing else is under way.
    void upgrade() {
        succession().hear(AskUpgrade(), inbox_);
        common().standing.told_ready = true;
        succession().on_turn_end(os_.time, inbox_);
    }

  private:
    std::unique_ptr<Succession> succession_;
};

TEST_F(SuccessionTest, StopsOnceThoughAskedAgain) {
    succession().hear(AskStop(), inbox_);
    EXPECT_EQ(put(), (Names{"RefuseNewcomers", "StopsGracefully", "stop_graceful"})) << "first nobody new is taken";
    succession().hear(AskStop(), inbox_);
    EXPECT_TRUE(put().empty());
    succession().hear(AskQuickStop{SIGINT}, inbox_);
    EXPECT_EQ(put(), (Names{"StopsQuickly", "stop_quick"}));
}

TEST_F(SuccessionTest, ReloadsUnlessAPredecessorListens) {
    succession().hear(AskReload(), inbox_);
    EXPECT_EQ(put(), Names{"reload_requested"});
    common().standing.predecessor_listens = true;
    succession().hear(AskReload(), inbox_);
    EXPECT_TRUE(put().empty());
    EXPECT_TRUE(common().standing.reload_waits);
}

TEST_F(SuccessionTest, WaitsForAReloadToEnd) {
    succession().hear(AskUpgrade(), inbox_);
    succession().on_turn_end(os_.time, inbox_);
    EXPECT_TRUE(inbox_.empty()) << "the first generation doesn't serve yet";
    EXPECT_FALSE(common().standing.upgrading);
}

TEST_F(SuccessionTest, TellsWhyThereIsNoSuccessorAndReloadsThen) {
    common().standing.reload_waits = true;
    upgrade();
    EXPECT_EQ(put(), (Names{"UpgradeFailed", "reload_requested"}));
    EXPECT_EQ(common().standing.trouble, "the last upgrade failed: the path of our binary isn't known");
    EXPECT_FALSE(common().standing.reload_waits);
    EXPECT_FALSE(common().standing.upgrading);
    EXPECT_TRUE(succession().children().empty());
}

TEST_F(SuccessionTest, WatchesASuccessorToItsEnd) {
    setup_.program.path = "/usr/bin/girin";
    bool taken_back = false;
    setup_.take_back = [&taken_back] { taken_back = true; };
    upgrade();
    EXPECT_EQ(succession().children(), std::vector<pid_t>{os_.last_pid});
    EXPECT_EQ(common().standing.successor, os_.last_pid);
    EXPECT_TRUE(common().standing.upgrading);
    os_.next_exit = ChildExit::with_code(3);
    succession().on_ready(ReadySource(SourceKind::successor_end, 0), inbox_);
    EXPECT_EQ(put(), Names{"UpgradeFailed"});
    EXPECT_TRUE(taken_back);
    EXPECT_EQ(common().standing.successor, 0);
    EXPECT_TRUE(succession().children().empty());
}

TEST_F(SuccessionTest, StopsASuccessorBeforeItself) {
    setup_.program.path = "/usr/bin/girin";
    upgrade();
    succession().hear(AskStop(), inbox_);
    EXPECT_EQ(put(), (Names{"UpgradeFailed", "RefuseNewcomers", "StopsGracefully", "stop_graceful"}));
}

}  // namespace
}  // namespace girin::test
