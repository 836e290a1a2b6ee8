#include "worker/http/target.hpp"

#include <gtest/gtest.h>

#include "worker/http/host.hpp"

namespace girin {
namespace {

Target split(std::string_view method, std::string_view text) {
    Target target;
    const ParseError error = split_target(method, text, target);
    EXPECT_FALSE(error) << text << ": " << error.reason;
    return target;
}

TEST(Target, IsDecodedOnlyWhereItMustBe) {
    std::string storage = "untouched";
    const Target plain = split("GET", "/plain?a=%20");
    EXPECT_EQ(decode_path(plain, storage).data(), plain.path.data());
    EXPECT_EQ(storage, "untouched");
    EXPECT_EQ(decode_path(split("GET", "/a%2fb%25%41"), storage), "/a/b%A");
    EXPECT_EQ(storage, "/a/b%A");
}

TEST(Target, KeepsTheRawPathApart) {
    const Target target = split("GET", "/%2e%2e/%2Fx?y=%2f");
    EXPECT_EQ(target.form, TargetForm::origin);
    EXPECT_EQ(target.path, "/%2e%2e/%2Fx");
    EXPECT_EQ(target.query, "y=%2f");
    EXPECT_TRUE(target.has_query);
}

TEST(Target, HasTheFormThatItsMethodAllows) {
    EXPECT_EQ(split("CONNECT", "a:443").form, TargetForm::authority);
    EXPECT_EQ(split("OPTIONS", "*").form, TargetForm::asterisk);
    EXPECT_EQ(split("GET", "http://a/").form, TargetForm::absolute);
    Target target;
    EXPECT_TRUE(split_target("GET", "a:443", target));
    EXPECT_TRUE(split_target("GET", "*", target));
    EXPECT_TRUE(split_target("CONNECT", "/", target));
    EXPECT_TRUE(split_target("options", "*", target));
}

TEST(Target, IsLeftAloneByAFailure) {
    Target target = split("GET", "/before");
    EXPECT_TRUE(split_target("GET", "/%", target));
    EXPECT_EQ(target.path, "/before");
}

TEST(PercentDecoding, RefusesMalformedEscapes) {
    for (std::string_view bad : {"%", "%4", "%g0", "%0g", "a%%41"}) {
        std::string out;
        EXPECT_FALSE(append_percent_decoded(out, bad)) << bad;
    }
    std::string out = "x";
    EXPECT_TRUE(append_percent_decoded(out, "%00%ff+"));
    EXPECT_EQ(out, std::string("x\0\xff+", 4));
}

TEST(Host, IsSplitAtItsPort) {
    Host host;
    ASSERT_TRUE(parse_host("[2001:db8::1]:8080", host));
    EXPECT_EQ(host.name, "[2001:db8::1]");
    EXPECT_EQ(host.port, "8080");
    ASSERT_TRUE(parse_host("a.example", host));
    EXPECT_EQ(host.name, "a.example");
    EXPECT_EQ(host.port, "");
}

}  // namespace
}  // namespace girin
