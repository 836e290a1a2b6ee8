#include "girin/http/fields.hpp"

#include <gtest/gtest.h>

#include "worker/http/chars.hpp"

namespace girin {
namespace {

Fields sample() {
    Fields fields;
    fields.add("Cookie", "a");
    fields.add("Host", "example.com");
    fields.add("cookie", "b");
    return fields;
}

TEST(Fields, KeepOrderDuplicatesAndSpelling) {
    const Fields fields = sample();
    std::string seen;
    for (Field field : fields.list()) seen.append(field.name).append("=").append(field.value).append(";");
    EXPECT_EQ(seen, "Cookie=a;Host=example.com;cookie=b;");
}

TEST(Fields, AreFoundWithoutCase) {
    const Fields fields = sample();
    EXPECT_EQ(fields.find("COOKIE"), "a");
    EXPECT_EQ(fields.find("hos"), std::nullopt);
    std::string all;
    for (Field field : fields.list().find_all("cookie")) all.append(field.value);
    EXPECT_EQ(all, "ab");
    for (Field field : fields.list().find_all("none")) FAIL() << field.name;
}

TEST(Fields, NeverTakeUnderscoresForDashes) {
    Fields fields;
    fields.add("Content_Length", "1");
    EXPECT_FALSE(fields.list().contains("Content-Length"));
}

TEST(Fields, AreReplacedAndRemoved) {
    Fields fields = sample();
    fields.set("COOKIE", "c");
    EXPECT_EQ(fields.size(), 2u);
    EXPECT_EQ(fields.find("cookie"), "c");
    EXPECT_EQ(fields.remove("host"), 1u);
    EXPECT_EQ(fields.remove("host"), 0u);
    fields.clear();
    EXPECT_TRUE(fields.empty());
}

TEST(Fields, AreCopiedFromAList) {
    Fields copy;
    {
        const Fields original = sample();
        copy.assign(original);
    }
    EXPECT_EQ(copy.size(), 3u);
    EXPECT_EQ(copy.list()[1].value, "example.com");
}

TEST(FieldNames, AreTokens) {
    EXPECT_TRUE(is_field_name("X-Custom_1!"));
    for (std::string_view bad : {"", "a b", "a:", "a\r", "a\n", "\xe9", "a(b)"}) {
        EXPECT_FALSE(is_field_name(bad)) << bad;
    }
}

TEST(FieldValues, HoldNoControlsButTab) {
    EXPECT_TRUE(is_field_value(""));
    EXPECT_TRUE(is_field_value("a\tb \xff"));
    for (int c = 0; c < 256; ++c) {
        const std::string value = "0123456789" + std::string(1, static_cast<char>(c)) + "abcdefgh";
        const bool control = (c < 0x20 && c != '\t') || c == 0x7f;
        EXPECT_EQ(is_field_value(value), !control) << c;
    }
    EXPECT_FALSE(is_field_value(" a"));
    EXPECT_FALSE(is_field_value("a\t"));
}

TEST(Chars, BlockwiseScanStopsWhereTheTableDoes) {
    // Every byte at every place of a block and behind it, among all kinds of neighbours.
    for (int c = 0; c < 256; ++c) {
        for (std::size_t place = 0; place < 17; ++place) {
            for (char filler : {'\x20', '\x7e', '\x80', '\xff', '\t'}) {
                std::string text(17, filler);
                text[place] = static_cast<char>(c);
                EXPECT_EQ(chars::skip_field_text(text, 0, text.size()),
                          chars::skip(text, 0, text.size(), chars::kFieldText))
                    << c << " at " << place;
            }
        }
    }
}

}  // namespace
}  // namespace girin
