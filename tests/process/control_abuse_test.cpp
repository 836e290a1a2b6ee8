// Clients of the control socket that are silent, too slow, too large or too many: what they can cost the real girin.
// Fault T36.

#include <poll.h>
#include <sys/resource.h>

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMebibyte = 1024 * 1024;

class ControlAbuse : public testing::Test {
  protected:
    ControlAbuse()
        : girin_(dir_, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", "--control-socket", dir_ / "c", "demo"}, 2)) {
        rlimit files{};
        ::getrlimit(RLIMIT_NOFILE, &files);
        files.rlim_cur = files.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &files);
        for (const pid_t child : children_of(girin_.pid())) {
            if (title_of(child).starts_with("girin: monitor")) monitor_ = child;
        }
    }
    Endpoint control() const { return Endpoint::unix_socket(dir_ / "c"); }

    /// Connects as often as the socket's queue allows, at most `count` times, and has each say `words`.
    std::vector<HttpClient> connect(std::size_t count, const std::string& words = {}) const {
        std::vector<HttpClient> clients;
        try {
            while (clients.size() < count) {
                clients.emplace_back(control(), 10s);
                if (!words.empty()) clients.back().send_some(words);
            }
        } catch (const HttpClientError&) {
            // The queue is full, which is how a flood is bounded.
        }
        return clients;
    }
    [[nodiscard]] testing::AssertionResult answers() const {
        return eventually(30s, "an answer", [&] {
            try {
                return get(control(), "/livez").status == 200;
            } catch (const HttpClientError&) {
                return false;
            }
        });
    }
    Duration master_time() const { return cpu_time(girin_.pid()).value_or(Duration::zero()); }

    const TempDir dir_;
    GirinProcess girin_;
    pid_t monitor_ = 0;
};

TEST_F(ControlAbuse, CostsTheMasterNothing) {
    ASSERT_TRUE(answers());
    const Duration before = master_time();
    const std::size_t memory = rss_bytes(monitor_).value_or(0);
    std::vector<std::vector<HttpClient>> crowd;
    crowd.push_back(connect(20, "POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Le"));
    crowd.push_back(connect(20, "POST /v1/scale HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"wor"));
    crowd.push_back(connect(5, "GET /" + std::string(kMebibyte, 'a')));
    crowd.push_back(connect(5, "POST /v1/scale HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n" +
                                   std::string(kMebibyte, ' ')));
    crowd.push_back(connect(20, "GET /v1/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n"));
    crowd.push_back(connect(1'000));
    std::size_t there = 0;
    for (const auto& clients : crowd) there += clients.size();
    EXPECT_GT(there, 100u);
    EXPECT_LT(fd_count(monitor_).value_or(1'000), 100u);
    EXPECT_EQ(get(girin_.endpoint(), "/").status, 200);
    girin_.ttin();
    EXPECT_TRUE(girin_.workers_become(3));  // the master does as it is told meanwhile
    if (kSlowBuildFactor == 1) {
        EXPECT_LT(rss_bytes(monitor_).value_or(0), memory + 16 * kMebibyte);
    }
    EXPECT_LT(master_time() - before, 250ms * kSlowBuildFactor);
    crowd.clear();
    EXPECT_TRUE(answers());
    EXPECT_TRUE(is_running(monitor_));
}

TEST_F(ControlAbuse, OfTheSilentEndsByItself) {
    const std::vector<HttpClient> silent = connect(100);
    EXPECT_TRUE(answers());  // once those before us were cut off for saying nothing
    EXPECT_TRUE(is_running(monitor_));
}

// FAULTS 9, a sibling: a full admin address let nobody in though all who held it were idle, and said nothing.
TEST(AdminAbuse, OfIdleClientsLetsNewcomersIn) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--admin-bind", "127.0.0.1:0", "demo"}));
    const Endpoint admin = admin_of(girin);
    std::vector<HttpClient> crowd;
    for (int i = 0; i < 40; ++i) {
        crowd.emplace_back(admin, 10s);
        EXPECT_EQ(crowd.back().get("/livez").status, 200);
    }
    for (int i = 0; i < 5; ++i) {
        crowd.emplace_back(admin, 1'500ms);  // before the first ones have had their time of keep-alive
        EXPECT_EQ(crowd.back().get("/livez").status, 200);
    }
    EXPECT_TRUE(girin.wait_for_log("Monitor has no place left for clients of 127.0.0.1:")) << girin.log();
    EXPECT_EQ(count_of(girin.log(), "has no place left"), 1U) << girin.log();
}

// FAULTS 7: 12, clients of the admin address have a pool of their own, and a deadline for a request as a whole.
TEST(AdminAbuse, ShutsNobodyOutOfTheControlSocket) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--control-socket", dir / "c", "--admin-bind",
                                          "127.0.0.1:0", "--admin-allow-actions", "demo"}));
    const Endpoint admin = admin_of(girin);
    std::vector<HttpClient> crowd;
    for (int i = 0; i < 100; ++i) {
        crowd.emplace_back(admin, 10s);
        crowd.back().send_some("POST /v1/scale HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                               "Content-Length: 1000\r\n\r\n");
    }
    const auto answered = [&] {
        return std::ranges::count_if(crowd, [](const HttpClient& client) {
            pollfd waits{client.fd(), POLLIN, 0};
            return ::poll(&waits, 1, 0) > 0;
        });
    };
    // A byte each half a second, from everybody, until those who came first have been told that it took too long.
    const bool were_told = wait_until(20s, [&] {
        for (HttpClient& client : crowd) {
            try {
                client.send_some(" ");
            } catch (const HttpClientError&) {  // cut off
            }
        }
        HttpClient operating(Endpoint::unix_socket(dir / "c"), 2s);
        EXPECT_EQ(operating.get("/livez").status, 200);
        return wait_until(500ms, [&] { return answered() > 30; });
    });
    EXPECT_TRUE(were_told) << answered();
}

TEST_F(ControlAbuse, IsAnsweredByWhatIsWrong) {
    HttpClient giant(control(), 10s);
    EXPECT_EQ(giant.request("POST", "/v1/scale", {}, std::string(5'000, ' ')).status, 413);
    EXPECT_EQ(get(control(), "/v1/reload").status, 405);
    EXPECT_EQ(get(control(), "/v1/nothing").status, 404);
    EXPECT_TRUE(is_running(monitor_));
}

}  // namespace
}  // namespace girin::test
