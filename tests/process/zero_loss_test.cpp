// Nothing is lost: reloads, changes of number, deaths and replacements under load, counted by a client that retries
// nothing. Not here: stopping (stopping_test.cpp), new code (application_test.cpp), proxies in front
// (proxies_test.cpp).

#include <signal.h>

#include <random>

#include <gtest/gtest.h>

#include "tests/load/report.hpp"
#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
using load::LoadThread;
using load::Outcome;

/// The ways to listen; what holds for one must hold for all.
class ZeroLoss : public testing::TestWithParam<std::string> {
  protected:
    std::vector<std::string> args(std::vector<std::string> more) const {
        const std::string address = GetParam() == "unix" ? "unix:" + (dir_ / "s") : "127.0.0.1:0";
        std::vector<std::string> all = {"-b", address, "--soak", "0.05", "--graceful-timeout", "10"};
        if (GetParam() == "reuse_port") all.push_back("--reuse-port");
        all.insert(all.end(), more.begin(), more.end());
        all.push_back("demo");
        return all;
    }

    const TempDir dir_;
};

INSTANTIATE_TEST_SUITE_P(On, ZeroLoss, testing::Values("tcp", "unix", "reuse_port"),
                         [](const auto& each) { return each.param; });

TEST_P(ZeroLoss, OverReloads) {
    GirinProcess girin(dir_, GirinCommand(args({"-w", "2"}), 2));
    LoadThread load(load_on(girin.endpoint()));
    const std::size_t reloads = in_short_or_long(5, 20);
    for (std::size_t i = 1; i <= reloads; ++i) {
        girin.hup();
        ASSERT_TRUE(girin.wait_for_log("generation " + std::to_string(i + 1) + " serves")) << girin.log();
        ASSERT_TRUE(eventually(10s, "some load", [&] { return load.totals().requests() > i * 150; }));
    }
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
}

TEST_P(ZeroLoss, OverARampUpAndDown) {
    GirinProcess girin(dir_, GirinCommand(args({"-w", "1"})));
    LoadThread load(load_on(girin.endpoint()));
    for (std::size_t workers = 2; workers <= 8; ++workers) {
        girin.ttin();
        ASSERT_TRUE(girin.workers_become(workers));
    }
    for (std::size_t workers = 7; workers >= 1; --workers) {
        girin.ttou();
        ASSERT_TRUE(girin.workers_become(workers));
    }
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
}

TEST_P(ZeroLoss, WhenWorkersRecycle) {
    const std::vector<std::string> recycling = {"-w", "2", "--max-requests", "100", "--max-requests-jitter", "50"};
    GirinProcess girin(dir_, GirinCommand(args(recycling), 2));
    LoadThread load(load_on(girin.endpoint()));
    const auto replacements = [&] { return count_of(girin.log(), "asks to be replaced: max-requests"); };
    EXPECT_TRUE(eventually(60s, "replaced workers", [&] { return replacements() >= in_short_or_long(6U, 40U); }));
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
}

/// A worker that is killed takes along what it had in hand: one request each kept connection and a few new ones.
/// Nothing else may fail, and nothing of it by refusal.
TEST_P(ZeroLoss, ButForWhatAKilledWorkerHadInHand) {
    GirinProcess girin(dir_, GirinCommand(args({"-w", "4"}), 4));
    LoadThread load(load_on(girin.endpoint(), "/sleep/5"));
    const unsigned seed = std::random_device()();
    std::mt19937 random(seed);
    const std::size_t kills = in_short_or_long(3U, 12U);
    for (std::size_t i = 1; i <= kills; ++i) {
        ASSERT_TRUE(eventually(10s, "some load", [&] { return load.totals().ok() > i * 150; }));
        const std::vector<pid_t> workers = girin.workers();
        const pid_t victim = workers[random() % workers.size()];
        ::kill(victim, SIGKILL);
        const std::string told = "(pid " + std::to_string(victim) + ") was killed by SIGKILL from outside";
        ASSERT_TRUE(girin.wait_for_log(told)) << girin.log();
        ASSERT_TRUE(girin.becomes_ready(4 + i, 0)) << "seed " << seed;
    }
    const load::LoadTotals totals = load.finish();
    const auto in_hand = totals.count(Outcome::reset_before_bytes) + totals.count(Outcome::raced_close) +
                         totals.count(Outcome::reset_mid_response);
    EXPECT_EQ(totals.losses(), in_hand) << "seed " << seed << "\n" << load::to_table(totals);
    EXPECT_LE(in_hand, kills * 20) << "seed " << seed << "\n" << load::to_table(totals);
}

}  // namespace
}  // namespace girin::test
