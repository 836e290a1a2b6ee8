#include "supervisor/monitor/master_requests.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "girin/loop/asio_loop.hpp"
#include "girin/loop/task.hpp"
#include "supervisor/process/spawn.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

Coro<ControlAnswer> ask(MasterRequests& requests, std::string argument = {}) {
    ControlRequest request;
    request.argument = std::move(argument);
    ControlAnswer answer = co_await requests.ask(std::move(request));
    co_return answer;
}

struct MasterRequestsTest : testing::Test {
    AsioLoop loop;
    FdPair ends = make_channel_pair().value();

    ControlAnswer answer_within(const RequestLimits& limits, const std::string& argument = {}) {
        MasterRequests requests(loop, std::move(ends.second), limits);
        return loop.run_until_complete(ask(requests, argument));
    }
};

// FAULTS 7, a sibling of what is dropped in silence: a request that can't be sent was waited for without end.
TEST_F(MasterRequestsTest, AreAnsweredWhenTheChannelIsFull) {
    while (send_message(ends.second.get(), Message(MessageKind::request, 1, std::string(Message::kMaxText, 'x')))) {
    }
    const ControlAnswer answer = answer_within(RequestLimits());
    EXPECT_EQ(answer.kind, AnswerKind::failed);
    EXPECT_NE(answer.text.find("the master can't be asked"), std::string::npos) << answer.text;
}

TEST_F(MasterRequestsTest, AreAnsweredWhenTheMasterHasHungUp) {
    ends.first.reset();
    EXPECT_EQ(answer_within(RequestLimits()).kind, AnswerKind::failed);
}

// FAULTS 7: a text that is cut on its way is another text.
TEST_F(MasterRequestsTest, AreRefusedWhenTheyAreTooLongForAMessage) {
    const ControlAnswer answer = answer_within(RequestLimits(), std::string(Message::kMaxText, 'x'));
    EXPECT_EQ(answer.kind, AnswerKind::refused);
}

// FAULTS 7: a master that stands still was waited for without end.
TEST_F(MasterRequestsTest, AreGivenUpWhenTheMasterDoesntReadThem) {
    const ControlAnswer answer = answer_within(RequestLimits(20ms, 1h));
    EXPECT_EQ(answer.kind, AnswerKind::failed);
    EXPECT_NE(answer.text.find("hasn't read the request within 20 ms"), std::string::npos) << answer.text;
}

TEST_F(MasterRequestsTest, AreWaitedForOnceTheyAreTakenButNotForEver) {
    ASSERT_TRUE(send_message(ends.first.get(), Message(MessageKind::taken, 7)));  // nobody's
    MasterRequests requests(loop, std::move(ends.second), RequestLimits(1h, 20ms));
    loop.call_later(5ms, [this] { EXPECT_TRUE(send_message(ends.first.get(), Message(MessageKind::taken, 1))); });
    const ControlAnswer answer = loop.run_until_complete(ask(requests));
    EXPECT_NE(answer.text.find("told no outcome within 20 ms"), std::string::npos) << answer.text;
}

TEST(MessageText, IsCutBetweenCharactersAndMarked) {
    std::string text(Message::kMaxText - 4, 'x');
    text += "äöü";
    const std::string cut = cut_message_text(text);
    EXPECT_EQ(cut, std::string(Message::kMaxText - 4, 'x') + "…");
    EXPECT_EQ(cut_message_text("short"), "short");
}

}  // namespace
}  // namespace girin::test
