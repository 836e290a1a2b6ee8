// SlowClients hold on until they are closed, answered or called off.

#include <gtest/gtest.h>

#include "tests/load/misbehaving_server.hpp"
#include "tests/load/slow_clients.hpp"

namespace girin::load {
namespace {

using std::chrono::milliseconds;

SlowOptions options_for(const MisbehavingServer& server, Slowness slowness, const std::string& target = "/ok") {
    SlowOptions options(server.endpoint(), slowness);
    options.count = 5;
    options.interval = milliseconds{2};
    options.duration = milliseconds{100};
    options.target = target;
    return options;
}

TEST(SlowClients, HoldOnWhenTheServerLetsThem) {
    const MisbehavingServer server;
    for (const Slowness slowness : {Slowness::silent, Slowness::slow_header}) {
        const SlowTotals totals = SlowClients(options_for(server, slowness)).wait();
        EXPECT_EQ(totals.connected, 5u);
        EXPECT_EQ(totals.still_open, 5u);
        EXPECT_TRUE(totals.answers.empty());
    }
}

TEST(SlowClients, CountAnswersAndCloses) {
    const MisbehavingServer server;
    const SlowTotals answered = SlowClients(options_for(server, Slowness::slow_body, "/404")).wait();
    EXPECT_EQ(answered.answers.at(404), 5u);
    const SlowTotals closed = SlowClients(options_for(server, Slowness::slow_body, "/close")).wait();
    EXPECT_EQ(closed.closed + closed.reset, 5u);
    EXPECT_EQ(closed.still_open, 0u);
}

TEST(SlowClients, ReadAByteAtATime) {
    const MisbehavingServer server;
    const SlowTotals totals = SlowClients(options_for(server, Slowness::slow_reader)).wait();
    EXPECT_EQ(totals.still_open, 5u);
    EXPECT_GE(totals.bytes_read, 5u);
    EXPECT_LE(totals.bytes_read, 5u * 60);
}

TEST(SlowClients, EndWhenTheyAreCalledOff) {
    const MisbehavingServer server;
    SlowOptions options = options_for(server, Slowness::silent);
    options.duration = std::chrono::minutes{10};
    SlowClients clients(options);
    const SlowTotals totals = clients.finish();
    EXPECT_EQ(totals.closed, 0u);
}

}  // namespace
}  // namespace girin::load
