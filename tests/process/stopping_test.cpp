// How the whole server stops: what was accepted or queued is answered, nobody is left waiting, nothing is left behind.

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>
#include <tuple>

#include <gtest/gtest.h>

#include "tests/load/report.hpp"
#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using load::LoadThread;
using load::Outcome;

class Stopping : public testing::TestWithParam<std::string> {
  protected:
    std::vector<std::string> args(std::vector<std::string> more) const {
        const std::string address = GetParam() == "unix" ? "unix:" + (dir_ / "s") : "127.0.0.1:0";
        std::vector<std::string> all = {"-b", address, "--backlog", "300"};
        if (GetParam() == "reuse_port") all.push_back("--reuse-port");
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }

    const TempDir dir_;
};

INSTANTIATE_TEST_SUITE_P(On, Stopping, testing::Values("tcp", "unix", "reuse_port"),
                         [](const auto& each) { return each.param; });

void signal_all(const std::vector<pid_t>& pids, int number) {
    for (const pid_t pid : pids) ::kill(pid, number);
}

TEST_P(Stopping, AnswersAFullBacklog) {
    GirinProcess girin(dir_, GirinCommand(args({"-w", "2", "demo"}), 2));
    const std::vector<pid_t> workers = girin.workers();
    signal_all(workers, SIGSTOP);
    std::vector<HttpClient> clients;
    for (int i = 0; i < 200; ++i) {
        clients.emplace_back(girin.endpoint(), 10s);
        clients.back().send(format_request("GET", "/info"));
    }
    girin.term();
    ASSERT_TRUE(girin.wait_for_log("stopping gracefully"));
    signal_all(workers, SIGCONT);
    std::size_t closed = 0;
    for (HttpClient& client : clients) {
        const HttpResponse answer = client.read_final_response();
        EXPECT_EQ(answer.status, 200);
        closed += answer.field("connection") == "close";
    }
    EXPECT_GE(closed, clients.size() - 10) << "but for a few that it took before it knew";
    EXPECT_EQ(girin.child().wait_exit(10s), (ExitStatus{0, 0})) << girin.log();
}

/// Open loop: at the moment of the stop some are connecting, some are queued, some are being answered, some are idle.
TEST_P(Stopping, LosesNothingThatItTookUnderLoad) {
    GirinProcess girin(dir_, GirinCommand(args({"-w", "2", "demo"}), 2));
    LoadThread load(load_on(girin.endpoint(), "/sleep/20", 500));
    ASSERT_TRUE(eventually(10s, "answers", [&] { return load.totals().ok() > 300; }));
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    const load::LoadTotals totals = load.finish();
    EXPECT_EQ(totals.losses(), totals.count(Outcome::refused)) << load::to_table(totals) << girin.log();
}

TEST_P(Stopping, RefusesNewcomersWhileALongRequestEnds) {
    GirinProcess girin(dir_, GirinCommand(args({"-w", "2", "demo"}), 2));
    HttpClient slow(girin.endpoint(), 10s);
    slow.send(format_request("GET", "/sleep/2500"));
    ASSERT_TRUE(eventually(5s, "the request to be taken", [&] { return get(girin.endpoint(), "/").status == 200; }));
    girin.term();
    ASSERT_TRUE(girin.wait_for_log("stopping gracefully"));
    const auto refused = [&] {
        try {
            HttpClient newcomer(girin.endpoint(), 2s);
            return false;
        } catch (const HttpClientError& error) {
            return error.kind() == HttpClientError::Kind::refused;
        }
    };
    EXPECT_TRUE(eventually(2s, "a refusal", refused));
    EXPECT_TRUE(girin.child().running()) << "the long request still runs";
    const HttpResponse answer = slow.read_final_response();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.field("connection"), "close");
    EXPECT_EQ(girin.child().wait_exit(10s), (ExitStatus{0, 0}));
}

