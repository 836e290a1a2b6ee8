// LoadClient judges every way in which a server can let a client down, and counts each once, in its own class.

#include <gtest/gtest.h>

#include "tests/load/load_client.hpp"
#include "tests/load/misbehaving_server.hpp"
#include "tests/load/report.hpp"
#include "tests/support/deadline.hpp"
#include "tests/support/temp_dir.hpp"

namespace girin::load {
namespace {

using std::chrono::milliseconds;

LoadOptions options_for(const test::Endpoint& server, const std::string& target) {
    LoadOptions options(server, {LoadRequest::get(target, "fine")});
    options.rate = 200;
    options.connections = 2;
    options.duration = milliseconds{100};
    options.timeout = milliseconds{1'000};
    return options;
}

LoadTotals run(const LoadOptions& options) {
    LoadClient client(options);
    client.run();
    return client.totals();
}

// Every request to `target` ends in `outcome`, and there are about as many as the rate says.
void expect_only(const std::string& target, Outcome outcome) {
    const MisbehavingServer server;
    LoadOptions options = options_for(server.endpoint(), target);
    if (outcome == Outcome::timed_out) options.timeout = milliseconds{50};
    const LoadTotals totals = run(options);
    EXPECT_GE(totals.requests(), 10u) << target;
    EXPECT_EQ(totals.count(outcome), totals.requests()) << target << "\n" << to_table(totals);
    EXPECT_EQ(totals.in_flight, 0u);
}

TEST(LoadClient, CountsWhatTheServerDoes) {
    expect_only("/ok", Outcome::ok);
    expect_only("/reset", Outcome::reset_before_bytes);
    expect_only("/close", Outcome::reset_before_bytes);
    expect_only("/reset-mid", Outcome::reset_mid_response);
    expect_only("/half-head", Outcome::reset_mid_response);
    expect_only("/short", Outcome::short_body);
    expect_only("/beginning", Outcome::short_body);
    expect_only("/500", Outcome::server_error);
    expect_only("/404", Outcome::wrong_answer);
    expect_only("/garbage", Outcome::wrong_answer);
    expect_only("/extra", Outcome::wrong_answer);
    expect_only("/wrong", Outcome::wrong_body);
    expect_only("/silent", Outcome::timed_out);
}

TEST(LoadClient, CountsARefusedConnection) {
    test::Endpoint nobody = test::Endpoint::tcp("127.0.0.1", 0);
    test::listen_on(nobody).value().reset();
    const LoadTotals totals = run(options_for(nobody, "/ok"));
    EXPECT_GE(totals.requests(), 10u);
    EXPECT_EQ(totals.count(Outcome::refused), totals.requests()) << to_table(totals);
}

TEST(LoadClient, CountsAMissingUnixSocketAsRefused) {
    const test::TempDir dir;
    const LoadTotals totals = run(options_for(test::Endpoint::unix_socket(dir / "none"), "/ok"));
    EXPECT_EQ(totals.count(Outcome::refused), totals.requests());
    EXPECT_GE(totals.losses(), 10u);
}

TEST(LoadClient, SpeaksOverAUnixSocket) {
    const test::TempDir dir;
    const MisbehavingServer server(test::Endpoint::unix_socket(dir / "s"));
    const LoadTotals totals = run(options_for(server.endpoint(), "/ok"));
    EXPECT_EQ(totals.losses(), 0u) << to_table(totals);
    EXPECT_GE(totals.ok(), 10u);
}

TEST(LoadClient, DoesNotBlameACloseBetweenRequests) {
    const MisbehavingServer server;
    LoadOptions options = options_for(server.endpoint(), "/ok-then-close");
    options.new_share = 0;
    options.connections = 1;
    options.rate = 50;
    const LoadTotals totals = run(options);
    EXPECT_EQ(totals.losses(), 0u) << to_table(totals);
    EXPECT_GE(totals.idle_closes, 3u);
}

TEST(LoadClient, BlamesACloseThatMetARequest) {
    const MisbehavingServer server;
    LoadOptions options = options_for(server.endpoint(), "/ok-then-deaf");
    options.new_share = 0;
    options.connections = 1;
    options.rate = 50;
    const LoadTotals totals = run(options);
    EXPECT_GE(totals.count(Outcome::raced_close), 1u) << to_table(totals);
    EXPECT_EQ(totals.losses(), totals.count(Outcome::raced_close)) << to_table(totals);
}

TEST(LoadClient, KeepsHalfOfItsConnections) {
    const MisbehavingServer server;
    LoadOptions options = options_for(server.endpoint(), "/ok");
    options.rate = 1'000;
    options.duration = milliseconds{200};
    const LoadTotals totals = run(options);
    EXPECT_EQ(totals.losses(), 0u) << to_table(totals);
    // Half of the requests are on a connection of their own, the others share a few.
    EXPECT_GE(totals.connections, totals.requests() / 3) << to_table(totals);
    EXPECT_LE(totals.connections, totals.requests() * 2 / 3) << to_table(totals);
}

TEST(LoadClient, HoldsItsNumberInAClosedLoop) {
    const MisbehavingServer server;
    LoadOptions options = options_for(server.endpoint(), "/ok");
    options.rate = 0;
    options.connections = 4;
    options.new_share = 0;
    const LoadTotals totals = run(options);
    EXPECT_EQ(totals.losses(), 0u) << to_table(totals);
    EXPECT_GE(totals.ok(), 100u);
    EXPECT_EQ(totals.connections, 4u);
}

TEST(LoadClient, EndsAfterAsManyRequestsAsItIsTold) {
    const MisbehavingServer server;
    for (const double rate : {0.0, 500.0}) {
        LoadOptions options = options_for(server.endpoint(), "/ok");
        options.rate = rate;
        options.duration = milliseconds{0};
        options.requests_in_all = 7;
        const LoadTotals totals = run(options);
        EXPECT_EQ(totals.ok(), 7u) << to_table(totals);
        EXPECT_EQ(totals.requests(), 7u);
    }
}

TEST(LoadClient, DoesNotSpinInAClosedLoopWhereNobodyListens) {
    test::Endpoint nobody = test::Endpoint::tcp("127.0.0.1", 0);
    test::listen_on(nobody).value().reset();
    LoadOptions options = options_for(nobody, "/ok");
    options.rate = 0;
    const LoadTotals totals = run(options);
    EXPECT_GE(totals.count(Outcome::refused), 2u);
    EXPECT_LE(totals.count(Outcome::refused), 100u);
}

TEST(LoadClient, LeavesRequestsUnsentBeyondItsLimit) {
    const MisbehavingServer server;
    LoadOptions options = options_for(server.endpoint(), "/silent");
    options.most_in_flight = 3;
    options.timeout = milliseconds{200};
    const LoadTotals totals = run(options);
    EXPECT_GE(totals.not_sent, 5u);
    EXPECT_EQ(totals.count(Outcome::timed_out), totals.requests());
}

TEST(LoadClient, KeepsATimelineAndTheFirstLosses) {
    const MisbehavingServer server;
    const LoadTotals totals = run(options_for(server.endpoint(), "/500"));
    ASSERT_FALSE(totals.timeline.empty());
    EXPECT_EQ(totals.timeline.front().losses, totals.losses());
    ASSERT_FALSE(totals.first_losses.empty());
    EXPECT_NE(totals.first_losses.front().detail.find("500"), std::string::npos);
}

TEST(LoadThread, RunsBesideATestUntilItIsFinished) {
    const MisbehavingServer server;
    LoadOptions options = options_for(server.endpoint(), "/ok");
    options.duration = milliseconds{0};
    LoadThread load(options);
    ASSERT_TRUE(test::eventually(milliseconds{5'000}, "20 answers", [&] { return load.totals().ok() >= 20; }));
    const LoadTotals totals = load.finish();
    EXPECT_GE(totals.ok(), 20u);
    EXPECT_EQ(totals.losses(), 0u) << to_table(totals);
    EXPECT_EQ(totals.in_flight, 0u);
}

TEST(LoadRequest, JudgesAnEchoByEveryByte) {
    const std::string body = random_text(100, 7);
    const LoadRequest request = LoadRequest::echo("/echo", body);
    test::HttpResponse response;
    response.status = 200;
    response.body = body;
    EXPECT_EQ(request.judge(response), Outcome::ok);
    response.body.back() ^= 1;
    EXPECT_EQ(request.judge(response), Outcome::wrong_body);
    EXPECT_NE(request.bytes(true).find("Connection: close\r\n"), std::string::npos);
    EXPECT_EQ(request.bytes(false).find("Connection: close"), std::string::npos);
}

}  // namespace
}  // namespace girin::load
