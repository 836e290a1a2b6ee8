#include "worker/http/input_buffer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace girin::test {
namespace {

void put(InputBuffer& buffer, std::string_view bytes) {
    const std::span<char> room = buffer.room(bytes.size());
    ASSERT_GE(room.size(), bytes.size());
    std::ranges::copy(bytes, room.begin());  // which, unlike memcpy, may be of nothing to nowhere
    buffer.received(bytes.size());
}

TEST(InputBuffer, HoldsNothingAtFirst) {
    InputBuffer buffer(16);
    EXPECT_TRUE(buffer.empty());
    EXPECT_EQ(buffer.unconsumed(), "");
    buffer.consume(0);
    buffer.append("");
    buffer.clear();
    EXPECT_TRUE(buffer.empty());
}

TEST(InputBuffer, StaysInPlaceWhileThereIsRoom) {
    InputBuffer buffer(64);
    put(buffer, "0123456789");
    const char* const begin = buffer.unconsumed().data();
    buffer.consume(4);
    put(buffer, "abc");
    EXPECT_EQ(buffer.unconsumed(), "456789abc");
    EXPECT_EQ(buffer.unconsumed().data(), begin + 4);
}

TEST(InputBuffer, MovesWhatIsLeftToTheFrontWhenTheRoomIsShort) {
    InputBuffer buffer(16);
    put(buffer, "0123456789abcde");
    buffer.consume(12);
    const std::span<char> room = buffer.room(10);
    EXPECT_EQ(room.size(), 13U);
    EXPECT_EQ(buffer.unconsumed(), "cde");
}

TEST(InputBuffer, BeginsAnewWhenAllIsConsumed) {
    InputBuffer buffer(16);
    put(buffer, "0123456789abcdef");
    buffer.consume(16);
    EXPECT_EQ(buffer.room(1).size(), 16U);
}

TEST(InputBuffer, GrowsForWhatIsLonger) {
    InputBuffer buffer(16);
    put(buffer, "0123456789abcdef");
    EXPECT_GE(buffer.room(100).size(), 100U);
    EXPECT_EQ(buffer.unconsumed(), "0123456789abcdef");
}

TEST(InputBuffer, GivesBackWhatItHasGrownWhenCleared) {
    InputBuffer buffer(16);
    buffer.append(std::string(1000, 'x'));
    buffer.clear();
    EXPECT_TRUE(buffer.empty());
    EXPECT_EQ(buffer.room(1).size(), 16U);
}

TEST(InputBuffer, SwapsWithoutMovingBytes) {
    InputBuffer one(16);
    InputBuffer two(32);
    put(one, "one");
    put(two, "second");
    const char* const begin = one.unconsumed().data();
    one.swap(two);
    EXPECT_EQ(one.unconsumed(), "second");
    EXPECT_EQ(two.unconsumed(), "one");
    EXPECT_EQ(two.unconsumed().data(), begin);
    one.clear();
    EXPECT_EQ(one.room(1).size(), 32U) << "the usual size goes with the bytes";
}

TEST(InputBuffer, KeepsEveryByteWhateverIsDone) {
    const unsigned seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    InputBuffer buffer(32);
    std::string expected;
    for (int i = 0; i < 20'000; ++i) {
        if (random() % 2 == 0) {
            const std::string bytes(random() % 60, static_cast<char>('a' + i % 26));
            put(buffer, bytes);
            expected += bytes;
        } else if (!expected.empty()) {
            const std::size_t count = random() % (expected.size() + 1);
            buffer.consume(count);
            expected.erase(0, count);
        }
        ASSERT_EQ(buffer.unconsumed(), expected);
    }
}

}  // namespace
}  // namespace girin::test