// FAULTS 7, a sibling: a process that a handler had forked kept the address, and the next start found it in use.
TEST_P(Stopping, FreesTheAddressThoughAProcessOfAHandlersLivesOn) {
    std::string address;
    {
        GirinProcess girin(dir_, GirinCommand(args({"-w", "2", app("misbehaving")}), 2));
        EXPECT_EQ(get(girin.endpoint(), "/fork/10000").status, 200);
        address = girin.endpoint().to_text();
        EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
        EXPECT_THROW(get(girin.endpoint(), "/"), HttpClientError) << "nobody is there to serve a queue";
    }
    GirinProcess next(dir_, GirinCommand({"-w", "1", "-b", address, "demo"}));
    EXPECT_EQ(get(next.endpoint(), "/").status, 200) << next.log();
    EXPECT_EQ(next.log().find("in use"), std::string::npos) << next.log();
}

// FAULTS 7, a sibling: who was queued waited for the end of such a process.
TEST_P(Stopping, TurnsAwayWhoIsQueuedThoughAProcessOfAHandlersLivesOn) {
    GirinProcess girin(dir_, GirinCommand(args({"-w", "1", app("misbehaving")})));
    EXPECT_EQ(get(girin.endpoint(), "/fork/20000").status, 200);
    signal_all(girin.workers(), SIGSTOP);
    HttpClient queued(girin.endpoint(), 10s);
    queued.send(format_request("GET", "/"));
    girin.quit();
    EXPECT_EQ(girin.child().wait_exit(10s), (ExitStatus{0, 0})) << girin.log();
    EXPECT_TRUE(queued.closed_within(2s));
}

TEST_P(Stopping, CutsOffWhatTakesLongerThanTheGracefulTimeout) {
    GirinProcess girin(dir_, GirinCommand(args({"-w", "1", "--graceful-timeout", "0.5", "demo"})));
    HttpClient slow(girin.endpoint(), 10s);
    slow.send(format_request("GET", "/sleep/30000"));
    ASSERT_TRUE(eventually(5s, "the request to be taken", [&] { return get(girin.endpoint(), "/").status == 200; }));
    const auto start = Clock::now();
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    EXPECT_LT(Clock::now() - start, 5s);
    EXPECT_EQ(slow.read_final_response().status, 503);
    // FAULTS 7: what was cut off was told nowhere.
    EXPECT_EQ(count_of(girin.log(), "Requests are cut off, since they take longer than --graceful-timeout"), 1U) << girin.log();
    EXPECT_TRUE(girin.wait_for_log("has finished (the server stops)")) << girin.log();
}

/// Clients that come one after the other without a pause, each in a thread of its own; whoever was taken and got no
/// answer is counted.
class Newcomers {
  public:
    Newcomers(const Endpoint& server, std::size_t count) : server_(server) {
        for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this] { come(); });
    }
    ~Newcomers() { finish(); }

    std::size_t answered() const { return answered_; }
    /// What became of those who got no answer and were not refused.
    std::string finish() {
        over_ = true;
        for (std::thread& each : threads_) {
            if (each.joinable()) each.join();
        }
        return lost_;
    }

  private:
    void come() {
        while (!over_) {
            try {
                if (get(server_, "/").status == 200) ++answered_;
            } catch (const HttpClientError& error) {
                if (error.kind() == HttpClientError::Kind::refused) continue;
                const std::lock_guard guard(mutex_);
                lost_ += std::string(error.what()) + "; ";
            }
        }
    }

    const Endpoint server_;
    std::atomic<bool> over_ = false;
    std::atomic<std::size_t> answered_ = 0;
    std::mutex mutex_;
    std::string lost_;
    std::vector<std::thread> threads_;
};

/// As {user, address}.
class StoppingUnderNewcomers : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

INSTANTIATE_TEST_SUITE_P(As, StoppingUnderNewcomers,
                         testing::Combine(testing::Values("root", "nobody"),
                                          testing::Values("127.0.0.1:0", "[::1]:0", "[::]:0", "unix")),
                         [](const auto& each) {
                             const std::string address = std::get<1>(each.param);
                             const std::string kind = address == "unix"     ? "Unix"
                                                      : address == "[::]:0" ? "Both"
                                                      : address[0] == '['   ? "V6"
                                                                            : "V4";
                             return std::get<0>(each.param) + kind;
                         });

