// A program with girin within it, and what its callbacks are told in the master over a server's life: true facts, each
// once, and in order; one that throws or takes long does no harm.

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

class Callbacks : public testing::Test {
  protected:
    GirinCommand embedding(std::vector<std::string> args, std::map<std::string, std::string> environment = {}) const {
        args.insert(args.begin(), {"-n", "shop", "-b", "127.0.0.1:0", "--soak", "0.1"});
        GirinCommand command(std::move(args));
        command.program = program_;
        command.environment = std::move(environment);
        command.environment["FACTS"] = dir_ / "facts";
        return command;
    }
    std::string facts() const { return std::filesystem::exists(dir_ / "facts") ? read_file(dir_ / "facts") : ""; }
    [[nodiscard]] testing::AssertionResult tells(const std::string& text) const {
        auto told = eventually(15s, "'" + text + "'", [&] { return facts().find(text) != std::string::npos; });
        return told ? told : told << "; there is: " << facts();
    }
    /// "of shop by PID in PID at ADDRESS": what each line of this server has.
    static std::string of(const GirinProcess& girin) {
        const std::string pid = std::to_string(girin.pid());
        return " of shop by " + pid + " in " + pid + " at " + girin.endpoint().to_text() + ", generation ";
    }

    const std::string program_ = std::filesystem::path(app("minimal")).replace_filename("embedding");
    const TempDir dir_;
};

TEST_F(Callbacks, AreToldOfAServersWholeLife) {
    GirinCommand command = embedding({"-w", "2"});
    command.ready_workers = 2;
    GirinProcess girin(dir_, command);
    EXPECT_TRUE(tells("2 ready" + of(girin) + "1:\n"));
    const std::string pid = std::to_string(girin.pid());
    EXPECT_TRUE(facts().starts_with("1 starting of shop by " + pid + " in " + pid + " at 127.0.0.1:0, generation 1:\n"))
        << facts();
    EXPECT_EQ(get(girin.endpoint(), "/").body, "embedded");

    const std::string victim = get(girin.endpoint(), "/pid").body;
    ::kill(std::stoi(victim), SIGKILL);
    EXPECT_TRUE(tells("3 worker-exit" + of(girin) + "1: slot "));
    EXPECT_TRUE(tells(", pid " + victim + " was killed by SIGKILL from outside, code none, signal 9\n"));
    ASSERT_TRUE(girin.becomes_ready(3, 0)) << girin.log();

    girin.hup();
    EXPECT_TRUE(tells(" reload" + of(girin) + "2: reloaded\n"));
    EXPECT_TRUE(eventually(15s, "both old workers' ends", [&] { return count_of(facts(), " has finished") == 2; })) << facts();
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    EXPECT_EQ(count_of(facts(), "worker-exit"), 5U) << facts();
    EXPECT_EQ(count_of(facts(), "\n"), 8U) << "nothing is told twice:\n" << facts();
    EXPECT_TRUE(facts().find("\n8 worker-exit of shop by " + pid) != std::string::npos) << facts();
}

TEST_F(Callbacks, AreToldWhyAReloadWasRolledBack) {
    dir_.write("girin.conf", "workers = 1\n");
    GirinProcess girin(dir_, embedding({"-c", dir_ / "girin.conf"}));
    dir_.write("girin.conf", "wrokers = 1\n");
    girin.hup();
    EXPECT_TRUE(tells(" reload" + of(girin) + "2: rolled-back because ")) << girin.log();
    EXPECT_NE(facts().find("wrokers"), std::string::npos) << facts();
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
}

TEST_F(Callbacks, AreToldOfACrashLoop) {
    GirinProcess girin(dir_, embedding({"-w", "1"}));
    for (std::size_t ready = 2; facts().find("degraded") == std::string::npos && ready < 6; ++ready) {
        provoke(girin.endpoint(), "/exit/5");
        ASSERT_TRUE(girin.becomes_ready(ready, 0)) << girin.log();
    }
    EXPECT_TRUE(tells(" exited with code 5, code 5, signal none\n"));
    EXPECT_TRUE(tells(" degraded" + of(girin) + "1: because "));
    EXPECT_EQ(count_of(facts(), " degraded "), 1U) << facts();
}

TEST_F(Callbacks, ThatThrowAreALineInTheLog) {
    GirinProcess girin(dir_, embedding({"-w", "1"}, {{"THROWS", "worker-exit"}}));
    ::kill(girin.workers().at(0), SIGKILL);
    EXPECT_TRUE(girin.wait_for_log("callback on-worker-exit has thrown: thrown by the callback")) << girin.log();
    ASSERT_TRUE(girin.becomes_ready(2, 0)) << girin.log();
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    EXPECT_EQ(count_of(facts(), "worker-exit"), 2U) << facts();
}

TEST_F(Callbacks, ThatTakeLongAreToldOf) {
    GirinProcess girin(dir_, embedding({"-w", "1"}, {{"DAWDLES", "reload"}}));
    girin.hup();
    const auto told = girin.wait_for_log("Callback on-reload took ");
    ASSERT_TRUE(told) << girin.log();
    EXPECT_NE(told->find("nothing was supervised meanwhile"), std::string::npos) << *told;
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    EXPECT_EQ(count_of(girin.log(), "Callback on-reload"), 1U) << girin.log();
}

TEST_F(Callbacks, MayRefuseTheStart) {
    Command start(program_, embedding({"-w", "1"}).args);
    start.directory = dir_.path();
    start.environment = {{"FACTS", dir_ / "facts"}, {"THROWS", "starting"}};
    ChildProcess girin(start);
    EXPECT_EQ(girin.wait_exit(15s), (ExitStatus{3, 0}));
    EXPECT_NE(girin.standard_error().find("callback on-starting has thrown: thrown by the callback"), std::string::npos)
        << girin.standard_error();
    EXPECT_EQ(girin.standard_error().find("Listening at"), std::string::npos) << girin.standard_error();
}

}  // namespace
}  // namespace girin::test
