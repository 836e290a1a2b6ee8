// The pool of threads as the master sees it: jobs that hang, lag or crash are told with their requests, and what is well is
// left alone; the order in which a worker with a pool ends. What holds for the loop: hang_test.cpp, crash_test.cpp.

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <thread>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"
#include "worker/process/crash_handler.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

class PoolOfThreads : public testing::Test {
  protected:
    /// One worker with two threads, unless `more` says otherwise.
    void start(std::vector<std::string> more, const std::string& application = "synchronous",
               std::map<std::string, std::string> environment = {}) {
        std::vector<std::string> args = {"-w", "1", "--threads", "2", "-b", "127.0.0.1:0", "--control-socket", dir_ / "c"};
        args.insert(args.end(), more.begin(), more.end());
        args.push_back(app(application));
        GirinCommand command(std::move(args), 1);
        command.environment = std::move(environment);
        girin_.emplace(dir_, command);
    }
    GirinProcess& girin() { return *girin_; }
    std::string log() const { return girin_->log(); }

    HttpClient ask(const std::string& target) const {
        HttpClient client(girin_->endpoint(), 20s);
        client.send(format_request("GET", target));
        return client;
    }
    HttpResponse of_monitor(const std::string& target) const {
        return test::get(Endpoint::unix_socket(dir_ / "c"), target);
    }
    json::value slot() const { return json::parse(of_monitor("/v1/status").body).at("slots").as_array().at(0); }
    std::string line_with(std::string_view part) const {
        const std::string log = girin_->log();
        const auto at = log.find(part);
        if (at == std::string::npos) return {};
        const auto begin = log.rfind('\n', at) + 1;
        return log.substr(begin, log.find('\n', at) - begin);
    }
    /// Whether `time` goes by, and the time that passes is the test.
    static void let_pass(milliseconds time) {
        wait_until(time, [] { return false; });
    }

    const TempDir dir_;
    std::optional<GirinProcess> girin_;
};

struct PoolHang {
    const char* application;
    const char* target;
    const char* function;
};

class HangInThePool : public PoolOfThreads, public testing::WithParamInterface<PoolHang> {};

// FAULTS 26: a stuck pool was invisible: nothing in the log, --timeout without effect, for ever.
TEST_P(HangInThePool, IsToldWithAllRequestsAndStacksAndTheWorkerReplaced) {
    start({"-t", "1", "--lag-warning", "0.3"}, GetParam().application);
    const std::vector<pid_t> stuck = girin().workers();
    HttpClient first = ask(std::string(GetParam().target) + "?first");
    HttpClient second = ask(std::string(GetParam().target) + "?second");
    HttpClient queued = ask(std::string(GetParam().target) + "?third");
    ASSERT_TRUE(girin().wait_for_log("lags: a job of its pool has kept its thread for ", 20s)) << log();
    ASSERT_TRUE(girin().wait_for_log("hangs: ", 20s)) << log();
    const std::string record = line_with("hangs: ");
    EXPECT_NE(record.find("a job of its pool has kept its thread for "), std::string::npos) << record;
    EXPECT_NE(record.find("blocked"), std::string::npos) << record;
    for (const char* const which : {"?first", "?second"}) {
        EXPECT_NE(record.find(std::string("; GET ") + GetParam().target + which + " from 127.0.0.1:"), std::string::npos)
            << record;
    }
    EXPECT_NE(record.find("2 of 2 threads of its pool are busy, 1 job waits"), std::string::npos) << record;
    const bool has_stack = record.find("no stack: ") == std::string::npos;
    EXPECT_TRUE(!has_stack || count_of(record, GetParam().function) >= 2) << record;
    EXPECT_TRUE(!has_stack || record.find("girin::AsioLoop::select") != std::string::npos) << "all stacks: " << record;
    EXPECT_TRUE(girin().workers_become(1, stuck)) << log();
    EXPECT_TRUE(girin().becomes_ready(2, 0)) << log();
    EXPECT_EQ(test::get(girin().endpoint(), "/").status, 200);
    EXPECT_EQ(count_of(log(), "hangs: "), 1U) << log();
    EXPECT_EQ(girin().stop(5s), (ExitStatus{0, 0})) << log();
}