// FAULTS 45: a master without CAP_NET_ADMIN couldn't drop SYNs, and so it stopped when --graceful-timeout was over.
TEST_P(StoppingUnderNewcomers, TakesLessThanTwoSecondsAndLosesNobody) {
    const auto& [user, address] = GetParam();
    if (user == "root" && ::geteuid() != 0) GTEST_SKIP() << "takes root";
    for (const char* sharing : {"--no-reuse-port", "--reuse-port"}) {
        const TempDir dir;
        const std::string bind = address == "unix" ? "unix:" + (dir / "s") : address;
        GirinCommand command({"-w", "2", sharing, "-b", bind, "demo"}, 2);
        GirinProcess girin(dir, user == "root" ? command : as_nobody(dir, command));
        Endpoint server = girin.endpoint();
        if (address == "[::]:0") server = Endpoint::tcp("127.0.0.1", server.port);
        Newcomers newcomers(server, 24);
        ASSERT_TRUE(eventually(10s, "answers", [&] { return newcomers.answered() > 500; }));
        const auto began = Clock::now();
        EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
        EXPECT_LT(Clock::now() - began, 2s) << girin.log();
        EXPECT_EQ(newcomers.finish(), "");
        EXPECT_EQ(girin.log().find("WARNING"), std::string::npos) << girin.log();
    }
}

void set_hops(int fd, int hops) { ASSERT_EQ(::setsockopt(fd, IPPROTO_IP, IP_TTL, &hops, sizeof hops), 0); }

