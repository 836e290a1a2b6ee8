// Addresses as text: what is taken, what is refused and how that is told.

#include "supervisor/settings/bind_address.hpp"

#include <gtest/gtest.h>

namespace girin {
namespace {

struct Good {
    const char* text;
    BindAddress address;
    const char* printed;
};

TEST(BindAddress, ReadsEveryForm) {
    const Good cases[] = {
        {"127.0.0.1:8000", BindAddress::tcp("127.0.0.1", 8000), "127.0.0.1:8000"},
        {"localhost:0", BindAddress::tcp("localhost", 0), "localhost:0"},
        {"shop-1.example.org:65535", BindAddress::tcp("shop-1.example.org", 65535), "shop-1.example.org:65535"},
        {"10.0.0.1", BindAddress::tcp("10.0.0.1", 8000), "10.0.0.1:8000"},
        {":8080", BindAddress::tcp("0.0.0.0", 8080), "0.0.0.0:8080"},
        {"*:8080", BindAddress::tcp("0.0.0.0", 8080), "0.0.0.0:8080"},
        {"[::1]:80", BindAddress::tcp("::1", 80), "[::1]:80"},
        {"[::]:0", BindAddress::tcp("::", 0), "[::]:0"},
        {"[fe80::1%eth0]:80", BindAddress::tcp("fe80::1%eth0", 80), "[fe80::1%eth0]:80"},
        {"[::1]", BindAddress::tcp("::1", 8000), "[::1]:8000"},
        {"unix:/run/shop.sock", BindAddress::unix_socket("/run/shop.sock"), "unix:/run/shop.sock"},
        {"unix:///run/shop.sock", BindAddress::unix_socket("/run/shop.sock"), "unix:/run/shop.sock"},
        {"unix:shop.sock", BindAddress::unix_socket("shop.sock"), "unix:shop.sock"},
        {"unix:/run/a:b [c]", BindAddress::unix_socket("/run/a:b [c]"), "unix:/run/a:b [c]"},
        {"fd://3", BindAddress::inherited(3), "fd://3"},
    };
    for (const Good& good : cases) {
        const auto address = parse_bind_address(good.text);
        ASSERT_TRUE(address) << good.text << ": " << address.error().message();
        EXPECT_EQ(*address, good.address) << good.text;
        EXPECT_EQ(address->to_text(), good.printed);
        EXPECT_EQ(*parse_bind_address(address->to_text()), *address) << good.text;
    }
}

struct Bad {
    std::string text, message;
};

TEST(BindAddress, SaysWhatIsWrong) {
    const Bad cases[] = {
        {"", "an address is missing: it is HOST:PORT, :PORT, [IPV6]:PORT, unix:PATH or fd://N"},
        {"8000",
         "'8000' is a port without a host: write ':8000' for every interface or '127.0.0.1:8000' for this machine "
         "only"},
        {":", "':' ends without a port"},
        {"localhost:", "'localhost:' ends without a port"},
        {"localhost:http", "'localhost:http' has no valid port: 'http' is not a number from 0 to 65535"},
        {":65536", "':65536' has no valid port: '65536' is not a number from 0 to 65535"},
        {":-1", "':-1' has no valid port: '-1' is not a number from 0 to 65535"},
        {": 80", "': 80' has no valid port: ' 80' is not a number from 0 to 65535"},
        {"::1", "'::1' has several colons: an IPv6 address stands in brackets, as [::1]:8000"},
        {"::1:8000", "'::1:8000' has several colons: an IPv6 address stands in brackets, as [::1]:8000"},
        {"[::1:8000", "'[::1:8000' lacks the bracket ']' after the IPv6 address"},
        {"[::1]8000", "'[::1]8000' has '8000' after its bracket, not :PORT"},
        {"[::1]:", "'[::1]:' ends without a port"},
        {"[]:80", "'[]:80' has no IPv6 address in its brackets: ''"},
        {"[localhost]:80", "'[localhost]:80' has no IPv6 address in its brackets: 'localhost'"},
        {"ho st:80",
         "'ho st:80' has no valid host: 'ho st'; an address is HOST:PORT, :PORT, [IPV6]:PORT, unix:PATH or fd://N"},
        {"http://localhost:80",
         "'http://localhost:80' begins with a scheme, which an address doesn't have: write 'localhost:80'"},
        {"unix:", "'unix:' has no path: write unix:/run/name.sock"},
        {"unix:/run/", "'unix:/run/' names a directory: a file's name is missing at its end"},
        {"unix:@shop", "'unix:@shop' is an abstract socket, which anybody could take: write a path of a file"},
        {"fd://", "'fd://' has no valid descriptor: '' is not a whole number"},
        {"fd://three", "'fd://three' has no valid descriptor: 'three' is not a whole number"},
        {"fd://-1", "'fd://-1' has no valid descriptor: '-1' is not a whole number"},
        {"fd://99999999999", "'fd://99999999999' has no valid descriptor: '99999999999' is not a whole number"},
    };
    for (const Bad& bad : cases) {
        const auto address = parse_bind_address(bad.text);
        ASSERT_FALSE(address) << bad.text;
        EXPECT_EQ(address.error().message(), bad.message);
    }
}

TEST(BindAddress, RefusesAPathThatTheKernelWouldCut) {
    const std::string fits = "unix:/" + std::string(106, 'x');
    EXPECT_TRUE(parse_bind_address(fits));
    const auto address = parse_bind_address(fits + "x");
    ASSERT_FALSE(address);
    EXPECT_NE(address.error().message().find("has a path of 108 bytes: the kernel takes at most 107"),
              std::string::npos);
}

}  // namespace
}  // namespace girin
