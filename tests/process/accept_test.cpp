// Who accepts: the gate between workers, what keeps nobody waiting, errors of accepting; and what of the scoreboard a
// worker may write. On the real girin: nothing here sets up what a master or a worker has to set up by itself.

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"
#include "worker/process/scoreboard.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

/// The worker that a kept connection is with.
std::string worker_of(HttpClient& client) {
    const std::string body = client.get("/info").body;
    const std::size_t at = body.find("\"pid\":");
    return at == body.npos ? body : body.substr(at + 6, body.find_first_of(",}", at) - at - 6);
}

class Accepting : public testing::Test {
  protected:
    void start(std::size_t workers, std::vector<std::string> more = {}) {
        std::vector<std::string> args = {"-w", std::to_string(workers), "-b", "127.0.0.1:0", "--keep-alive", "60"};
        args.insert(args.end(), more.begin(), more.end());
        args.push_back("demo");
        girin_.emplace(dir_, GirinCommand(args, workers));
    }

    /// One after the other, each kept: how many each worker has.
    std::map<std::string, int> connect(std::size_t count) {
        std::map<std::string, int> have;
        for (std::size_t i = 0; i < count; ++i) {
            HttpClient client(girin_->endpoint());
            const std::string worker = worker_of(client);
            ++have[worker];
            kept_[worker].push_back(std::move(client));
        }
        return have;
    }

    /// Workers know it before others come.
    void close_all_but(const std::string& worker) {
        std::erase_if(kept_, [&](const auto& entry) { return entry.first != worker; });
        HttpClient last(girin_->endpoint());
        const auto open = [&] {
            const std::string body = get(girin_->endpoint(), "/info").body;
            return body.find("\"pid\"") != body.npos;
        };
        EXPECT_TRUE(eventually(5s, "an answer", open));
    }

    const TempDir dir_;
    std::optional<GirinProcess> girin_;
    std::map<std::string, std::vector<HttpClient>> kept_;
};

std::string to_text(const std::map<std::string, int>& have) {
    std::ostringstream text;
    for (const auto& [worker, count] : have) text << count << " ";
    return text.str();
}

// FAULTS 4: a sibling counted only with a pid that no worker wrote, so the gate was open for all: 16, 16, 8 and none.
TEST_F(Accepting, SpreadsKeptConnectionsEvenly) {
    std::string rounds;
    for (int round = 0; round < 3; ++round) {  // a machine that does other things wakes whom it can
        start(4);
        const std::map<std::string, int> have = connect(40);
        kept_.clear();
        rounds += to_text(have) + "; ";
        const bool even = std::ranges::all_of(have, [](const auto& one) { return one.second >= 8 && one.second <= 12; });
        if (have.size() == 4 && even) return;
    }
    FAIL() << "connections of each worker, in three rounds: " << rounds;
}

// FAULTS 4: 44 of 80 went to a worker that had a hundred already.
TEST_F(Accepting, LeavesNewcomersToWorkersThatHaveLess) {
    start(2);
    connect(200);
    const std::string full = kept_.begin()->first;
    ASSERT_GT(kept_[full].size(), 80U);
    close_all_but(full);
    std::map<std::string, int> have;
    for (int round = 0; round < 3; ++round) {
        have = connect(60);
        if (have[full] <= 3) return;
        close_all_but(full);
    }
    FAIL() << to_text(have) << ", of which the full one's are " << have[full];
}

// FAULTS 4: a gate that is shut must not leave a newcomer to a sibling who never comes.
TEST_F(Accepting, KeepsNobodyWaitingForASiblingThatStandsStill) {
    start(2, {"--timeout", "30"});
    connect(40);
    const std::string stopped = kept_.begin()->first;
    const std::string other = kept_.rbegin()->first;
    ASSERT_NE(stopped, other);
    kept_[stopped].clear();  // it has least now, and so all should go to it
    ASSERT_TRUE(eventually(5s, "the gate", [&] {
        HttpClient client(girin_->endpoint());
        return worker_of(client) == stopped;
    }));
    // At rest: one that is stopped in the midst of something is passed over sooner.
    ASSERT_TRUE(eventually(5s, "rest", [&] { return state_of(std::stoi(stopped)) == 'S'; }));
    ::kill(std::stoi(stopped), SIGSTOP);
    const auto began = Clock::now();
    for (int i = 0; i < 5; ++i) EXPECT_EQ(get(girin_->endpoint(), "/").status, 200);
    EXPECT_LT(Clock::now() - began, 450ms) << "it took until the sibling's silence was known";
    ::kill(std::stoi(stopped), SIGCONT);
}

