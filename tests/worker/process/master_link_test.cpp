#include "worker/process/master_link.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "girin/loop/asio_loop.hpp"
#include "tests/worker/serving/loop_driver.hpp"

namespace girin::test {
namespace {

class Ear final : public MasterLink::Listener {
  public:
    void on_message(const Message& message) override { messages.push_back(message); }
    void on_master_gone() override { ++gone; }

    std::vector<Message> messages;
    int gone = 0;
};

struct MasterLinkTest : testing::Test {
    AsioLoop loop;
    LoopDriver driver{loop};
    FdPair ends = make_channel_pair().value();
    Ear ear;
    MasterLink link{loop, std::move(ends.second), ear};

    void master_says(MessageKind kind, std::int64_t value = 0, std::string text = {}) {
        EXPECT_TRUE(send_message(ends.first.get(), Message(kind, value, std::move(text))));
    }
    bool hears(std::size_t count) {
        return driver.run_until([&] { return ear.messages.size() == count; });
    }
};

TEST_F(MasterLinkTest, IsSilentUntilStartedAndMissesNothing) {
    master_says(MessageKind::drain, 250, kDrainLast);
    driver.run_turns();
    EXPECT_TRUE(ear.messages.empty());
    link.start();
    ASSERT_EQ(ear.messages.size(), 1U);
    EXPECT_EQ(ear.messages[0].kind, MessageKind::drain);
    EXPECT_EQ(ear.messages[0].value, 250);
    EXPECT_EQ(ear.messages[0].text, kDrainLast);
}

TEST_F(MasterLinkTest, TellsWhatTheMasterSaysInOrder) {
    link.start();
    for (int round = 1; round <= 3; ++round) {
        master_says(MessageKind::reopen_logs);
        master_says(MessageKind::drain, round);
        ASSERT_TRUE(hears(static_cast<std::size_t>(round) * 2));
        EXPECT_EQ(ear.messages.back().value, round);
    }
    EXPECT_EQ(ear.gone, 0);
}

TEST_F(MasterLinkTest, SendsToTheMaster) {
    link.send(MessageKind::boot_failed, 7, "no such table");
    Message message;
    ASSERT_EQ(receive_message(ends.first.get(), message), Received::message);
    EXPECT_EQ(message.kind, MessageKind::boot_failed);
    EXPECT_EQ(message.value, 7);
    EXPECT_EQ(message.text, "no such table");
}

TEST_F(MasterLinkTest, TellsOnceThatTheMasterIsGone) {
    link.start();
    master_says(MessageKind::quit);
    ends.first.reset();
    EXPECT_TRUE(driver.run_until([&] { return ear.gone > 0; }));
    EXPECT_EQ(ear.messages.size(), 1U) << "what was said before is heard";
    driver.run_turns();
    EXPECT_EQ(ear.gone, 1);
    link.send(MessageKind::ready);  // lost, and harmless
}

TEST_F(MasterLinkTest, TellsOfAMasterThatWasGoneBefore) {
    ends.first.reset();
    link.start();
    EXPECT_TRUE(driver.run_until([&] { return ear.gone == 1; }));
}

}  // namespace
}  // namespace girin::test
