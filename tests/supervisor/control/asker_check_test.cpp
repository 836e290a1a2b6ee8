// Which names and sites the monitor's TCP addresses listen to.

#include "supervisor/monitor/asker_check.hpp"

#include <gtest/gtest.h>

namespace girin::test {
namespace {

TEST(AskerCheck, TakesAddressesAndOwnNames) {
    const std::vector<std::string> names = {"shop-7", "ops.example.net"};
    for (const char* const host : {"127.0.0.1:8001", "127.0.0.1", "[::1]:8001", "[fe80::1]", "localhost:80", "LocalHost",
                                   "shop-7:8001", "ops.example.NET", "ops.example.net.:80"}) {
        EXPECT_TRUE(is_own_host(host, names)) << host;
    }
    EXPECT_TRUE(is_own_host("evil.example", {"*"}));
}

TEST(AskerCheck, RefusesOtherNames) {
    for (const char* const host : {"evil.example:8001", "localhost.evil.example", "127.0.0.1.evil.example", "shop-70",
                                   "127.0.0.1x", "", "[", "[]", "[evil.example]", "1", ":8001", "0x7f.1"}) {
        EXPECT_FALSE(is_own_host(host, {"shop-7"})) << host;
    }
}

TEST(AskerCheck, KnowsPagesOfOtherSites) {
    EXPECT_TRUE(is_from_other_site("cross-site"));
    EXPECT_TRUE(is_from_other_site("same-site"));
    EXPECT_FALSE(is_from_other_site("same-origin"));
    EXPECT_FALSE(is_from_other_site("none"));
    EXPECT_FALSE(is_from_other_site(""));
}

}  // namespace
}  // namespace girin::test
