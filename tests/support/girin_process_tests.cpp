// GirinProcess with the real girin: it starts, tells its addresses and workers, takes signals, and serves through the
// proxies of deploy/ while it reloads. What girin itself promises is tested in tests/process.

#include <gtest/gtest.h>

#include "tests/load/load_client.hpp"
#include "tests/load/report.hpp"
#include "tests/support/girin_process.hpp"
#include "tests/support/haproxy_process.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/nginx_process.hpp"

namespace girin::test {
namespace {

using load::LoadOptions;
using load::LoadRequest;
using load::LoadThread;
using load::LoadTotals;

LoadOptions demo_load(const Endpoint& endpoint) {
    LoadOptions options(endpoint, {LoadRequest::get("/", "Hello, World!"),
                                   LoadRequest::echo("/echo", load::random_text(5'000, 7))});
    options.rate = 300;
    return options;
}

// One reload under load through whatever stands at `front`.
void expect_no_loss_over_a_reload(GirinProcess& girin, const Endpoint& front) {
    LoadThread load(demo_load(front));
    std::uint64_t wanted = 100;
    const auto answered = [&] { return load.totals().requests() >= wanted; };
    ASSERT_TRUE(eventually(milliseconds{10'000}, "100 answers", answered));
    const auto old_workers = girin.workers();
    girin.hup();
    EXPECT_TRUE(girin.workers_become(old_workers.size(), old_workers)) << girin.log();
    wanted = load.totals().requests() + 100;
    ASSERT_TRUE(eventually(milliseconds{10'000}, "100 answers more", answered));
    const LoadTotals totals = load.finish();
    EXPECT_EQ(totals.losses(), 0u) << load::to_table(totals) << girin.log();
}

TEST(GirinProcess, TellsItsAddressesAndWorkers) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", "-b", "unix:" + (dir / "s"), "demo"}, 2));
    ASSERT_EQ(girin.endpoints().size(), 2u) << girin.log();
    EXPECT_NE(girin.endpoint().port, 0);
    EXPECT_EQ(girin.workers().size(), 2u);
    for (const Endpoint& endpoint : girin.endpoints()) EXPECT_EQ(get(endpoint, "/").body, "Hello, World!");
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
}

TEST(GirinProcess, WaitsForOneWorkerMore) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "demo"}));
    const auto mark = girin.mark();
    girin.ttin();
    EXPECT_TRUE(girin.becomes_ready(1, mark)) << girin.log();
    EXPECT_TRUE(girin.workers_become(2));
    girin.ttou();
    EXPECT_TRUE(girin.workers_become(1)) << girin.log();
}

TEST(GirinProcess, ThrowsTheLogOfAStartThatFails) {
    const TempDir dir;
    try {
        GirinProcess girin(dir, GirinCommand({"-b", "127.0.0.1:0", "./missing.so"}));
        FAIL() << "it started";
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find("missing.so"), std::string::npos) << error.what();
    }
}

TEST(GirinProcess, ReloadsBehindNginxWithoutALoss) {
    if (!NginxProcess::installed()) GTEST_SKIP() << "nginx isn't installed";
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "2", "-b", "unix:" + (dir / "s"), "--keep-alive", "75", "demo"}, 2));
    NginxProcess nginx(dir, NginxOptions(girin.endpoint()));
    expect_no_loss_over_a_reload(girin, nginx.endpoint());
    EXPECT_EQ(nginx.log().find("[error]"), std::string::npos) << nginx.log();
}

TEST(GirinProcess, ReloadsBehindHaproxyWithoutALoss) {
    if (!HaproxyProcess::installed()) GTEST_SKIP() << "HAProxy isn't installed";
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", "--keep-alive", "75", "demo"}, 2));
    HaproxyProcess haproxy(dir, HaproxyOptions(girin.endpoint()));
    expect_no_loss_over_a_reload(girin, haproxy.endpoint());
}

}  // namespace
}  // namespace girin::test