// FAULTS 4: what rotates accepts, without a gate to help: short connections leave nothing to be counted by it.
TEST_F(Accepting, GivesEachWorkerItsTurn) {
    start(3);
    std::map<std::string, int> served;
    for (int i = 0; i < 150; ++i) {
        HttpClient client(girin_->endpoint());
        ++served[worker_of(client)];
    }
    ASSERT_EQ(served.size(), 3U) << to_text(served);
    for (const auto& [worker, count] : served) EXPECT_GE(count, 15) << to_text(served);
}

/// How often its workers were put to sleep and woken.
std::size_t switches_of(const std::vector<pid_t>& pids) {
    std::size_t all = 0;
    for (const pid_t pid : pids) {
        std::ifstream status("/proc/" + std::to_string(pid) + "/status");
        for (std::string line; std::getline(status, line);) {
            if (line.starts_with("voluntary_ctxt_switches:")) all += std::stoul(line.substr(line.find(':') + 1));
        }
    }
    return all;
}

// FAULTS 4: one of many idle workers wakes for a connection, not all of them.
TEST_F(Accepting, WakesOneWorkerForAConnection) {
    constexpr std::size_t kWorkers = 12;
    constexpr std::size_t kConnections = 200;
    start(kWorkers);
    get(girin_->endpoint(), "/");
    const std::size_t before = switches_of(girin_->workers());
    for (std::size_t i = 0; i < kConnections; ++i) EXPECT_EQ(get(girin_->endpoint(), "/").status, 200);
    const std::size_t each = (switches_of(girin_->workers()) - before) / kConnections;
    EXPECT_LE(each, 6U) << "for accepting, reading, answering, the end, and beats beside it";
}

// FAULTS 4: the only worker that was woken for a connection is gone before it takes it; nobody else was told.
/// On this thread's processor, and only while nobody else wants it: what is sent to the process until this thread waits
/// finds it asleep.
void let_sleep_beside_me(pid_t pid) {
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &here);
    ASSERT_EQ(::sched_setaffinity(0, sizeof here, &here), 0);
    ASSERT_EQ(::sched_setaffinity(pid, sizeof here, &here), 0);
    const sched_param none{};
    ASSERT_EQ(::sched_setscheduler(pid, SCHED_IDLE, &none), 0);
}

TEST_F(Accepting, TakesWhomADeadWorkerWasWokenFor) {
    start(2, {"--timeout", "30"});
    cpu_set_t everywhere;
    ASSERT_EQ(::sched_getaffinity(0, sizeof everywhere, &everywhere), 0);
    // The kernel wakes one of the two, and which one follows from what they did before: a pattern that doesn't repeat.
    for (const std::size_t victim : {0, 1, 1, 0, 1, 0, 0, 1}) {
        const std::vector<pid_t> workers = girin_->workers();
        ASSERT_EQ(workers.size(), 2U);
        girin_->signal(SIGSTOP);  // a worker that starts would look into the queue, too
        let_sleep_beside_me(workers[victim]);
        ::kill(workers[victim], SIGKILL);
        HttpClient client(girin_->endpoint());
        client.send(format_request("GET", "/"));
        const auto began = Clock::now();
        EXPECT_EQ(client.read_final_response().status, 200);
        EXPECT_LT(Clock::now() - began, 2s);
        ASSERT_EQ(::sched_setaffinity(0, sizeof everywhere, &everywhere), 0);
        girin_->signal(SIGCONT);
        ASSERT_TRUE(girin_->workers_become(2, {workers[victim]})) << girin_->log();
    }
}

TEST_F(Accepting, LetsAsManyWaitAsTheBacklogSays) {
    start(1, {"--backlog", "7", "--control-socket", dir_ / "c"});
    const std::string metrics = get(Endpoint::unix_socket(dir_ / "c"), "/metrics").body;
    if (metrics.find("girin_listener_backlog_limit{") == metrics.npos) GTEST_SKIP() << "the kernel has no sock_diag here";
    const std::string line = "girin_listener_backlog_limit{listener=\"" + girin_->endpoint().to_text() + "\"} 7\n";
    EXPECT_NE(metrics.find(line), metrics.npos) << metrics;
}

