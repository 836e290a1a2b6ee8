#include "supervisor/turn/inbox.hpp"

#include "tests/supervisor/turn/part_bench.hpp"

namespace girin::test {
namespace {

class InboxTest : public PartBench {};

TEST_F(InboxTest, GivesEventsAndOrdersInTheOrderInWhichTheyCame) {
    inbox_.put(FleetEvent::pause());
    inbox_.put(AskReload());
    inbox_.put(FleetEvent::tick());
    EXPECT_EQ(put(), (Names{"pause", "AskReload", "tick"}));
    EXPECT_TRUE(inbox_.empty());
    EXPECT_FALSE(inbox_.next());
}

TEST_F(InboxTest, KnowsEachOrderByItsKind) {
    inbox_.put(HandedOver{12});
    put();
    ASSERT_TRUE(last_order<HandedOver>());
    EXPECT_EQ(last_order<HandedOver>()->successor, 12);
    EXPECT_FALSE(last_order<LeaveSuccessor>());
}

}  // namespace
}  // namespace girin::test
