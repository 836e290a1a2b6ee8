// The control socket of the real girin: what is asked through it, and what comes of it.

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "tests/load/report.hpp"
#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

class Control : public testing::Test {
  protected:
    /// With two workers, unless `args` say otherwise; listening for requests at `c`.
    std::vector<std::string> args(std::vector<std::string> more = {"demo"}) const {
        std::vector<std::string> all = {"-w", "2", "-b", "127.0.0.1:0", "--soak", "0.05", "--control-socket", socket()};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    std::string socket() const { return dir_ / "c"; }
    Endpoint control() const { return Endpoint::unix_socket(socket()); }

    json::value get_json(const std::string& target) const {
        const HttpResponse response = get(control(), target);
        EXPECT_EQ(response.status, 200) << response.body;
        return json::parse(response.body);
    }
    json::value status() const { return get_json("/v1/status"); }
    std::int64_t generation() const { return status().at("generation").to_number<std::int64_t>(); }

    /// What POST /v1/`verb` answers: "200 generation 2 serves".
    std::string ask(const std::string& verb, const std::string& body = {}) const {
        HttpClient client(control(), 15s);
        const HttpResponse response = client.request("POST", "/v1/" + verb, {}, body);
        return std::to_string(response.status) + " " + std::string(json::parse(response.body).at("message").as_string());
    }

    /// The master's monitor; 0: there is none.
    static pid_t monitor_of(const GirinProcess& girin) {
        for (const pid_t child : children_of(girin.pid())) {
            if (is_running(child) && title_of(child).starts_with("girin: monitor")) return child;
        }
        return 0;
    }

    const TempDir dir_;
};

TEST_F(Control, TellsHowTheServerIs) {
    GirinProcess girin(dir_, GirinCommand(args({"-n", "shop", "demo"}), 2));
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    EXPECT_TRUE(eventually(10s, "what is logged to be told", [&] {
        const json::value now = status();
        return now.at("state").as_string() == "serving" && now.at("totals").at("requests").to_number<int>() == 1;
    }));
    const json::value now = status();
    EXPECT_EQ(now.at("pid").as_int64(), girin.pid());
    EXPECT_EQ(now.at("name").as_string(), "shop");
    EXPECT_EQ(now.at("state").as_string(), "serving");
    EXPECT_EQ(now.at("generation").as_int64(), 1);
    EXPECT_EQ(now.at("workers").at("ready").as_int64(), 2);
    EXPECT_EQ(now.at("totals").at("requests").to_number<int>(), 1);
    EXPECT_EQ(now.at("listeners").as_array().size(), 1u);
    ASSERT_EQ(now.at("slots").as_array().size(), 2u);
    const json::value& slot = now.at("slots").as_array()[0];
    EXPECT_EQ(slot.at("state").as_string(), "ready");
    EXPECT_GT(slot.at("memory").at("rss_bytes").to_number<std::size_t>(), 100'000u);
    EXPECT_TRUE(now.at("last_reload").is_null());
}

TEST_F(Control, CountsOnWhenAWorkerIsReplaced) {
    GirinProcess girin(dir_, GirinCommand(args(), 2));
    for (int i = 0; i < 10; ++i) EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    ::kill(girin.workers()[0], SIGKILL);
    EXPECT_TRUE(eventually(10s, "the exit to be told", [&] {
        return status().at("totals").at("worker_exits").at("killed_outside").to_number<int>() == 1;
    }));
    EXPECT_EQ(ask("reload"), "200 generation 2 serves; it is watched for 30 s more");
    EXPECT_EQ(status().at("totals").at("requests").to_number<int>(), 10);
}

TEST_F(Control, AnswersAReloadByItsOutcome) {
    dir_.write("girin.conf", "application = demo\n");
    GirinProcess girin(dir_, GirinCommand(args({}), 2));
    EXPECT_EQ(ask("reload"), "200 generation 2 serves; it is watched for 30 s more");
    EXPECT_EQ(status().at("last_reload").at("outcome").as_string(), "committed");
    EXPECT_TRUE(eventually(5s, "the places of the former workers are empty, since nobody knows when", [&] {
        const json::value slot = status().at("slots").as_array()[0];
        return slot.at("pid").is_null() && slot.at("state_for_s").is_null();
    }));
    dir_.write("girin.conf", "application = ./nowhere.so\n");
    const std::string answer = ask("reload");
    EXPECT_TRUE(answer.starts_with("409 generation 3 failed and was rolled back: ")) << answer;
    EXPECT_NE(answer.find("nowhere.so"), std::string::npos) << answer;
    const json::value reload = status().at("last_reload");
    EXPECT_EQ(reload.at("outcome").as_string(), "rolled_back");
    EXPECT_NE(reload.at("reason").as_string().find("nowhere.so"), std::string::npos);
    EXPECT_EQ(generation(), 2);
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
}

TEST_F(Control, StaysWhereItIsOverAReloadWhateverItsSettingsSay) {
    dir_.write("girin.conf", "application = demo\n");
    GirinProcess girin(dir_, GirinCommand(args({}), 2));
    dir_.write("girin.conf", "application = demo\ncontrol_socket_mode = 0666\n");
    EXPECT_EQ(ask("reload"), "200 generation 2 serves; it is watched for 30 s more");
    EXPECT_TRUE(girin.wait_for_log("takes a restart, and stays as it is")) << girin.log();
    EXPECT_EQ(std::filesystem::status(socket()).permissions(), std::filesystem::perms{0600});
}

TEST_F(Control, ScalesUpAndDown) {
    GirinProcess girin(dir_, GirinCommand(args(), 2));
    EXPECT_EQ(ask("scale", R"({"workers": 4})"), "200 4 workers serve");
    EXPECT_TRUE(girin.workers_become(4));
    EXPECT_EQ(ask("scale", R"({"by": -3})"), "200 1 worker serves");
    EXPECT_TRUE(girin.workers_become(1));
    EXPECT_TRUE(ask("scale", R"({"workers": 0})").starts_with("400 ")) << girin.log();
    EXPECT_TRUE(ask("scale", "{}").starts_with("400 "));
    EXPECT_TRUE(ask("scale", "four").starts_with("400 "));
}

TEST_F(Control, EndsAWorkerByItsSlot) {
    GirinProcess girin(dir_, GirinCommand(args(), 2));
    const auto slot = status().at("slots").as_array()[0];
    const std::string pid = std::to_string(slot.at("pid").as_int64());
    EXPECT_EQ(ask("kill", R"({"slot": 0})"), "200 worker 0 (pid " + pid + ") has finished");
    EXPECT_TRUE(girin.workers_become(2, {static_cast<pid_t>(slot.at("pid").as_int64())}));
    EXPECT_TRUE(ask("kill", R"({"slot": 99999})").starts_with("400 "));
    EXPECT_TRUE(ask("kill", R"({"slot": -1})").starts_with("400 "));
}

TEST_F(Control, ChangesTheLogsLevelAndOpensLogsAnew) {
    GirinProcess girin(dir_, GirinCommand(args(), 2));
    EXPECT_EQ(ask("log-level", R"({"level": "debug"})"), "200 the log's level is debug");
    EXPECT_TRUE(ask("log-level", R"({"level": "loud"})").starts_with("400 "));
    EXPECT_EQ(ask("reopen"), "200 log files are opened anew");
}

TEST_F(Control, AnswersAStopWhenTheServerHasStopped) {
    GirinProcess girin(dir_, GirinCommand(args(), 2));
    EXPECT_EQ(ask("stop", R"({"quick": true})"), "200 the server has stopped");
    const auto exit = girin.child().wait_exit(10s);
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, 0) << girin.log();
    EXPECT_FALSE(std::filesystem::exists(socket()));
}

TEST_F(Control, LogsWhoAsked) {
    GirinProcess girin(dir_, GirinCommand(args(), 2));
    EXPECT_EQ(ask("reload"), "200 generation 2 serves; it is watched for 30 s more");
    const std::string asker = "uid " + std::to_string(::getuid()) + ", pid " + std::to_string(::getpid());
    EXPECT_TRUE(girin.wait_for_log("reload asked by " + asker));
    struct stat file{};
    ASSERT_EQ(::stat(socket().c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777U, 0600U);
}

TEST_F(Control, FollowsEvents) {
    GirinProcess girin(dir_, GirinCommand(args(), 2));
    HttpClient follower(control(), 15s);
    follower.send(format_request("GET", "/v1/events", {{"Accept", "text/event-stream"}}));
    EXPECT_EQ(ask("scale", R"({"workers": 3})"), "200 3 workers serve");
    std::string seen;
    EXPECT_TRUE(eventually(10s, "the event", [&] {
        seen += follower.read_some();  // the status comes once a second in any case
        return seen.find("from 2 to 3 workers") != std::string::npos;
    })) << seen;
    EXPECT_NE(seen.find("event: status\ndata: {"), std::string::npos);
    const json::value events = get_json("/v1/events");
    EXPECT_GT(events.at("events").as_array().size(), 4u);
    const std::string last = std::to_string(events.at("last").to_number<int>());
    EXPECT_TRUE(get_json("/v1/events?after=" + last).at("events").as_array().empty());
}

TEST_F(Control, StartsTheMonitorAgainAndNobodyElseNotices) {
    GirinProcess girin(dir_, GirinCommand(args(), 2));
    const std::vector<pid_t> workers = girin.workers();
    load::LoadThread load(load_on(girin.endpoint()));
    pid_t before = monitor_of(girin);
    for (int i = 0; i < 2; ++i) {
        ASSERT_GT(before, 0);
        ::kill(before, SIGKILL);
        ASSERT_TRUE(eventually(15s, "another monitor", [&] {
            const pid_t now = monitor_of(girin);
            return now != 0 && now != before;
        }));
        before = monitor_of(girin);
    }
    EXPECT_TRUE(eventually(10s, "an answer", [&] { return get(control(), "/livez").status == 200; }));
    EXPECT_EQ(status().at("workers").at("ready").as_int64(), 2);
    EXPECT_GT(get_json("/v1/events").at("events").as_array().size(), 3u);
    EXPECT_EQ(girin.workers(), workers);
    EXPECT_TRUE(nothing_lost(load.finish()));
}

// FAULTS 7, a sibling of the thread that hangs unseen: a monitor that stands still was judged by nobody.
TEST_F(Control, ReplacesAMonitorThatStandsStill) {
    GirinProcess girin(dir_, GirinCommand(args(), 2));
    ASSERT_TRUE(eventually(10s, "an answer", [&] { return get(control(), "/livez").status == 200; }));
    const pid_t before = monitor_of(girin);
    ASSERT_GT(before, 0);
    ::kill(before, SIGSTOP);
    ASSERT_TRUE(eventually(30s, "another monitor", [&] {
        const pid_t now = monitor_of(girin);
        return now != 0 && now != before;
    })) << girin.log();
    EXPECT_NE(girin.log().find("The monitor (pid " + std::to_string(before) + ") hangs: "), std::string::npos) << girin.log();
    EXPECT_TRUE(eventually(10s, "an answer", [&] { return get(control(), "/livez").status == 200; }));
}

// FAULTS 7, a sibling of what is dropped in silence: who asked a master that stands still waited without end.
TEST_F(Control, SaysSoWhenTheMasterDoesntRead) {
    GirinProcess girin(dir_, GirinCommand(args(), 2));
    ASSERT_TRUE(eventually(10s, "an answer", [&] { return get(control(), "/livez").status == 200; }));
    ::kill(girin.pid(), SIGSTOP);
    const std::string answer = ask("log-level", R"({"level":"debug"})");
    ::kill(girin.pid(), SIGCONT);
    EXPECT_TRUE(answer.starts_with("409 the master hasn't read the request within 10 s")) << answer;
    EXPECT_EQ(ask("log-level", R"({"level":"info"})"), "200 the log's level is info");
}

// FAULTS 7: a statsd server's name was looked up on the monitor's loop before it served, and once.
TEST_F(Control, ServesWhileAServersNameIsLookedUpAgainAndAgain) {
    GirinProcess girin(dir_, GirinCommand(args({"--statsd-host", "nowhere.invalid:8125", "demo"}), 2));
    EXPECT_TRUE(eventually(10s, "an answer", [&] { return get(control(), "/livez").status == 200; }));
    EXPECT_TRUE(girin.wait_for_log("nowhere.invalid:8125")) << girin.log();
    EXPECT_TRUE(girin.wait_for_log("tried again in 2 s")) << girin.log();
}

TEST_F(Control, TakesNoActionsByTcpUnlessAllowed) {
    for (const bool allowed : {false, true}) {
        const TempDir dir;
        std::vector<std::string> with = {"-w", "1", "-b", "127.0.0.1:0", "--admin-bind", "127.0.0.1:0", "demo"};
        if (allowed) with.insert(with.begin(), "--admin-allow-actions");
        GirinProcess girin(dir, GirinCommand(with, 1));
        const Endpoint admin = admin_of(girin);
        const Fields plain = {{"Host", admin.to_text()}};
        EXPECT_EQ(get(admin, "/v1/status", plain).status, 200);
        HttpClient client(admin, 10s);
        const Fields typed = {{"Host", "localhost"}, {"Content-Type", "application/json"}};
        EXPECT_EQ(client.request("POST", "/v1/reload", typed, "{}").status, allowed ? 200 : 403);
        if (allowed) {
            EXPECT_EQ(client.request("POST", "/v1/reload", plain, "{}").status, 415);
        }
    }
}

TEST_F(Control, IsForItsOwnUserAndRootWhateverItsMode) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    std::filesystem::permissions(dir_.path(), std::filesystem::perms(0755));
    std::vector<std::string> with = args();
    with.insert(with.begin(), {"--control-socket-mode", "0666"});
    GirinProcess girin(dir_, GirinCommand(with, 2));
    EXPECT_EQ(get(control(), "/v1/status").status, 200);
    const pid_t stranger = ::fork();
    if (stranger == 0) {
        const bool is_another = ::setgid(1) == 0 && ::setuid(1) == 0;
        bool is_refused = false;
        try {
            is_refused = get(control(), "/v1/status").status == 403 &&
                         HttpClient(control(), 10s).request("POST", "/v1/stop", {}, "").status == 403;
        } catch (const HttpClientError&) {
        }
        ::_exit(is_another && is_refused ? 0 : 1);
    }
    int status = -1;
    ::waitpid(stranger, &status, 0);
    EXPECT_EQ(status, 0) << "another user can connect, and gets no answer";
}

TEST_F(Control, IsNotForPagesOfStrangers) {
    GirinProcess girin(dir_, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--admin-bind", "127.0.0.1:0", "--admin-hosts",
                                           "ops.example", "--admin-allow-actions", "demo"}, 1));
    const Endpoint admin = admin_of(girin);
    const auto post = [&](Fields fields) {
        fields.emplace_back("Content-Type", "application/json");
        return HttpClient(admin, 10s).request("POST", "/v1/reopen", fields, "{}").status;
    };
    EXPECT_EQ(post({{"Host", "ops.example:80"}}), 200);
    EXPECT_EQ(post({{"Host", "evil.example"}}), 403);  // a name that was made to point here
    EXPECT_EQ(post({{"Host", "localhost"}, {"Sec-Fetch-Site", "cross-site"}}), 403);
    EXPECT_EQ(post({{"Host", "localhost"}, {"Sec-Fetch-Site", "same-origin"}}), 200);
    const Fields stranger = {{"Host", "evil.example"}};
    EXPECT_EQ(get(admin, "/v1/status", stranger).status, 403);
    EXPECT_EQ(get(admin, "/v1/events", stranger).status, 403);
    EXPECT_EQ(get(admin, "/metrics", stranger).status, 200);
    EXPECT_EQ(get(admin, "/readyz", stranger).status, 200);
    EXPECT_FALSE(get(admin, "/v1/status", {{"Host", admin.to_text()}}).field("Access-Control-Allow-Origin"));
}

