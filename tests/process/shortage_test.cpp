// girin short of what it needs: descriptors, and places to log to. It serves on, spends no processor on it, and
// recovers.

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// For as long as it lives, children get at most so many descriptors.
class FewDescriptors {
  public:
    explicit FewDescriptors(rlim_t most) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit few{most, before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &few);
    }
    ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
};

Duration cpu_of(const std::vector<pid_t>& pids) {
    Duration total{0};
    for (const pid_t pid : pids) total += cpu_time(pid).value_or(Duration{0});
    return total;
}

/// The processor time that `pids` use in a second of doing nothing.
Duration cpu_in_a_second(const std::vector<pid_t>& pids) {
    const Duration before = cpu_of(pids);
    wait_until(1'000ms, [] { return false; });  // the time that passes is the measurement
    return cpu_of(pids) - before;
}

TEST(Shortage, OfDescriptorsIsSurvivedWithoutSpinning) {
    const TempDir dir;
    std::unique_ptr<GirinProcess> girin;
    {
        const FewDescriptors few(40);
        const GirinCommand command({"-w", "1", "-b", "127.0.0.1:0", "--keep-alive", "60", "--header-timeout", "60",
                                    "demo"});
        girin = std::make_unique<GirinProcess>(dir, command);
    }
    const pid_t worker = girin->workers().at(0);
    std::vector<HttpClient> clients;
    for (int i = 0; i < 60; ++i) {
        clients.emplace_back(girin->endpoint(), 10s);
        clients.back().send("GET / HT");  // begun, so that none of them makes room
    }
    ASSERT_TRUE(girin->wait_for_log("too many open files")) << girin->log();
    const Duration spent = cpu_in_a_second({worker});
    EXPECT_LT(spent, 500ms) << "it spins";  // a loop that spins takes all of a second
    clients.front().send("TP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(clients.front().read_response().status, 200) << "those that it has are served";
    const std::size_t lines = count_of(girin->log(), "too many open files");
    EXPECT_LE(lines, 3U) << girin->log();
    for (std::size_t i = 0; i < 40; ++i) clients[i].close();
    clients.back().send("TP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(clients.back().read_response().status, 200) << "the queue is served when there is room again";
    EXPECT_EQ(get(girin->endpoint(), "/").status, 200);
    EXPECT_EQ(girin->workers(), std::vector<pid_t>{worker});
}

// FAULTS 9, a sibling: a worker without descriptors let nobody in though all who held them were idle.
TEST(Shortage, OfDescriptorsIsMadeUpForByIdleConnections) {
    const TempDir dir;
    std::unique_ptr<GirinProcess> girin;
    {
        const FewDescriptors few(40);
        girin = std::make_unique<GirinProcess>(
            dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--keep-alive", "60", "--header-timeout", "60", "demo"}));
    }
    std::vector<HttpClient> clients;
    for (int i = 0; i < 60; ++i) clients.emplace_back(girin->endpoint(), 10s);
    ASSERT_TRUE(girin->wait_for_log("too many open files; those that are idle make room")) << girin->log();
    EXPECT_EQ(get(girin->endpoint(), "/").status, 200);
    EXPECT_EQ(clients.back().get("/").status, 200) << "the last one has a place";
    EXPECT_LE(count_of(girin->log(), "too many open files"), 3U) << girin->log();
}

TEST(Shortage, OfConnectionsMakesOthersWait) {
    const TempDir dir;
    const GirinCommand command({"-w", "1", "-b", "127.0.0.1:0", "--worker-connections", "5", "--keep-alive", "60",
                                "demo"});
    GirinProcess girin(dir, command);
    std::vector<HttpClient> clients;
    for (int i = 0; i < 8; ++i) {
        clients.emplace_back(girin.endpoint(), 10s);
        clients.back().send(format_request("GET", "/"));
    }
    for (int i = 0; i < 5; ++i) EXPECT_EQ(clients[static_cast<std::size_t>(i)].read_final_response().status, 200);
    EXPECT_LT(cpu_in_a_second(girin.workers()), 200ms);
    for (int i = 0; i < 3; ++i) clients[static_cast<std::size_t>(i)].close();
    for (int i = 5; i < 8; ++i) EXPECT_EQ(clients[static_cast<std::size_t>(i)].read_final_response().status, 200);
}

TEST(Shortage, OfDiskForTheAccessLogStopsNothing) {
    if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", "--access-logfile", "/dev/full", "demo"}, 2));
    load::LoadThread load(load_on(girin.endpoint()));
    ASSERT_TRUE(eventually(10s, "answers", [&] { return load.totals().ok() > 300; }));
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
    EXPECT_LT(cpu_in_a_second(girin.workers()), 200ms);
    EXPECT_LE(count_of(girin.log(), "no space left on device"), 10U) << "it doesn't complain of each line";
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0}));
}

TEST(Shortage, OfDiskForTheLogStopsNothing) {
    if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
    const TempDir dir;
    Command command = girin_command({"-w", "2", "-b", "unix:" + (dir / "s"), "--error-logfile", "/dev/full", "demo"});
    ChildProcess girin(command);
    const Endpoint endpoint = Endpoint::unix_socket(dir / "s");
    ASSERT_TRUE(eventually(10s, "the socket", [&] { return answers(endpoint); }));
    girin.signal(SIGTTIN);
    EXPECT_TRUE(eventually(10s, "one worker more", [&] { return children_of(girin.pid()).size() == 3; }));
    EXPECT_EQ(get(endpoint, "/").status, 200);
    girin.signal(SIGTERM);
    EXPECT_EQ(girin.wait_exit(10s), (ExitStatus{0, 0}));
}

/// The reader of standard error has stopped: a log shipper that hangs, a terminal on ^S.
TEST(Shortage, OfAReaderForTheLogStopsNothing) {
    const TempDir dir;
    FdPair pipe = make_pipe().value();
    Command command = girin_command({"-w", "2", "-b", "unix:" + (dir / "s"), app("misbehaving")});
    command.stderr_fd = pipe.second.get();
    ChildProcess girin(command);
    // All but a page of it is full already, so that the next lines fill it.
    ::fcntl(pipe.second.get(), F_SETFL, O_NONBLOCK);
    const Endpoint endpoint = Endpoint::unix_socket(dir / "s");
    ASSERT_TRUE(eventually(10s, "the socket", [&] { return answers(endpoint); }));
    const std::string page(4096, 'x');
    while (::write(pipe.second.get(), page.data(), page.size()) > 0) {
    }
    ::fcntl(pipe.second.get(), F_SETFL, 0);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(get(endpoint, "/throw").status, 500) << "each is a log line";
    EXPECT_EQ(get(endpoint, "/").body, "ok");
    girin.signal(SIGTTIN);
    EXPECT_TRUE(eventually(10s, "one worker more", [&] { return children_of(girin.pid()).size() == 3; }));
    std::vector<pid_t> all = children_of(girin.pid());
    all.push_back(girin.pid());
    EXPECT_LT(cpu_in_a_second(all), 200ms);
    girin.signal(SIGTERM);
    EXPECT_EQ(girin.wait_exit(10s), (ExitStatus{0, 0}));
}

}  // namespace
}  // namespace girin::test
