// New code that serves well at first and fails later, after its reload was done: the server goes back to the code
// from before, although the file of that code is gone.

#include <signal.h>

#include <filesystem>
#include <fstream>
#include <future>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class WayBack : public testing::Test {
  protected:
    WayBack() { fs::copy_file(app("version1"), library_); }

    GirinCommand command(std::vector<std::string> more = {}) {
        std::vector<std::string> args = {"-w", "2", "-b", "127.0.0.1:0", "--soak", "0.1", "--control-socket", "control"};
        args.insert(args.end(), more.begin(), more.end());
        args.push_back("./shop.so");
        GirinCommand command(args, 2);
        command.environment = {{"GIRIN_TEST_FAIL_FILE", dir_ / "fail"}};
        return command;
    }

    /// Overwritten in place, as the least careful of builds does it.
    void reload_with(GirinProcess& girin, const std::string& name) {
        std::ofstream(library_, std::ios::binary | std::ios::trunc)
            << std::ifstream(app(name), std::ios::binary).rdbuf();
        girin.hup();
    }

    /// Connections to a worker that ends are reset; the next one may be as well.
    static std::string answer(const GirinProcess& girin) {
        try {
            return get(girin.endpoint(), "/").body;
        } catch (const HttpClientError&) {
            return "none";
        }
    }

    const TempDir dir_;
    const std::string library_ = dir_ / "shop.so";
};

TEST_F(WayBack, IsTakenWhenNewCodeFailsAfterItsReload) {
    GirinProcess girin(dir_, command());
    reload_with(girin, "fails_later");
    ASSERT_TRUE(girin.wait_for_log("generation 2 serves")) << girin.log();
    EXPECT_TRUE(eventually(10s, "the new code", [&] { return answer(girin) == "later"; }));
    dir_.write("fail", "now");
    const auto back = girin.wait_for_log("going back to generation 1, as generation 3", 30s);
    ASSERT_TRUE(back) << girin.log();
    EXPECT_NE(back->find("generation 2 failed after it had taken over: 3 times an exit"), std::string::npos) << *back;
    ASSERT_TRUE(girin.wait_for_log("generation 3 serves, as generation 1 did", 30s)) << girin.log();
    EXPECT_TRUE(eventually(10s, "the former code", [&] { return answer(girin) == "v1"; })) << girin.log();
    ASSERT_TRUE(girin.workers_become(2, {}, 30s)) << girin.log();
    const pid_t killed = girin.workers().at(0);
    ::kill(killed, SIGKILL);
    ASSERT_TRUE(girin.workers_become(2, {killed}, 30s)) << girin.log();
    for (int i = 0; i < 10; ++i) EXPECT_EQ(answer(girin), "v1") << "also by those that start later";
}

TEST_F(WayBack, IsNotNeededWhileACanaryIsWatched) {
    GirinProcess girin(dir_, command({"--soak", "60"}));
    reload_with(girin, "fails_later");
    ASSERT_TRUE(eventually(20s, "the canary's answer", [&] { return answer(girin) == "later"; })) << girin.log();
    dir_.write("fail", "now");
    const auto back = girin.wait_for_log("generation 2 failed, generation 1 serves on", 20s);
    ASSERT_TRUE(back) << girin.log();
    EXPECT_NE(back->find("exited with code 9"), std::string::npos) << *back;
    EXPECT_EQ(girin.log().find("generation 2 serves"), std::string::npos) << girin.log();
    EXPECT_EQ(answer(girin), "v1");
}

TEST_F(WayBack, IsToldToWhoWaitsForIt) {
    GirinProcess girin(dir_, command({"--roll-back-window", "30"}));
    std::ofstream(library_, std::ios::binary | std::ios::trunc)
        << std::ifstream(app("fails_later"), std::ios::binary).rdbuf();
    std::future<Finished> asked = std::async(std::launch::async, [this] {
        return run_girin(dir_, {"reload", "--settled", "--control-socket", "control"});
    });
    ASSERT_TRUE(girin.wait_for_log("generation 2 serves", 30s)) << girin.log();
    dir_.write("fail", "now");
    const Finished told = asked.get();
    EXPECT_EQ(told.status.code, 1) << told.output;
    EXPECT_NE(told.error.find("generation 2 failed after it had taken over"), std::string::npos) << told.error;
    EXPECT_NE(told.error.find("; generation 3 serves, as generation 1 did"), std::string::npos) << told.error;
}

TEST_F(WayBack, ThatIsNotNeededIsToldToWhoWaitsForIt) {
    GirinProcess girin(dir_, command({"--roll-back-window", "1"}));
    const Finished told = run_girin(dir_, {"reload", "--settled", "--json", "--control-socket", "control"});
    EXPECT_EQ(told.status.code, 0) << told.error;
    EXPECT_NE(told.output.find("generation 2 serves, and has stayed well"), std::string::npos) << told.output;
}

TEST_F(WayBack, IsToldByStatus) {
    GirinProcess girin(dir_, command());
    reload_with(girin, "fails_later");
    ASSERT_TRUE(girin.wait_for_log("generation 2 serves")) << girin.log();
    dir_.write("fail", "now");
    ASSERT_TRUE(girin.wait_for_log("generation 3 serves, as generation 1 did", 30s)) << girin.log();
    const auto told = [&] {
        const std::string status = run_girin(dir_, {"status", "--json", "--control-socket", "control"}).output;
        return status.find("rolled") != std::string::npos &&
               status.find("generation 2 failed after it had taken over") != std::string::npos;
    };
    EXPECT_TRUE(eventually(10s, "the reload as rolled back", told)) << girin.log();
}

TEST_F(WayBack, IsClosedForCodeThatWasLoadedInPlace) {
    GirinCommand in_place = command();
    in_place.environment["GIRIN_LOAD_IN_PLACE"] = "1";
    GirinProcess girin(dir_, in_place);
    fs::remove(library_);  // overwriting it would crash those that run it
    reload_with(girin, "fails_later");
    ASSERT_TRUE(girin.wait_for_log("generation 2 serves")) << girin.log();
    dir_.write("fail", "now");
    const auto closed = girin.wait_for_log("Degraded: there is no way back: generation 3 failed", 30s);
    ASSERT_TRUE(closed) << girin.log();
    EXPECT_NE(closed->find("./shop.so: was loaded in place"), std::string::npos) << *closed;
}

}  // namespace
}  // namespace girin::test