TEST_F(Control, IsSilentWhenASignalIsForEverybody) {
    GirinProcess girin(dir_, GirinCommand(args(), 2));
    const pid_t first = monitor_of(girin);
    ASSERT_GT(first, 0);
    ::kill(first, SIGTERM);
    const std::string ended = "The monitor (pid " + std::to_string(first) + ") was ended by a signal from outside";
    EXPECT_TRUE(girin.wait_for_log(ended)) << girin.log();
    EXPECT_TRUE(eventually(15s, "another monitor", [&] { return monitor_of(girin) > 0; }));
    EXPECT_TRUE(eventually(15s, "an answer", [&] { return get(control(), "/readyz").status == 200; }));
    const std::size_t mark = girin.mark();
    std::vector<pid_t> all = girin.workers();  // a service manager's stop is a TERM to each, the master the last here
    all.push_back(monitor_of(girin));
    for (const pid_t pid : all) ::kill(pid, SIGTERM);
    EXPECT_TRUE(girin.stop());
    EXPECT_EQ(girin.log().find("The monitor", mark), std::string::npos) << girin.log();
}

TEST_F(Control, FindsAPlaceForTheSocketByItself) {
    GirinCommand command({"-w", "1", "-b", "127.0.0.1:0", "demo"}, 1);
    command.environment = {{"GIRIN_CONTROL_SOCKET", "auto"}, {"XDG_RUNTIME_DIR", dir_.path()}};
    GirinProcess girin(dir_, command);
    const auto line = girin.wait_for_log("Control socket: unix:");
    ASSERT_TRUE(line);
    const std::string path = line->substr(line->find("unix:") + 5);
    EXPECT_NE(path.find("/girin"), std::string::npos);
    EXPECT_EQ(get(Endpoint::unix_socket(path), "/readyz").status, 200);
    EXPECT_TRUE(girin.stop());
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(Control, RefusesAPathThatItCantHave) {
    const Finished ended = run_girin(dir_, {"-b", "127.0.0.1:0", "--control-socket", "/nowhere/c", "demo"});
    EXPECT_EQ(ended.status.code, 1);
    EXPECT_NE(ended.error.find("control-socket: bind unix:/nowhere/c"), std::string::npos) << ended.error;
}

}  // namespace
}  // namespace girin::test
