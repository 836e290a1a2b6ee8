// What a service manager is told: in virtual time.

#include "supervisor/systemd/service_report.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace girin {
namespace {

using namespace std::chrono_literals;
using Messages = std::vector<std::string>;

class ServiceReports : public testing::Test {
  protected:
    ServiceReports() {
        facts_.wanted = 4;
        facts_.ready = 4;
        facts_.started = true;
    }

    Messages update(Duration after = {}) {
        now_ += after;
        return report_.update(facts_, now_);
    }

    ServiceReport report_;
    ServiceFacts facts_;
    TimePoint now_{1000s};
};

bool has(const Messages& messages, const std::string& message) {
    return std::ranges::find(messages, message) != messages.end();
}

TEST_F(ServiceReports, TellReadyOnceAllWorkersWere) {
    facts_.started = false;
    facts_.ready = 3;
    const Messages early = update();
    EXPECT_FALSE(has(early, "READY=1"));
    EXPECT_TRUE(has(early, "STATUS=starting: 3 of 4 workers ready, generation 1"));
    facts_.started = true;
    facts_.ready = 4;
    EXPECT_EQ(update(), (Messages{"READY=1", "STATUS=4 of 4 workers ready, generation 1"}));
    EXPECT_EQ(update(), Messages{}) << "nothing is told twice";
}

TEST_F(ServiceReports, TellOfAReloadWithItsTime) {
    update();
    report_.on_reload_asked();
    facts_.reloading = true;
    EXPECT_TRUE(has(update(1s), "RELOADING=1\nMONOTONIC_USEC=1001000000"));
    facts_.reloading = false;
    facts_.generation = 2;
    EXPECT_EQ(update(), (Messages{"READY=1", "STATUS=4 of 4 workers ready, generation 2"}));
}

TEST_F(ServiceReports, TellOfAReloadOnceMoreWhenItIsAskedForInBetween) {
    update();
    facts_.reloading = true;
    update();
    report_.on_reload_asked();
    EXPECT_TRUE(has(update(5s), "RELOADING=1\nMONOTONIC_USEC=1005000000"));
    facts_.reloading = false;
    EXPECT_TRUE(has(update(), "READY=1"));
}

TEST_F(ServiceReports, TellOfAReloadThatEndsAtOnce) {
    update();
    report_.on_reload_asked();
    EXPECT_EQ(update(), (Messages{"RELOADING=1\nMONOTONIC_USEC=1000000000", "READY=1"}));
}

TEST_F(ServiceReports, TellStoppingOnceAndAskForTime) {
    update();
    facts_.stopping = true;
    const Messages stop = update();
    EXPECT_TRUE(has(stop, "STOPPING=1"));
    EXPECT_TRUE(has(stop, "EXTEND_TIMEOUT_USEC=20000000"));
    facts_.ready = 2;
    EXPECT_EQ(update(9s), (Messages{"STATUS=stopping: 2 workers left to drain"}));
    EXPECT_EQ(update(1s), (Messages{"EXTEND_TIMEOUT_USEC=20000000"}));
    EXPECT_EQ(report_.next_deadline(), now_ + 10s);
}

TEST_F(ServiceReports, GiveSignsOfLifeTwiceInTheTimeAllowed) {
    report_ = ServiceReport(10s);
    EXPECT_TRUE(has(update(), "WATCHDOG=1"));
    EXPECT_EQ(report_.next_deadline(), now_ + 5s);
    EXPECT_FALSE(has(update(4999ms), "WATCHDOG=1"));
    EXPECT_TRUE(has(update(1ms), "WATCHDOG=1"));
}

TEST_F(ServiceReports, GiveNoSignOfLifeWhileNobodyServes) {
    report_ = ServiceReport(10s);
    update();
    facts_.degraded = true;
    facts_.ready = 1;
    EXPECT_TRUE(has(update(5s), "WATCHDOG=1")) << "one worker serves";
    facts_.ready = 0;
    EXPECT_FALSE(has(update(5s), "WATCHDOG=1"));
    facts_.ready = 1;
    EXPECT_TRUE(has(update(5s), "WATCHDOG=1"));
}

TEST_F(ServiceReports, TellTroubleInOneLine) {
    facts_.degraded = true;
    facts_.ready = 3;
    facts_.trouble = "the last failure: exited\nwith code 3";
    const Messages told = update();
    EXPECT_TRUE(has(told, "STATUS=degraded: 3 of 4 workers ready, generation 1; the last failure: exited with code 3"));
}

}  // namespace
}  // namespace girin