// FAULTS 45: a connection whose handshake ends while newcomers are refused inherits that, and would never be heard.
TEST(StoppingWithoutRights, AnswersAHandshakeThatEndsMeanwhile) {
    const TempDir dir;
    GirinProcess girin(dir, as_nobody(dir, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", "demo"}, 2)));
    const std::vector<pid_t> workers = girin.workers();
    signal_all(workers, SIGSTOP);
    girin.term();
    ASSERT_TRUE(girin.wait_for_log("stopping gracefully"));
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    set_hops(socket.get(), 255);  // gets past, as a handshake that had begun before would
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(girin.endpoint().port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    set_hops(socket.get(), 64);
    const std::string request = format_request("GET", "/");
    ASSERT_EQ(::send(socket.get(), request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
    signal_all(workers, SIGCONT);
    pollfd answer{socket.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&answer, 1, 8'000), 1) << "it is not heard";
    std::string text(1000, '\0');
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(::recv(socket.get(), text.data(), text.size(), 0), 0)));
    EXPECT_NE(text.find("Hello"), text.npos) << text;
    ::shutdown(socket.get(), SHUT_RDWR);
    EXPECT_EQ(girin.child().wait_exit(10s), (ExitStatus{0, 0})) << girin.log();
}

/// Proxies keep idle connections for a minute: a restart must not take as long.
TEST_P(Stopping, DoesNotWaitForIdleConnections) {
    GirinProcess girin(dir_, GirinCommand(args({"-w", "1", "--keep-alive", "75", "demo"})));
    HttpClient used(girin.endpoint(), 10s), idle(girin.endpoint(), 10s);
    EXPECT_TRUE(used.get("/").keeps_connection);
    EXPECT_TRUE(idle.get("/").keeps_connection);
    const auto start = Clock::now();
    girin.term();
    ASSERT_TRUE(girin.wait_for_log("stopping gracefully"));
    EXPECT_FALSE(used.get("/").keeps_connection) << "answered still, and told";
    EXPECT_EQ(girin.child().wait_exit(10s), (ExitStatus{0, 0})) << girin.log();
    EXPECT_LT(Clock::now() - start, 6s);
    EXPECT_EQ(idle.read_until_close(), "");
}

// FAULTS 8: a stop waited for connections that never sent a byte, until their --header-timeout.
TEST_P(Stopping, DoesNotWaitForSilentConnections) {
    for (const char* header_timeout : {"10", "0"}) {
        GirinProcess girin(dir_, GirinCommand(args({"-w", "1", "--header-timeout", header_timeout, "demo"})));
        std::vector<HttpClient> clients;
        for (int i = 0; i < 10; ++i) {
            clients.emplace_back(girin.endpoint(), 10s);
            if (i % 2 == 0) {
                EXPECT_TRUE(clients.back().get("/").keeps_connection);
            }
            if (i % 5 == 1) clients.back().send("\r\n");
        }
        const auto start = Clock::now();
        EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
        EXPECT_LT(Clock::now() - start, 5s);
    }
}

/// As under systemd: the queue of a socket that somebody else holds too goes from one girin to the next.
TEST(StoppingOnAnInheritedSocket, LeavesNewcomersToTheSuccessor) {
    const TempDir dir;
    Endpoint endpoint = Endpoint::tcp("127.0.0.1", 0);
    const auto ours = listen_on(endpoint, 1'000);
    ASSERT_TRUE(ours);
    GirinCommand command({"-w", "2", "-b", "fd://7", "demo"}, 2);
    command.inherit = {{ours->get(), 7}};
    auto girin = std::make_unique<GirinProcess>(dir, command);
    LoadThread load(load_on(endpoint, "/", 500));
    for (std::size_t restarts = 1; restarts <= 3; ++restarts) {
        ASSERT_TRUE(eventually(10s, "some load", [&] { return load.totals().ok() > restarts * 300; }));
        const auto start = Clock::now();
        EXPECT_EQ(girin->stop(), (ExitStatus{0, 0})) << girin->log();
        EXPECT_LT(Clock::now() - start, 5s) << "the others' newcomers don't keep it from ending";
        girin = std::make_unique<GirinProcess>(dir, command);
    }
    EXPECT_TRUE(nothing_lost(load.finish())) << girin->log();
}

class StoppingQuickly : public testing::TestWithParam<int> {
  protected:
    const TempDir dir_;
};

INSTANTIATE_TEST_SUITE_P(By, StoppingQuickly, testing::Values(SIGINT, SIGQUIT));

TEST_P(StoppingQuickly, WaitsForNoRequest) {
    GirinProcess girin(dir_, GirinCommand({"-w", "2", "-b", "unix:" + (dir_ / "s"), "-p", dir_ / "pid", "demo"}, 2));
    HttpClient slow(girin.endpoint(), 10s);
    slow.send(format_request("GET", "/sleep/30000"));
    ASSERT_TRUE(eventually(5s, "the request to be taken", [&] { return get(girin.endpoint(), "/").status == 200; }));
    const auto start = Clock::now();
    girin.signal(GetParam());
    EXPECT_EQ(girin.child().wait_exit(10s), (ExitStatus{0, 0})) << girin.log();
    EXPECT_LT(Clock::now() - start, 4s);
    EXPECT_FALSE(fs::exists(dir_ / "s"));
    EXPECT_FALSE(fs::exists(dir_ / "pid"));
}

/// A server that stops, with a request in hand that takes `ms`.
class StoppingAlready : public testing::Test {
  protected:
    void begin(const std::string& ms) {
        slow_.send(format_request("GET", "/sleep/" + ms));
        ASSERT_TRUE(eventually(5s, "the request to be taken", [&] { return get(girin_.endpoint(), "/").status == 200; }));
        girin_.term();
        ASSERT_TRUE(girin_.wait_for_log("stopping gracefully"));
    }
    const TempDir dir_;
    GirinProcess girin_{dir_, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--control-socket", dir_ / "control", "demo"})};
    HttpClient slow_{girin_.endpoint(), 10s};
};

// FAULTS 7: a second TERM, as `timeout 3 girin …` sends it, or a second `girin stop` cut off what was in hand.
TEST_F(StoppingAlready, FinishesWhatIsInHandThoughAskedAgain) {
    begin("2500");
    girin_.term();
    EXPECT_TRUE(girin_.wait_for_log(": stops already; QUIT or INT stops at once")) << girin_.log();
    const Finished again = run_girin(dir_, {"stop", "--control-socket", dir_ / "control"});
    EXPECT_EQ(again.status, (ExitStatus{0, 0})) << again.error;
    EXPECT_TRUE(girin_.wait_for_log(": it stops already; stop --quick stops at once")) << girin_.log();
    EXPECT_EQ(slow_.read_final_response().status, 200) << girin_.log();
    EXPECT_EQ(girin_.child().wait_exit(10s), (ExitStatus{0, 0})) << girin_.log();
}

TEST_F(StoppingAlready, IsQuickOnceAskedToBe) {
    begin("30000");
    const auto start = Clock::now();
    const Finished quick = run_girin(dir_, {"stop", "--quick", "--control-socket", dir_ / "control"});
    EXPECT_EQ(quick.status, (ExitStatus{0, 0})) << quick.error;
    EXPECT_EQ(girin_.child().wait_exit(10s), (ExitStatus{0, 0})) << girin_.log();
    EXPECT_LT(Clock::now() - start, 4s);
}

// FAULTS 7: an upgrade by USR2 began while the server stopped, and its master took over and served on.
TEST_F(StoppingAlready, BeginsNothingNew) {
    begin("2500");
    for (const int signo : {SIGUSR2, SIGHUP, SIGTTIN, SIGTTOU, SIGWINCH}) {
        girin_.signal(signo);
        const auto line = girin_.wait_for_log(std::string("Received SIG") + ::sigabbrev_np(signo));
        ASSERT_TRUE(line) << girin_.log();
        EXPECT_NE(line->find(": ignored, the server stops"), std::string::npos) << *line;
    }
    girin_.usr1();
    EXPECT_TRUE(girin_.wait_for_log("Logs are opened anew")) << girin_.log();
    EXPECT_EQ(slow_.read_final_response().status, 200) << girin_.log();
    EXPECT_EQ(girin_.child().wait_exit(10s), (ExitStatus{0, 0})) << girin_.log();
    EXPECT_EQ(girin_.log().find("Upgrade:"), std::string::npos) << girin_.log();
}

TEST(StoppingWithAHandlerThatBlocks, WarnsOfWhomItHasKilled) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--graceful-timeout", "0.2", "--timeout", "60",
                                          "--lag-warning", "0.2", app("misbehaving")}));
    HttpClient slow(girin.endpoint(), 20s);
    slow.send(format_request("GET", "/block/30000"));
    ASSERT_TRUE(girin.wait_for_log("lags: ", 20s)) << girin.log();
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    // FAULTS 7: that the worker was killed stood there as of any that ends as it should.
    for (const char* part : {"did not end within --graceful-timeout", "was killed by us with SIGKILL"}) {
        const auto line = girin.wait_for_log(part);
        ASSERT_TRUE(line) << girin.log();
        EXPECT_NE(line->find("[WARNING]"), std::string::npos) << *line;
    }
}

class QuickAfterGraceful : public StoppingAlready, public testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(By, QuickAfterGraceful, testing::Values(SIGINT, SIGQUIT));

TEST_P(QuickAfterGraceful, CutsOffWhatIsInHand) {
    begin("30000");
    const auto start = Clock::now();
    girin_.signal(GetParam());
    EXPECT_EQ(girin_.child().wait_exit(10s), (ExitStatus{0, 0})) << girin_.log();
    EXPECT_LT(Clock::now() - start, 4s);
}

TEST(StoppingDuringAReload, EndsTheNewAndAnswersWithTheOld) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", "--soak", "30", "demo"}, 2));
    HttpClient slow(girin.endpoint(), 10s);
    slow.send(format_request("GET", "/sleep/500"));
    girin.hup();
    ASSERT_TRUE(girin.becomes_ready(3, 0)) << "the canary";
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    EXPECT_EQ(slow.read_final_response().status, 200);
}

TEST(KilledMaster, TakesItsWorkersAlongAndFreesAddressAndPidfile) {
    const TempDir dir;
    for (const char* sharing : {"--no-reuse-port", "--reuse-port"}) {
        const std::vector<std::string> common = {"-w", "2", sharing, "-b", "unix:" + (dir / "s"), "-p", dir / "pid"};
        std::vector<std::string> args = common;
        args.insert(args.end(), {"-b", "127.0.0.1:0", "demo"});
        GirinProcess girin(dir, GirinCommand(args, 2));
        const std::vector<pid_t> workers = girin.workers();
        const std::string address = girin.endpoints().at(1).to_text();
        girin.signal(SIGKILL);
        ASSERT_EQ(girin.child().wait_exit(5s), (ExitStatus{-1, SIGKILL}));
        for (const pid_t worker : workers) {
            EXPECT_TRUE(eventually(2s, "the worker's end", [&] { return !is_running(worker); }));
        }
        args = common;
        args.insert(args.end(), {"-b", address, "demo"});
        GirinProcess next(dir, GirinCommand(args, 2));
        for (const Endpoint& endpoint : next.endpoints()) EXPECT_EQ(get(endpoint, "/").status, 200);
        EXPECT_EQ(next.stop(), (ExitStatus{0, 0})) << next.log();
    }
}

}  // namespace
}  // namespace girin::test
