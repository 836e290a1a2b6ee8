// What the real girin does with bytes that never become a request: nothing of another request is touched by them.

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

/// A head as long as heads may be, which makes the worker's buffer grow, and so be freed afterwards.
std::string longest_head() {
    std::string head = "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
    for (int i = 0; i < 8; ++i) head += "X-" + std::to_string(i) + ": " + std::string(8'000, 'x') + "\r\n";
    return head + "\r\n";
}

// FAULTS 1: bytes that are no request were answered with a head whose bytes had been freed: the worker crashed.
TEST(Refused, TouchNoFormerRequest) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--access-logfile", dir / "access",
                                          "--header-timeout", "0.2", "demo"}));
    const std::vector<pid_t> workers = girin.workers();
    const std::string head = longest_head();
    const std::string_view all = head;
    for (int round = 0; round < in_short_or_long(5, 100); ++round) {
        std::vector<HttpClient> former, later;
        for (int i = 0; i < 4; ++i) {
            former.emplace_back(girin.endpoint());
            former.back().send(all.substr(0, all.size() - 300));
        }
        for (HttpClient& client : former) {
            client.send(all.substr(all.size() - 300));
            EXPECT_EQ(client.read_final_response(true).status, 200);
            EXPECT_EQ(client.read_until_close(), "");
        }
        for (const char* bytes : {"\r\n\r\n\r\n", "\r", "\rX", "\r\n\r\n\rX"}) {
            later.emplace_back(girin.endpoint());
            later.back().send(bytes);
        }
        for (HttpClient& client : later) {
            EXPECT_GE(client.read_final_response().status, 400) << girin.log();
        }
    }
    EXPECT_EQ(girin.workers(), workers) << girin.log();
}

// FAULTS 2: the access log's line about one client's bytes carried another client's target, referer and agent.
TEST(Refused, AreLoggedWithoutAnythingOfOthers) {
    const TempDir dir;
    const std::string file = dir / "access";
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--access-logfile", file, "demo"}));
    get(girin.endpoint(), "/private?token=SECRET",
        {{"Referer", "http://SECRET/"}, {"User-Agent", "SECRET"}, {"X-Forwarded-For", "192.0.2.7"}});
    HttpClient stranger(girin.endpoint());
    stranger.send("\r\n\rX");
    EXPECT_EQ(stranger.read_final_response().status, 400);
    HttpClient same(girin.endpoint());
    same.get("/first");
    same.send("\r\n\r\n\rX");
    EXPECT_EQ(same.read_final_response().status, 400);
    std::string lines;
    const auto all_there = [&] {
        lines = read_file(file);
        return count_of(lines, "\n") == 4;
    };
    ASSERT_TRUE(wait_until(10s, all_there)) << lines;
    EXPECT_EQ(count_of(lines, "token=SECRET"), 1U) << lines;
    EXPECT_EQ(count_of(lines, "\"SECRET\""), 1U) << lines;
    EXPECT_EQ(count_of(lines, "192.0.2.7"), 1U) << lines;
    EXPECT_EQ(count_of(lines, "GET /first"), 1U) << lines;
    EXPECT_EQ(count_of(lines, "\"-\" 400"), 2U) << lines;
}

}  // namespace
}  // namespace girin::test