TEST(AcceptingInLanes, SteersNewcomersAwayFromAWorkerThatIsHeldUp) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "2", "--reuse-port", "--lag-warning", "0.2", "--timeout", "30", "-b",
                                          "127.0.0.1:0", app("misbehaving")}, 2));
    HttpClient blocked(girin.endpoint(), 10s);
    blocked.send(format_request("GET", "/block/4000"));
    ASSERT_TRUE(girin.wait_for_log(" lags: ")) << girin.log();
    const auto began = Clock::now();
    for (int i = 0; i < 30; ++i) EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    EXPECT_LT(Clock::now() - began, 1500ms);
}

// --- errors of accepting

/// What the preloaded accept4() does (tests/apps/failing_accept.cpp).
struct AcceptOrders {
    std::atomic<std::int64_t> error;
    std::atomic<std::int64_t> refused;
};

class AcceptError : public testing::TestWithParam<int> {
  protected:
    AcceptError() {
        const UniqueFd file(::open((dir_ / "orders").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
        EXPECT_EQ(::ftruncate(file.get(), sizeof(AcceptOrders)), 0);
        orders_ = static_cast<AcceptOrders*>(
            ::mmap(nullptr, sizeof(AcceptOrders), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0));
    }
    ~AcceptError() override { ::munmap(static_cast<void*>(orders_), sizeof(AcceptOrders)); }

    const TempDir dir_;
    AcceptOrders* orders_;
};

INSTANTIATE_TEST_SUITE_P(Of, AcceptError, testing::Values(EPERM, EACCES, ENOSYS, EMFILE, EINVAL, ECONNABORTED, EPROTO),
                         [](const auto& each) { return std::string(::strerrorname_np(each.param)); });

// FAULTS 13: accepting with EPERM was tried 30,000 times a second, and the worker did nothing else.
TEST_P(AcceptError, IsTriedNowAndThenAndNeverHoldsTheWorkerUp) {
    GirinCommand command({"-w", "1", "-b", "127.0.0.1:0", "--keep-alive", "60", "demo"});
    command.environment = {{"LD_PRELOAD", app("failing_accept")}, {"FAILING_ACCEPT_FILE", dir_ / "orders"}};
    GirinProcess girin(dir_, command);
    HttpClient served(girin.endpoint());
    EXPECT_EQ(served.get("/").status, 200);
    orders_->error = GetParam();
    HttpClient waiting(girin.endpoint(), 10s);
    waiting.send(format_request("GET", "/"));
    ASSERT_TRUE(girin.wait_for_log("Can't accept connections: ")) << girin.log();
    const std::int64_t before = orders_->refused;
    const auto began = Clock::now();
    while (Clock::now() - began < 1s) ASSERT_EQ(served.get("/").status, 200);
    EXPECT_LT(orders_->refused - before, 400) << "in a second";
    EXPECT_EQ(count_of(girin.log(), "Can't accept connections: "), 1U) << girin.log();
    orders_->error = 0;
    EXPECT_EQ(waiting.read_final_response().status, 200);
}

// FAULTS 13: a queue was taken for empty at the end, because there was no descriptor for whom it held.
TEST(AcceptErrorAtTheEnd, LosesNobodyWhomThereIsRoomForLater) {
    const TempDir dir;
    GirinCommand command({"-w", "1", "-b", "127.0.0.1:0", "--worker-connections", "50", "demo"});
    command.program = "/bin/sh";
    command.args.insert(command.args.begin(), {"-c", "ulimit -n 40; exec \"$0\" \"$@\"", girin_binary()});
    GirinProcess girin(dir, command);
    std::vector<HttpClient> clients;
    for (int i = 0; i < 60; ++i) {
        clients.emplace_back(girin.endpoint(), 10s);
        clients.back().send(format_request("GET", "/sleep/800"));
    }
    ASSERT_TRUE(girin.wait_for_log("too many open files")) << girin.log();
    girin.term();
    for (HttpClient& client : clients) {
        EXPECT_EQ(client.read_final_response().status, 200);
        client.close();
    }
    EXPECT_EQ(girin.child().wait_exit(10s), (ExitStatus{0, 0})) << girin.log();
}

// FAULTS 7: connections were refused for ever, through reloads too, once a worker or program had shut its listener down.
TEST(ListenerOfAll, ListensAgainWhenAWorkerHasShutItDown) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", app("misbehaving")}, 2));
    EXPECT_EQ(get(girin.endpoint(), "/shut-listeners").body, "shut");
    EXPECT_TRUE(girin.wait_for_log("Listens again at 127.0.0.1:")) << girin.log();
    EXPECT_TRUE(eventually(15s, "an answer at the same address", [&] { return answers(girin.endpoint()); })) << girin.log();
}

// FAULTS 7, a sibling: a Unix socket that was shut down stayed deaf for ever, and /readyz said ready.
TEST(ListenerOfAll, IsOpenedAnewWhenAWorkerHasShutDownAUnixSocket) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "2", "-b", "unix:" + (dir / "s"), app("misbehaving")}, 2));
    for (int times = 1; times <= 2; ++times) {
        const std::vector<pid_t> former = girin.workers();
        const std::size_t from = girin.mark();
        EXPECT_EQ(get(girin.endpoint(), "/shut-listeners").body, "shut");
        EXPECT_TRUE(girin.wait_for_log("Listens again at unix:", 15s, from)) << girin.log();
        EXPECT_TRUE(eventually(15s, "an answer at the same path", [&] { return answers(girin.endpoint()); })) << girin.log();
        EXPECT_TRUE(girin.workers_become(2, former)) << girin.log();
        for (int i = 0; i < 10; ++i) EXPECT_EQ(get(girin.endpoint(), "/who").status, 200);
    }
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    EXPECT_FALSE(std::filesystem::exists(dir / "s")) << "the file is ours to remove";
}

