// A snapshot as Prometheus and statsd are told it.

#include "supervisor/monitor/metrics_text.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "supervisor/monitor/statsd.hpp"

namespace girin::test {
namespace {

Snapshot some_snapshot() {
    Snapshot snapshot;
    snapshot.master.ready = 1;
    snapshot.master.exits[static_cast<std::size_t>(ExitKind::crashed)] = 3;
    snapshot.totals.requests = 10;
    snapshot.totals.latency[0] = 7;
    snapshot.totals.latency[kLatencyBuckets - 1] = 3;
    snapshot.totals.latency_sum_us = 1'500'000;
    SlotView& slot = snapshot.slots.emplace_back();
    slot.slot = 4;
    slot.facts.pid = 123;
    slot.lag_s = 0.25;
    slot.memory = ProcessMemory{4096, 1024};
    return snapshot;
}

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(MetricsText, TellsCountersGaugesAndTheHistogram) {
    const std::string text = metrics_text(some_snapshot(), {Backlog{"127.0.0.1:80", 2, 128}}, "1.2");
    for (const char* const line :
         {"girin_info{version=\"1.2\"} 1", "girin_requests_total 10", "girin_worker_exits_total{cause=\"crashed\"} 3",
          "girin_request_duration_seconds_bucket{le=\"0.001\"} 7", "girin_request_duration_seconds_bucket{le=\"30\"} 7",
          "girin_request_duration_seconds_bucket{le=\"+Inf\"} 10", "girin_request_duration_seconds_sum 1.5",
          "girin_worker_loop_lag_seconds{slot=\"4\"} 0.25", "girin_resident_memory_bytes{process=\"worker 4\"} 4096",
          "girin_listener_backlog{listener=\"127.0.0.1:80\"} 2"}) {
        EXPECT_TRUE(has_line(text, line)) << line << " is missing in\n" << text;
    }
}

TEST(StatsdText, TellsWhatHasChanged) {
    const Snapshot now = some_snapshot();
    Snapshot before = now;
    before.totals.requests = 5;
    before.totals.latency_sum_us = 1'000'000;
    const std::string text = statsd_text(before, now, "shop");
    EXPECT_TRUE(has_line(text, "shop.gunicorn.workers:1|g")) << text;
    EXPECT_TRUE(has_line(text, "shop.gunicorn.requests:5|c")) << text;
    EXPECT_TRUE(has_line(text, "shop.gunicorn.request.duration:100.000|ms")) << text;
    EXPECT_TRUE(has_line(statsd_text(now, now, ""), "gunicorn.requests:0|c"));
}

TEST(Backlogs, AreTheKernelsOwnCounts) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(listener.get(), generic, bytes), 0);
    ASSERT_EQ(::listen(listener.get(), 9), 0);
    ASSERT_EQ(::getsockname(listener.get(), generic, &bytes), 0);
    const std::string text = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(client.get(), generic, bytes), 0);
    const auto backlogs = read_backlogs("unix:/run/s\n" + text + "\n");
    if (backlogs.empty() || backlogs[0].limit == 0) GTEST_SKIP() << "the kernel has no sock_diag here";
    ASSERT_EQ(backlogs.size(), 1u);
    EXPECT_EQ(backlogs[0].listener, text);
    EXPECT_EQ(backlogs[0].waiting, 1u);
    EXPECT_EQ(backlogs[0].limit, 9u);
}

}  // namespace
}  // namespace girin::test
