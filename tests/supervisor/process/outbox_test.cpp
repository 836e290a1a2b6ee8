#include "supervisor/process/outbox.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "supervisor/process/spawn.hpp"

namespace girin::test {
namespace {

struct OutboxTest : testing::Test {
    FdPair ends = make_channel_pair().value();
    Outbox outbox;
    TimePoint now{};

    void fill() {
        while (send_message(ends.first.get(), Message(MessageKind::draining, 0, std::string(Message::kMaxText, 'x')))) {
        }
    }
    Result<void> say(const Message& message, std::span<const int> descriptors = {}) {
        return outbox.send(ends.first.get(), message, descriptors, now);
    }
    void wait() {
        now += Outbox::kRetry;
        EXPECT_TRUE(outbox.on_deadline(ends.first.get(), now));
    }
    /// What the reader finds, without what filled the channel.
    std::vector<Message> read() {
        std::vector<Message> found;
        Message message;
        while (receive_message(ends.second.get(), message, came_along) == Received::message) {
            if (message.kind != MessageKind::draining) found.push_back(message);
        }
        return found;
    }

    std::vector<UniqueFd> came_along;
};

// FAULTS 7, siblings of what is dropped in silence: answers to operators, and "open your logs anew".
TEST_F(OutboxTest, SaysAgainWhatDidntFit) {
    fill();
    EXPECT_TRUE(say(Message(MessageKind::answer, 1, "first")));
    EXPECT_TRUE(say(Message(MessageKind::answer, 2, "second")));
    wait();
    EXPECT_TRUE(outbox.next_deadline()) << "the channel is full still";
    EXPECT_TRUE(read().empty());
    EXPECT_TRUE(say(Message(MessageKind::answer, 3, "third"))) << "in order, although there is room";
    wait();
    const std::vector<Message> found = read();
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].text, "first");
    EXPECT_EQ(found[2].text, "third");
    EXPECT_FALSE(outbox.next_deadline());
}

TEST_F(OutboxTest, KeepsDescriptorsAndTheLastOfAKind) {
    const UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    fill();
    for (int i = 1; i <= 100; ++i) {
        UniqueFd copy(::fcntl(file.get(), F_DUPFD_CLOEXEC, 0));
        const int descriptors[] = {copy.get()};
        EXPECT_TRUE(say(Message(MessageKind::reopen_logs, i), descriptors));
    }
    EXPECT_TRUE(read().empty());
    wait();
    const std::vector<Message> found = read();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].value, 100);
}

TEST_F(OutboxTest, HasAnEnd) {
    fill();
    for (std::size_t i = 0; i < Outbox::kMost; ++i) EXPECT_TRUE(say(Message(MessageKind::answer, 1)));
    EXPECT_FALSE(say(Message(MessageKind::answer, 1)));
}

TEST_F(OutboxTest, SaysWhenTheReaderIsGone) {
    fill();
    EXPECT_TRUE(say(Message(MessageKind::answer, 1)));
    ends.second.reset();
    now += Outbox::kRetry;
    EXPECT_FALSE(outbox.on_deadline(ends.first.get(), now));
    EXPECT_TRUE(outbox.empty());
    EXPECT_FALSE(say(Message(MessageKind::answer, 2)));
}

}  // namespace
}  // namespace girin::test