INSTANTIATE_TEST_SUITE_P(Of, HangInThePool,
                         testing::Values(PoolHang{"synchronous", "/deadlock", "lock_mutex_twice"},
                                         PoolHang{"misbehaving", "/in-executor/deadlock", "lock_twice"}),
                         [](const auto& each) { return std::string(each.param.application); });

// FAULTS 26: ready, lag 0 and /readyz 200 while nothing could be served.
TEST_F(PoolOfThreads, ThatStandsStillIsSeenEverywhere) {
    start({"-t", "60", "--lag-warning", "0.3"});
    EXPECT_EQ(of_monitor("/readyz").status, 200);
    HttpClient first = ask("/block/4000?token=secret");
    HttpClient second = ask("/block/4000?token=secret");
    HttpClient third = ask("/");
    EXPECT_TRUE(eventually(10s, "not ready", [&] { return of_monitor("/readyz").status == 503; })) << log();
    EXPECT_EQ(of_monitor("/readyz").body, "serving: 1 of 1 workers are ready, 1 of them held up\n");
    EXPECT_TRUE(eventually(10s, "who holds it up", [&] { return !slot().at("held_by").is_null(); })) << log();
    const json::value slot = this->slot();
    EXPECT_TRUE(slot.at("held_up").as_bool());
    EXPECT_EQ(slot.at("held_by").at("request").as_string(), "GET /block/4000") << "and not what its query says";
    EXPECT_EQ(slot.at("held_by").at("where").as_string(), "pool");
    const json::value& pool = slot.at("pool");
    EXPECT_EQ(pool.at("threads").as_int64(), 2);
    EXPECT_EQ(pool.at("busy").as_int64(), 2);
    EXPECT_EQ(pool.at("queued").as_int64(), 1);
    EXPECT_GT(pool.at("oldest_queued_s").to_number<double>(), 0.3);
    EXPECT_GT(pool.at("oldest_job_s").to_number<double>(), 0.3);
    const std::string metrics = of_monitor("/metrics").body;
    for (const char* const line : {"girin_worker_held_up{slot=\"0\"} 1\n", "girin_worker_pool_threads{slot=\"0\"} 2\n",
                                   "girin_worker_pool_busy{slot=\"0\"} 2\n", "girin_worker_pool_queued{slot=\"0\"} 1\n"}) {
        EXPECT_NE(metrics.find(line), std::string::npos) << line << metrics;
    }
    const std::string words = run_girin(dir_, {"status", "--control-socket", dir_ / "c"}).output;
    EXPECT_NE(words.find(" 2/2 +1 "), std::string::npos) << words;
    EXPECT_NE(words.find("Slot 0: GET /block/4000 from 127.0.0.1:"), std::string::npos) << words;
    EXPECT_NE(words.find(" has kept a thread of its pool for "), std::string::npos) << words;
    EXPECT_NE(words.find("Slot 0: jobs for its pool wait, the first for "), std::string::npos) << words;
    EXPECT_EQ(first.read_response().status, 200);
    EXPECT_EQ(third.read_response().status, 200);
    EXPECT_TRUE(girin().wait_for_log("goes on, after ")) << log();
    EXPECT_TRUE(eventually(10s, "ready", [&] { return of_monitor("/readyz").status == 200; })) << log();
    EXPECT_EQ(count_of(log(), "lags: "), 1U) << log();
}

