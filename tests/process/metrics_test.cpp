// /metrics of the real girin, judged by Prometheus' own tools where they are installed; statsd by a socket of ours.

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <fstream>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

class Metrics : public testing::Test {
  protected:
    static bool is_installed(const std::string& program) {
        return run(Command("/bin/sh", {"-c", "command -v " + program})).status.code == 0;
    }
    GirinCommand with_admin() const {
        return GirinCommand({"-w", "2", "-b", "127.0.0.1:0", "--admin-bind", "127.0.0.1:0", "demo"}, 2);
    }

    const TempDir dir_;
};

TEST_F(Metrics, CountRequests) {
    GirinProcess girin(dir_, with_admin());
    const Endpoint admin = admin_of(girin);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    EXPECT_TRUE(eventually(10s, "three requests", [&] {  // an answer may be there before it is counted
        return get(admin, "/metrics").body.find("\ngirin_request_duration_seconds_count 3\n") != std::string::npos;
    }));
    const HttpResponse metrics = get(admin, "/metrics");
    EXPECT_EQ(metrics.status, 200);
    EXPECT_EQ(metrics.field("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_NE(metrics.body.find("\ngirin_requests_total 3\n"), std::string::npos) << metrics.body;
    EXPECT_NE(metrics.body.find("\ngirin_request_duration_seconds_count 3\n"), std::string::npos) << metrics.body;
    EXPECT_NE(metrics.body.find("\ngirin_listener_backlog{listener=\"" + girin.endpoint().to_text()), std::string::npos)
        << metrics.body;
}

TEST_F(Metrics, TellAllThatAnOperatorAsks) {
    GirinProcess girin(dir_, with_admin());
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    const Endpoint admin = admin_of(girin);
    const std::string lines[] = {
        "girin_requests_total 1", "girin_requests_in_flight 0", "girin_responses_5xx_total 0",
        "girin_request_duration_seconds_bucket{le=\"+Inf\"} 1", "girin_worker_loop_lag_seconds{slot=\"0\"} ",
        "girin_worker_loop_utilisation_ratio{slot=\"1\"} ", "girin_listener_backlog{listener=",
        "girin_worker_exits_total{cause=\"crashed\"} 0", "girin_worker_exits_total{cause=\"killed_outside\"} 0",
        "girin_generation 1", "girin_worker_generation{slot=\"0\"} 1", "girin_workers{state=\"ready\"} 2",
        "girin_reloads_total{outcome=\"rolled_back\"} 0", "girin_degraded 0",
        "girin_resident_memory_bytes{process=\"master\"} ", "girin_resident_memory_bytes{process=\"worker 1\"} ",
    };
    for (const std::string& line : lines) {
        EXPECT_TRUE(eventually(10s, line, [&] { return get(admin, "/metrics").body.find("\n" + line) != std::string::npos; }))
            << get(admin, "/metrics").body;
    }
}

TEST_F(Metrics, TellHowManyWaitToBeAccepted) {
    GirinCommand command = with_admin();
    command.args[1] = "1";
    command.ready_workers = 1;
    GirinProcess girin(dir_, command);
    const Endpoint admin = admin_of(girin);
    const auto waiting = [&](int count) {
        return get(admin, "/metrics").body.find("girin_listener_backlog{listener=\"" + girin.endpoint().to_text() + "\"} " +
                                                std::to_string(count) + "\n") != std::string::npos;
    };
    const pid_t worker = girin.workers().front();
    EXPECT_TRUE(eventually(10s, "an empty queue", [&] { return waiting(0); }));
    ::kill(worker, SIGSTOP);
    ASSERT_TRUE(eventually(10s, "the worker to stand still", [&] { return state_of(worker) == 'T'; }));
    std::vector<HttpClient> clients;
    for (int i = 0; i < 5; ++i) clients.emplace_back(girin.endpoint(), 10s);
    EXPECT_TRUE(eventually(10s, "five that wait", [&] { return waiting(5); })) << get(admin, "/metrics").body;
    ::kill(worker, SIGCONT);
    EXPECT_TRUE(eventually(10s, "an empty queue", [&] { return waiting(0); }));
    EXPECT_EQ(clients.back().get("/").status, 200);
}

TEST_F(Metrics, SatisfyPromtool) {
    if (!is_installed("promtool")) GTEST_SKIP() << "there is no promtool (package prometheus)";
    GirinProcess girin(dir_, with_admin());
    dir_.write("metrics", get(admin_of(girin), "/metrics").body);
    const Finished judged = run(Command("/bin/sh", {"-c", "promtool check metrics < " + (dir_ / "metrics")}), 30s);
    EXPECT_EQ(judged.status.code, 0) << judged.output << judged.error;
    EXPECT_EQ(judged.output + judged.error, "");
}

TEST_F(Metrics, AreScrapedByPrometheus) {
    if (!is_installed("prometheus")) GTEST_SKIP() << "there is no prometheus";
    GirinProcess girin(dir_, with_admin());
    const std::string target = admin_of(girin).to_text();
    dir_.write("prometheus.yml", "global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: girin\n"
                                 "  static_configs: [{targets: ['" + target + "']}]\n");
    Command command("prometheus", {"--config.file=" + (dir_ / "prometheus.yml"), "--storage.tsdb.path=" + (dir_ / "db"),
                                   "--web.listen-address=127.0.0.1:0"});
    command.log_directory = dir_.path();
    command.log_name = "prometheus";
    ChildProcess prometheus(command);
    const std::string before = "\"Listening on\" address=";
    const auto listening = prometheus.wait_for_line(before, 60s);
    ASSERT_TRUE(listening) << prometheus.standard_error();
    const Endpoint api = Endpoint::parse(listening->substr(listening->find(before) + before.size()));
    EXPECT_TRUE(eventually(60s, "a scrape", [&] {
        try {
            return get(api, "/api/v1/query?query=girin_ready").body.find(",\"1\"]") != std::string::npos;
        } catch (const HttpClientError&) {
            return false;
        }
    })) << prometheus.standard_error();
}

/// What statsd would get, on 127.0.0.1.
class Datagrams {
  public:
    Datagrams() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t bytes = sizeof address;
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(socket_.get(), generic, bytes), 0);
        EXPECT_EQ(::getsockname(socket_.get(), generic, &bytes), 0);
        const timeval limit{10, 0};
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        port_ = std::to_string(ntohs(address.sin_port));
    }

    const std::string& port() const { return port_; }
    /// The first of some that has `line` in it, or the last.
    std::string with(std::string_view line) const {
        std::string text;
        for (int i = 0; i < 20 && text.find(line) == std::string::npos; ++i) {
            char buffer[2'000];
            const ssize_t count = ::recv(socket_.get(), buffer, sizeof buffer, 0);
            if (count > 0) text.assign(buffer, static_cast<std::size_t>(count));
        }
        return text;
    }

  private:
    const UniqueFd socket_{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    std::string port_;
};

TEST_F(Metrics, AreSentToStatsd) {
    const Datagrams server;
    GirinCommand command = with_admin();
    command.args.insert(command.args.begin(), {"--statsd-prefix", "shop", "--statsd-host", "127.0.0.1:" + server.port()});
    GirinProcess girin(dir_, command);
    const std::string text = server.with("shop.gunicorn.workers:2|g\n");
    EXPECT_NE(text.find("shop.gunicorn.workers:2|g\n"), std::string::npos) << text;
    EXPECT_NE(text.find("shop.gunicorn.requests:0|c\n"), std::string::npos) << text;
    EXPECT_EQ(girin.log().find("Metrics are sent"), std::string::npos) << "which is told after a failure only";
}

// FAULTS 7: that statsd's name is found at last was never tried, nor that anything is sent then, or said.
TEST_F(Metrics, AreSentToStatsdOnceItsNameIsFound) {
    const std::string unshare = ::geteuid() == 0 ? "-m" : "-rm";
    const std::string hosts = dir_.write("hosts", "127.0.0.1 localhost\n"), nobody = dir_.write("resolv.conf", "");
    const std::string mount = "mount --bind " + hosts + " /etc/hosts && mount --bind " + nobody + " /etc/resolv.conf";
    if (run(Command("/bin/sh", {"-c", "unshare " + unshare + " /bin/sh -c '" + mount + "'"})).status.code != 0) {
        GTEST_SKIP() << "no file may be mounted here";
    }
    const Datagrams server;
    const std::string host = "statsd.girin-test.invalid:" + server.port();
    GirinCommand command({unshare, "/bin/sh", "-c", mount + " && exec \"$@\"", "sh", girin_binary()}, 2);
    command.program = "unshare";
    const GirinCommand plain = with_admin();
    command.args.insert(command.args.end(), {"--statsd-prefix", "shop", "--statsd-host", host});
    command.args.insert(command.args.end(), plain.args.begin(), plain.args.end());
    GirinProcess girin(dir_, command);
    ASSERT_TRUE(girin.wait_for_log("Nothing is sent to statsd: find the statsd server " + host)) << girin.log();
    EXPECT_EQ(girin.log().find("Metrics are sent"), std::string::npos) << girin.log();
    std::ofstream(hosts) << "127.0.0.1 localhost statsd.girin-test.invalid\n";  // in place: it is this file that is mounted
    EXPECT_TRUE(girin.wait_for_log("Metrics are sent to the statsd server " + host, 60s)) << girin.log();
    const std::size_t found = girin.mark();
    const std::string text = server.with("shop.gunicorn.workers:2|g\n");
    EXPECT_NE(text.find("shop.gunicorn.workers:2|g\n"), std::string::npos) << text;
    EXPECT_EQ(girin.log().find("statsd", found), std::string::npos) << "once is enough: " << girin.log();
}

}  // namespace
}  // namespace girin::test
