// What a small keep-alive request costs the real worker: one receive and one send. Counted by strace, where that may
// trace.

#include <gtest/gtest.h>

#include <regex>
#include <sstream>

#include "tests/support/girin_process.hpp"
#include "tests/support/http_client.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

constexpr int kRequests = 100;

/// strace on a running process, from when it has attached.
class Trace {
  public:
    Trace(const TempDir& directory, pid_t pid)
        : file_(directory / "trace"),
          strace_(Command("strace", {"-f", "-qq", "-e", "trace=network,read,write,readv,writev,epoll_ctl", "-e",
                                     "signal=none", "-o", file_, "-p", std::to_string(pid)})),
          pid_(pid) {}

    /// Waits until the process is traced. False: strace has ended, which it does when it may not.
    bool attaches() {
        return wait_until(10s, [this] { return !strace_.running() || tracer() == strace_.pid(); }) &&
               tracer() == strace_.pid();
    }
    std::string why_not() const { return strace_.standard_error(); }

    /// Lets go, and gives what was seen.
    std::string end() {
        strace_.signal(SIGINT);
        strace_.wait_exit(10s);
        return read_file(file_);
    }

  private:
    pid_t tracer() const {
        std::istringstream status(read_file("/proc/" + std::to_string(pid_) + "/status"));
        for (std::string line; std::getline(status, line);) {
            if (line.starts_with("TracerPid:")) return std::stoi(line.substr(10));
        }
        return 0;
    }

    std::string file_;
    ChildProcess strace_;
    pid_t pid_;
};

std::size_t count_calls(const std::string& trace, const std::string& names) {
    const std::regex call("(^|\\n)\\d+ +(" + names + ")\\(");
    return static_cast<std::size_t>(std::distance(std::sregex_iterator(trace.begin(), trace.end(), call), {}));
}

TEST(SystemCalls, OfASmallRequestAreOneReceiveAndOneSend) {
    if (!find_program("strace")) GTEST_SKIP() << "strace is not installed";
    TempDir directory;
    GirinProcess girin(directory, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "demo"}));
    HttpClient client(girin.endpoint());
    ASSERT_EQ(client.get("/").status, 200);
    Trace trace(directory, girin.workers().at(0));
    if (!trace.attaches()) GTEST_SKIP() << "strace may not trace here: " << trace.why_not();
    for (int i = 0; i < kRequests; ++i) ASSERT_EQ(client.get("/").body, "Hello, World!");
    const std::string seen = trace.end();
    EXPECT_EQ(count_calls(seen, "recvfrom|recvmsg"), std::size_t{kRequests}) << seen.substr(0, 3000);
    EXPECT_EQ(count_calls(seen, "sendto|sendmsg"), std::size_t{kRequests}) << seen.substr(0, 3000);
    EXPECT_EQ(count_calls(seen, "epoll_ctl|setsockopt|getsockopt|shutdown"), 0U) << seen.substr(0, 3000);
    // Twice a second the heartbeat sets and reads a timer.
    EXPECT_LT(count_calls(seen, "read|write|readv|writev"), std::size_t{kRequests} / 4) << seen.substr(0, 3000);
}

TEST(SystemCalls, OfPipelinedRequestsAreOneReceiveAndOneSendForAll) {
    if (!find_program("strace")) GTEST_SKIP() << "strace is not installed";
    TempDir directory;
    GirinProcess girin(directory, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "demo"}));
    HttpClient client(girin.endpoint());
    ASSERT_EQ(client.get("/").status, 200);
    Trace trace(directory, girin.workers().at(0));
    if (!trace.attaches()) GTEST_SKIP() << "strace may not trace here: " << trace.why_not();
    std::string requests;
    for (int i = 0; i < 16; ++i) requests += format_request("GET", "/");
    client.send(requests);
    for (int i = 0; i < 16; ++i) ASSERT_EQ(client.read_response().body, "Hello, World!");
    const std::string seen = trace.end();
    EXPECT_EQ(count_calls(seen, "recvfrom|recvmsg"), 1U) << seen;
    EXPECT_EQ(count_calls(seen, "sendto|sendmsg"), 1U) << seen;
}

TEST(SystemCalls, OfAConnectionThatNoChildCanHoldEndWithClosing) {
    if (!find_program("strace")) GTEST_SKIP() << "strace is not installed";
    TempDir directory;
    GirinProcess girin(directory, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "demo"}));
    Trace trace(directory, girin.workers().at(0));
    if (!trace.attaches()) GTEST_SKIP() << "strace may not trace here: " << trace.why_not();
    for (int i = 0; i < kRequests; ++i) {
        HttpClient client(girin.endpoint());
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        ASSERT_EQ(client.read_response().status, 200);
    }
    const std::string seen = trace.end();
    EXPECT_EQ(count_calls(seen, "shutdown"), 0U) << seen.substr(0, 3000);
    // Put on the epoll set, and not taken off; the accept gate has some of its own.
    EXPECT_LT(count_calls(seen, "epoll_ctl"), std::size_t{kRequests} * 3 / 2) << seen.substr(0, 3000);
}

}  // namespace
}  // namespace girin::test