// FAULTS 26: new connections went on to a worker whose pool could do nothing for them.
TEST_F(PoolOfThreads, ThatStandsStillGetsNoConnectionsThatAnotherCanServe) {
    start({"-w", "2", "--threads", "1", "-t", "60", "--lag-warning", "0.3"});
    ASSERT_TRUE(girin().becomes_ready(2, 0));
    HttpClient holds = ask("/block/12000");
    ASSERT_TRUE(girin().wait_for_log("lags: a job of its pool", 20s)) << log();
    let_pass(2'000ms);  // until it knows itself, and its siblings take it for one that stands still
    std::vector<HttpClient> unlucky;  // it may take one more before it looks
    for (int i = 0; i < 6; ++i) unlucky.push_back(ask("/"));
    std::vector<HttpClient> kept;  // by their number alone, the next ones would be the other worker's turn
    for (int i = 0; i < 30; ++i) {
        kept.emplace_back(girin().endpoint(), 2s);
        ASSERT_EQ(kept.back().get("/").body, "sync") << i << "\n" << log();
    }
}

TEST_F(PoolOfThreads, IsLeftAloneByWhoWaitsForItsClient) {
    start({"-t", "0.5", "--lag-warning", "0.2"});
    HttpClient slow = ask("/stream/200/100000");
    let_pass(2'000ms);
    EXPECT_EQ(slow.read_response().body.size(), 20'000'000U);
    EXPECT_EQ(count_of(log(), "hangs: "), 0U) << log();
}

// FAULTS 18, a sibling: a child forked on a thread of the pool took its parent's job off the notes as it came back, and
// --timeout no longer saw the one that hung.
TEST_F(PoolOfThreads, SeesAHandlerHangWhoseChildComesBack) {
    start({"-t", "1", "--lag-warning", "0.3"});
    const std::vector<pid_t> stuck = girin().workers();
    HttpClient client = ask("/fork-and-hang");
    EXPECT_TRUE(girin().wait_for_log("A forked child has come back into its parent's event loop")) << log();
    EXPECT_TRUE(girin().wait_for_log("hangs: ", 20s)) << log();
    EXPECT_NE(line_with("hangs: ").find("GET /fork-and-hang"), std::string::npos) << log();
    EXPECT_TRUE(girin().workers_become(1, stuck)) << log();
}

// FAULTS 18, a sibling: a child that wrote into its parent's answer had the parent's job taken for one that waits for its
// client; and one that crashed had the parent's crash note, and the master told of a crash of a worker that was well.
TEST_F(PoolOfThreads, IsNotTouchedByWhatAHandlerForks) {
    start({});
    const std::vector<pid_t> workers = girin().workers();
    EXPECT_EQ(ask("/fork-and-write").read_response().body, "the parent's");
    EXPECT_TRUE(girin().wait_for_log("A forked child has come back into its parent's event loop")) << log();
    EXPECT_EQ(ask("/fork-and-crash").read_response().body, "the parent's");
    if (handles_crashes()) {
        EXPECT_TRUE(girin().wait_for_log("a process that a worker has forked crashes by signal 11")) << log();
    }
    EXPECT_EQ(ask("/").read_response().status, 200);
    EXPECT_EQ(girin().workers(), workers);
    EXPECT_EQ(log().find("CRITICAL] Worker"), std::string::npos) << log();
}

// FAULTS 26, a sibling: clients that read nothing, one for each thread, had /readyz say 503.
TEST_F(PoolOfThreads, IsReadyThoughAllItsClientsAreSlow) {
    start({"-t", "0.5", "--lag-warning", "0.2"});
    const std::vector<pid_t> workers = girin().workers();
    HttpClient first = ask("/stream/200/100000");
    HttpClient second = ask("/stream/200/100000");
    HttpClient queued = ask("/");
    ASSERT_TRUE(eventually(10s, "all are busy", [&] { return slot().at("pool").at("busy").as_int64() == 2; }));
    EXPECT_FALSE(wait_until(2'000ms, [&] { return of_monitor("/readyz").status != 200; })) << of_monitor("/readyz").body;
    EXPECT_EQ(first.read_response().body.size(), 20'000'000U);
    EXPECT_EQ(second.read_response().body.size(), 20'000'000U);
    EXPECT_EQ(queued.read_response().status, 200);
    EXPECT_EQ(count_of(log(), "hangs: "), 0U) << log();
    EXPECT_EQ(girin().workers(), workers);
}

// FAULTS 26, a sibling: slow clients on 32 threads, or jobs there that take long and have said so, took all notes, and
// --timeout did not see what hung on the others.
class ManyOthers : public PoolOfThreads, public testing::WithParamInterface<const char*> {};

TEST_P(ManyOthers, HideNoJobThatHangs) {
    start({"--threads", "40", "-t", "1", "--lag-warning", "0"});
    const std::vector<pid_t> stuck = girin().workers();
    std::vector<HttpClient> others;
    for (int i = 0; i < 36; ++i) others.push_back(ask(GetParam()));
    ASSERT_TRUE(eventually(10s, "all are busy", [&] { return slot().at("pool").at("busy").as_int64() == 36; }));
    HttpClient hangs = ask("/deadlock");
    EXPECT_TRUE(girin().wait_for_log("hangs: ", 10s)) << log();
    EXPECT_NE(line_with("hangs: ").find("GET /deadlock"), std::string::npos) << log();
    for (HttpClient& other : others) other.reset();
    EXPECT_TRUE(girin().workers_become(1, stuck)) << log();
}

INSTANTIATE_TEST_SUITE_P(Of, ManyOthers, testing::Values("/stream/200/100000", "/long/20000"),
                         [](const auto& each) {
                             return std::string(each.param).starts_with("/long") ? "LongJobs" : "SlowClients";
                         });

class LongJob : public PoolOfThreads, public testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(LongJob, MayTakeAsLongAsItHasSaid) {
    start({"-t", "0.5"}, GetParam().first);
    HttpClient client = ask(GetParam().second);
    EXPECT_EQ(client.read_response().status, 200) << log();
    EXPECT_EQ(count_of(log(), "hangs: "), 0U) << log();
}

INSTANTIATE_TEST_SUITE_P(Of, LongJob,
                         testing::Values(std::pair("synchronous", "/long/2000"),
                                         std::pair("misbehaving", "/in-executor/long/2000")),
                         [](const auto& each) { return std::string(each.param.first); });

/// Children that burn all the processor there is.
class Hogs {
  public:
    explicit Hogs(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            const pid_t pid = ::fork();
            if (pid == 0) {
                ::prctl(PR_SET_PDEATHSIG, SIGKILL);
                for (volatile unsigned long work = 0;;) work = work + 1;
            }
            pids_.push_back(pid);
        }
    }
    ~Hogs() {
        for (const pid_t pid : pids_) ::kill(pid, SIGKILL);
        for (const pid_t pid : pids_) ::waitpid(pid, nullptr, 0);
    }

  private:
    std::vector<pid_t> pids_;
};

TEST_F(PoolOfThreads, IsNeverBlamedForWantOfAProcessor) {
    start({"-t", "1", "--lag-warning", "0.3"});
    const std::vector<pid_t> workers = girin().workers();
    {
        const Hogs hogs(8 * std::max(1U, std::thread::hardware_concurrency()));
        HttpClient computing = ask("/compute/150");  // of processor time, which takes much longer now
        EXPECT_EQ(computing.read_response().status, 200) << log();
    }
    EXPECT_EQ(count_of(log(), "hangs: "), 0U) << log();
    EXPECT_EQ(girin().workers(), workers);
}

struct PoolCrash {
    const char* name;
    const char* target;
    const char* cause;
    const char* function;
};

class CrashInThePool : public PoolOfThreads, public testing::WithParamInterface<PoolCrash> {};

// FAULTS 27: a crash on a thread of the pool was told without its request, and an endless recursion with nothing.
TEST_P(CrashInThePool, IsToldWithItsPlaceAndRequest) {
    if (!handles_crashes()) GTEST_SKIP() << "the sanitizer has these signals";
    start({});
    provoke(girin().endpoint(), GetParam().target);
    ASSERT_TRUE(girin().wait_for_log("crashed: ")) << log();
    const std::string all = line_with("crashed: ");
    const std::string record = all.substr(all.find("crashed: "));
    EXPECT_TRUE(record.starts_with(GetParam().cause)) << record;
    EXPECT_NE(record.find(std::string("; GET ") + GetParam().target + " from 127.0.0.1:"), std::string::npos) << record;
    const bool has_stack = record.find("no stack: ") == std::string::npos;
    EXPECT_TRUE(!has_stack || record.find(GetParam().function) != std::string::npos) << record;
    EXPECT_TRUE(girin().becomes_ready(2, 0)) << log();
}

INSTANTIATE_TEST_SUITE_P(OfAHandlerThat, CrashInThePool,
                         testing::Values(PoolCrash{"Faults", "/crash", "crashed: SIGSEGV", "crash_on_thread"},
                                         PoolCrash{"UsesUpItsStack", "/overflow", "crashed: SIGSEGV", "recurse_on_thread"},
                                         PoolCrash{"Terminates", "/terminate", "crashed: SIGABRT", "throw_uncaught"}),
                         [](const auto& each) { return std::string(each.param.name); });

// FAULTS 27: the record of a crash named whatever request the loop had in hand, though another thread had crashed.
TEST_F(PoolOfThreads, IsntBlamedForARequestOfTheLoop) {
    if (!handles_crashes()) GTEST_SKIP() << "the sanitizer has these signals";
    start({}, "misbehaving");
    provoke(girin().endpoint(), "/crash-elsewhere");
    ASSERT_TRUE(girin().wait_for_log("crashed: ")) << log();
    EXPECT_EQ(line_with("crashed: ").find("GET "), std::string::npos) << log();
}

// FAULTS 27: what an uncaught exception was stood on standard error only, which leads nowhere in a daemon.
TEST_F(PoolOfThreads, HasItsUncaughtExceptionsLogged) {
    start({});
    provoke(girin().endpoint(), "/terminate");
    EXPECT_TRUE(girin().wait_for_log("[CRITICAL] Uncaught exception, the process aborts: std::runtime_error: nobody catches this"))
        << log();
}

// FAULTS 28: stop_blocking() ran while blocking handlers still did.
TEST_F(PoolOfThreads, StopsTheApplicationWhenTheLastHandlerHasReturned) {
    start({"--graceful-timeout", "10"});
    {
        const HttpClient leaves = ask("/block/1500");
        EXPECT_TRUE(eventually(10s, "its thread at work", [&] { return slot().at("pool").at("busy").as_int64() == 1; }));
    }  // its client has gone, and so nothing holds the drain
    EXPECT_EQ(girin().stop(), (ExitStatus{0, 0})) << log();
    EXPECT_EQ(count_of(log(), "stop_blocking()\n"), 1U) << log();
    EXPECT_EQ(count_of(log(), "while a handler runs"), 0U) << log();
}

class Endless : public PoolOfThreads, public testing::WithParamInterface<std::pair<const char*, const char*>> {};

// FAULTS 30: an event stream held a drain for all of --graceful-timeout, and nothing told its handler.
TEST_P(Endless, StreamEndsWithTheDrain) {
    start({"--graceful-timeout", "30"}, GetParam().first);
    HttpClient client = ask(GetParam().second);
    ASSERT_NE(client.read_some().find("piece"), std::string::npos);
    const TimePoint began = Clock::now();
    girin().term();
    const std::string rest = client.read_until_close();
    EXPECT_NE(rest.find("the end\n"), std::string::npos) << rest;
    EXPECT_TRUE(rest.ends_with("\r\n0\r\n\r\n")) << "a proper end: " << rest;
    EXPECT_EQ(girin().child().wait_exit(15s), (ExitStatus{0, 0})) << log();
    EXPECT_LT(Clock::now() - began, 5s);
}

INSTANTIATE_TEST_SUITE_P(Of, Endless,
                         testing::Values(std::pair("synchronous", "/endless"), std::pair("misbehaving", "/events")),
                         [](const auto& each) { return std::string(each.param.first); });

// FAULTS 30: commands said nothing while they waited.
TEST_F(PoolOfThreads, IsWhatAStopSaysThatItWaitsFor) {
    start({"--graceful-timeout", "20"});
    HttpClient client = ask("/block/2500");
    EXPECT_TRUE(eventually(10s, "its thread at work", [&] { return slot().at("pool").at("busy").as_int64() == 1; }));
    const Finished stop = run_girin(dir_, {"stop", "--control-socket", dir_ / "c"});
    EXPECT_EQ(stop.output, "the server has stopped\n");
    EXPECT_NE(stop.error.find("girin stop: waits: worker 0 (pid "), std::string::npos) << stop.error;
    EXPECT_NE(stop.error.find(", 1 request in flight, 1 connection, 1 thread of its pool busy"), std::string::npos)
        << stop.error;
}

}  // namespace
}  // namespace girin::test
