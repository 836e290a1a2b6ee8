// Settings as a worker is told them.

#include "supervisor/settings/worker_options.hpp"

#include <gtest/gtest.h>

namespace girin {
namespace {

using namespace std::chrono_literals;

TEST(WorkerOptions, HaveTheSameDefaultsAsTheSettings) {
    const WorkerOptions from = to_worker_options(Settings()), own;
    EXPECT_EQ(from.limits.request_line_bytes, own.limits.request_line_bytes);
    EXPECT_EQ(from.limits.request_fields, own.limits.request_fields);
    EXPECT_EQ(from.limits.request_field_bytes, own.limits.request_field_bytes);
    EXPECT_EQ(from.limits.request_head_bytes, own.limits.request_head_bytes);
    EXPECT_EQ(from.limits.request_body_bytes, own.limits.request_body_bytes);
    EXPECT_EQ(from.limits.trailer_bytes, own.limits.trailer_bytes);
    EXPECT_EQ(from.limits.connections, own.limits.connections);
    EXPECT_EQ(from.timeouts.header, own.timeouts.header);
    EXPECT_EQ(from.timeouts.body, own.timeouts.body);
    EXPECT_EQ(from.timeouts.keep_alive, own.timeouts.keep_alive);
    EXPECT_EQ(from.timeouts.write, own.timeouts.write);
    EXPECT_EQ(from.timeouts.half_close, own.timeouts.half_close);
    EXPECT_EQ(from.timeouts.graceful, own.timeouts.graceful);
    EXPECT_EQ(from.forwarded_allow_ips, own.forwarded_allow_ips);
    EXPECT_EQ(from.forwarded_header, own.forwarded_header);
    EXPECT_FALSE(from.access_log.enabled);
}

TEST(WorkerOptions, CarryEachSetting) {
    Settings settings;
    settings.limit_request_line = 100;
    settings.limit_request_fields = 7;
    settings.limit_request_field_size = 200;
    settings.limit_request_body = 300;
    settings.worker_connections = 8;
    settings.header_timeout = 1s;
    settings.body_timeout = 2s;
    settings.keep_alive = 3s;
    settings.write_timeout = 4s;
    settings.half_close_timeout = 5s;
    settings.graceful_timeout = 6s;
    settings.boot_timeout = 7s;
    settings.close_spread = 8s;
    settings.max_requests = 9;
    settings.max_requests_jitter = 10;
    settings.threads = 11;
    settings.reuse_port = true;
    settings.forwarded_allow_ips = {"*"};
    settings.forwarded_header = "FORWARDED";
    const WorkerOptions options = to_worker_options(settings);
    EXPECT_EQ(options.limits.request_line_bytes, 100u);
    EXPECT_EQ(options.limits.request_fields, 7u);
    EXPECT_EQ(options.limits.request_field_bytes, 200u);
    EXPECT_EQ(options.limits.request_body_bytes, 300u);
    EXPECT_EQ(options.limits.connections, 8u);
    EXPECT_EQ(options.timeouts.header, 1s);
    EXPECT_EQ(options.timeouts.body, 2s);
    EXPECT_EQ(options.timeouts.keep_alive, 3s);
    EXPECT_EQ(options.timeouts.write, 4s);
    EXPECT_EQ(options.timeouts.half_close, 5s);
    EXPECT_EQ(options.timeouts.graceful, 6s);
    EXPECT_EQ(options.timeouts.startup, 7s);
    EXPECT_EQ(options.timeouts.close_spread, 8s);
    EXPECT_EQ(options.max_requests, 9u);
    EXPECT_EQ(options.max_requests_jitter, 10u);
    EXPECT_EQ(options.threads, 11u);
    EXPECT_FALSE(options.accept_gate);
    EXPECT_EQ(options.forwarded_allow_ips, std::vector<std::string>{"*"});
    EXPECT_EQ(options.forwarded_header, ForwardedHeader::forwarded);
}

TEST(WorkerOptions, AreBoundedAlsoWhereASettingIsNot) {
    Settings settings;
    settings.limit_request_line = 0;
    settings.limit_request_fields = 0;
    settings.limit_request_field_size = 0;
    const Limits limits = to_worker_options(settings).limits;
    EXPECT_EQ(limits.request_line_bytes, 1024u * 1024);
    EXPECT_EQ(limits.request_fields, 32768u);
    EXPECT_EQ(limits.request_field_bytes, 1024u * 1024);
    EXPECT_GE(limits.request_head_bytes, 2u * 1024 * 1024);
}

TEST(WorkerOptions, TellTheAccessLogItsFormat) {
    Settings settings;
    settings.access_logfile = "/var/log/access.log";
    settings.access_logformat = "%(h)s";
    AccessLogOptions options = to_worker_options(settings).access_log;
    EXPECT_TRUE(options.enabled);
    EXPECT_EQ(options.file, "/var/log/access.log");
    EXPECT_EQ(options.format, "%(h)s");
    EXPECT_FALSE(options.json);

    settings.access_logformat = "json";
    options = to_worker_options(settings).access_log;
    EXPECT_TRUE(options.json);
    EXPECT_EQ(options.format, "");
}

}  // namespace
}  // namespace girin