// FAULTS 7, a sibling: a reload may have moved to another directory meanwhile.
TEST(ListenerOfAll, IsOpenedAnewWhereItWas) {
    namespace fs = std::filesystem;
    const TempDir dir;
    for (const char* release : {"r1", "r2"}) fs::create_directory(dir.path() / release);
    fs::create_directory_symlink("r1", dir.path() / "current");
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "-b", "unix:app.sock", "--chdir", dir / "current",
                                          "--control-socket", "none", app("misbehaving")}));
    fs::remove(dir.path() / "current");
    fs::create_directory_symlink("r2", dir.path() / "current");
    girin.hup();
    ASSERT_TRUE(girin.wait_for_log("generation 2 serves", 15s)) << girin.log();
    EXPECT_EQ(get(girin.endpoint(), "/shut-listeners").body, "shut");
    ASSERT_TRUE(girin.wait_for_log("Listens again at unix:", 15s)) << girin.log();
    EXPECT_TRUE(eventually(15s, "an answer", [&] { return answers(Endpoint::unix_socket(dir / "r1/app.sock")); }))
        << girin.log();
    EXPECT_FALSE(fs::exists(dir.path() / "r2/app.sock"));
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    EXPECT_FALSE(fs::exists(dir.path() / "r1/app.sock"));
}

// FAULTS 7, a sibling: where it isn't ours to open, somebody has to be told.
TEST(ListenerOfAll, IsNotReadyWhenAnInheritedUnixSocketIsShutDown) {
    const TempDir dir;
    Endpoint endpoint = Endpoint::unix_socket(dir / "s");
    const auto theirs = listen_on(endpoint, 10);
    ASSERT_TRUE(theirs);
    GirinCommand command({"-w", "1", "-b", "fd://7", "--admin-bind", "127.0.0.1:0", app("misbehaving")});
    command.inherit = {{theirs->get(), 7}};
    GirinProcess girin(dir, command);
    const Endpoint admin = admin_of(girin);
    EXPECT_EQ(get(admin, "/readyz").status, 200);
    EXPECT_EQ(get(endpoint, "/shut-listeners").body, "shut");
    ASSERT_TRUE(eventually(15s, "not ready", [&] { return get(admin, "/readyz").status == 503; })) << girin.log();
    const std::string body = get(admin, "/readyz").body;
    EXPECT_NE(body.find("degraded: 1 of 1 workers are ready; nobody can connect to unix:"), body.npos) << body;
}

// --- the scoreboard

struct Mapping {
    std::size_t bytes = 0;
    bool writable = false;
    bool may_become_writable = false;  // by mprotect()
};

