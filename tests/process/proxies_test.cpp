// The real girin behind the real nginx and HAProxy, with the configuration that operators copy (deploy/), over TCP and
// over a Unix socket.

#include <gtest/gtest.h>

#include <memory>
#include <ostream>

#include "tests/process/process_tools.hpp"
#include "tests/support/haproxy_process.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/nginx_process.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

struct Setting {
    std::string proxy;
    std::string socket;
};

void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.proxy << " over " << setting.socket; }

class Behind : public testing::TestWithParam<Setting> {
  protected:
    void SetUp() override {
        const bool is_here = is_nginx() ? NginxProcess::installed() : HaproxyProcess::installed();
        if (!is_here) GTEST_SKIP() << GetParam().proxy << " isn't installed";
        start("demo");
    }

    bool is_nginx() const { return GetParam().proxy == "nginx"; }

    void start(const std::string& application) {
        const std::string address = GetParam().socket == "unix" ? "unix:" + (dir_ / "s") : "127.0.0.1:0";
        girin_ = nullptr;
        const std::vector<std::string> args = {"-w", "2", "-b", address, "--keep-alive", "75", "--soak", "0.1",
                                               "--graceful-timeout", "3", application};
        girin_ = std::make_unique<GirinProcess>(dir_, GirinCommand(args, 2));
        if (is_nginx()) {
            nginx_ = nullptr;
            nginx_ = std::make_unique<NginxProcess>(dir_, NginxOptions(girin_->endpoint()));
            front_ = nginx_->endpoint();
        } else {
            haproxy_ = nullptr;
            haproxy_ = std::make_unique<HaproxyProcess>(dir_, HaproxyOptions(girin_->endpoint()));
            front_ = haproxy_->endpoint();
        }
    }

    std::string proxy_log() const { return nginx_ ? nginx_->log() : haproxy_->log(); }

    const TempDir dir_;
    std::unique_ptr<GirinProcess> girin_;
    std::unique_ptr<NginxProcess> nginx_;
    std::unique_ptr<HaproxyProcess> haproxy_;
    Endpoint front_;
};

INSTANTIATE_TEST_SUITE_P(A, Behind,
                         testing::Values(Setting{"nginx", "tcp"}, Setting{"nginx", "unix"}, Setting{"haproxy", "tcp"},
                                         Setting{"haproxy", "unix"}),
                         [](const auto& each) { return each.param.proxy + "_over_" + each.param.socket; });

bool has(const std::string& json, const std::string& part) { return json.find(part) != std::string::npos; }

TEST_P(Behind, ProxyIsBelievedAboutTheClient) {
    HttpClient client(front_);
    const std::string told = client.get("/info", {{"Host", "shop.example"}}).body;
    EXPECT_TRUE(has(told, "\"client\":\"127.0.0.1\"")) << told;
    EXPECT_TRUE(has(told, "\"scheme\":\"http\"")) << told;
    EXPECT_TRUE(has(told, "\"host\":\"shop.example\"")) << told;
    EXPECT_EQ(client.get("/").body, "Hello, World!");
    EXPECT_EQ(client.get("/nothing").status, 404);
    EXPECT_EQ(client.request("POST", "/info").status, 405);
}

/// Up, then down: nginx sends no more of a body once an answer begins, so that a large echo can't be a stream through
/// it.
TEST_P(Behind, ProxyTakesLargeBodiesUpAndDown) {
    HttpClient down(front_, 20s);
    EXPECT_EQ(down.get("/stream/320/65536").body.size(), 20U << 20);
    start(app("synchronous"));
    const std::string body = load::random_text(20 << 20, 7);
    HttpClient up(front_, 20s);
    const HttpResponse answer = up.request("POST", "/echo", {{"Content-Type", "application/octet-stream"}}, body);
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.body == body) << answer.body.size() << " bytes came back";
}

/// The proxies' own connections to girin are what a reload would break first: they are kept, and shared by all clients.
TEST_P(Behind, ProxyLosesNothingOverReloads) {
    load::LoadThread load(load_on(front_, "/", 200));
    const std::size_t reloads = in_short_or_long(2, 10);
    for (std::size_t i = 1; i <= reloads; ++i) {
        girin_->hup();
        ASSERT_TRUE(girin_->wait_for_log("generation " + std::to_string(i + 1) + " serves")) << girin_->log();
    }
    EXPECT_TRUE(nothing_lost(load.finish())) << girin_->log() << proxy_log();
    if (nginx_) {
        EXPECT_EQ(count_of(nginx_->log(), "[error]"), 0U) << nginx_->log();
    }
}

TEST_P(Behind, ProxyKeepsItsConnectionsToGirin) {
    for (int i = 0; i < 30; ++i) EXPECT_EQ(get(front_, "/").status, 200);
    std::size_t sockets = 0;
    for (const pid_t worker : girin_->workers()) {
        for (const std::string& target : fd_targets(worker)) sockets += target.starts_with("socket:");
    }
    // Channel and listener of two workers, and the connections: a few that 30 clients shared.
    EXPECT_GT(sockets, 4U) << "no connection was kept";
    EXPECT_LE(sockets, 4U + 10U) << "each client had a connection of its own";
}

}  // namespace
}  // namespace girin::test