std::vector<Mapping> scoreboard_of(pid_t pid) {
    std::vector<Mapping> found;
    std::ifstream smaps("/proc/" + std::to_string(pid) + "/smaps");
    bool inside = false;
    for (std::string line; std::getline(smaps, line);) {
        std::size_t from = 0, to = 0;
        char rights[5] = "";
        if (std::sscanf(line.c_str(), "%zx-%zx %4s", &from, &to, rights) == 3) {
            inside = line.find("girin-scoreboard") != line.npos;
            if (inside) found.push_back(Mapping{to - from, rights[1] == 'w', false});
        }
        if (inside && line.starts_with("VmFlags:")) found.back().may_become_writable = line.find(" mw") != line.npos;
    }
    return found;
}

std::size_t writable_bytes(const std::vector<Mapping>& mappings) {
    std::size_t bytes = 0;
    for (const Mapping& one : mappings) bytes += one.writable || one.may_become_writable ? one.bytes : 0;
    return bytes;
}

/// Whole pages.
std::size_t bytes_of_a_line() {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return (sizeof(ScoreboardSlot) + page - 1) / page * page;
}

// FAULTS 35: by writing its siblings' lines a worker could have them aborted, and mislead the gate.
TEST(ScoreboardOfAWorker, HasOneLineThatItCanWrite) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "3", "-b", "127.0.0.1:0", "--control-socket", dir / "c", "demo"}, 3));
    const std::vector<Mapping> of_master = scoreboard_of(girin.pid());
    ASSERT_EQ(of_master.size(), 2U);  // the workers', and the monitor's
    EXPECT_EQ(writable_bytes(of_master), of_master[0].bytes + of_master[1].bytes);
    for (const pid_t child : children_of(girin.pid())) {
        // The monitor's is on a board of its own.
        EXPECT_EQ(writable_bytes(scoreboard_of(child)), bytes_of_a_line()) << title_of(child);
        for (const std::string& target : fd_targets(child)) EXPECT_EQ(target.find("girin-scoreboard"), target.npos);
    }
}

TEST(ScoreboardOfAWorker, HasOneLineThatItCanWriteWhenAZygoteHasForkedIt) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "2", "--preload", "-b", "127.0.0.1:0", "demo"}, 2));
    for (const pid_t child : children_of(girin.pid())) {
        const std::vector<Mapping> mappings = scoreboard_of(child);
        if (title_of(child).starts_with("girin: zygote")) {  // its workers' lines become writable in them
            EXPECT_TRUE(std::ranges::none_of(mappings, &Mapping::writable));
            continue;
        }
        EXPECT_EQ(writable_bytes(mappings), bytes_of_a_line()) << title_of(child);
        for (const std::string& target : fd_targets(child)) EXPECT_EQ(target.find("girin-scoreboard"), target.npos);
    }
}

/// Where a worker's own line is in its memory.
std::size_t own_line_of(pid_t pid) {
    std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
    for (std::string line; std::getline(maps, line);) {
        std::size_t from = 0;
        char rights[5] = "";
        if (line.find("girin-scoreboard") == line.npos) continue;
        if (std::sscanf(line.c_str(), "%zx-%*x %4s", &from, rights) == 2 && rights[1] == 'w') return from;
    }
    return 0;
}

// FAULTS 35, a sibling: a worker could have the status tell any process of the machine as the one that serves.
TEST(ScoreboardOfAWorker, DoesNotMakeAnotherProcessTheOneThatServes) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--control-socket", dir / "c", "demo"}));
    const pid_t worker = girin.workers().at(0);
    const std::size_t line = own_line_of(worker);
    ASSERT_NE(line, 0U);
    const std::int32_t other = girin.pid();
    const UniqueFd memory(::open(("/proc/" + std::to_string(worker) + "/mem").c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_EQ(::pwrite(memory.get(), &other, sizeof other, static_cast<off_t>(line + offsetof(ScoreboardSlot, program))),
              static_cast<ssize_t>(sizeof other));
    const HttpResponse status = get(Endpoint::unix_socket(dir / "c"), "/v1/status");
    EXPECT_NE(status.body.find("\"pid\":" + std::to_string(worker)), std::string::npos) << status.body;
    EXPECT_EQ(status.body.find("keeper_pid"), std::string::npos) << status.body;
}

}  // namespace
}  // namespace girin::test
