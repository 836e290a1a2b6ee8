#include "supervisor/settings/worker_options.hpp"

#include <strings.h>

#include <algorithm>

#include "supervisor/settings/settings_table.hpp"

namespace girin {
namespace {

constexpr std::string_view kJsonWord = "json";

std::size_t limit(std::uint64_t Settings::* member, const Settings& settings) {
    const std::uint64_t value = settings.*member;
    return static_cast<std::size_t>(value != 0 ? value : row_of(member).max);
}

Limits to_limits(const Settings& settings) {
    Limits limits;
    limits.request_line_bytes = limit(&Settings::limit_request_line, settings);
    limits.request_fields = limit(&Settings::limit_request_fields, settings);
    limits.request_field_bytes = limit(&Settings::limit_request_field_size, settings);
    limits.request_head_bytes =
        std::max(limits.request_head_bytes, limits.request_line_bytes + limits.request_field_bytes);
    limits.trailer_bytes = std::max(limits.trailer_bytes, limits.request_field_bytes);
    limits.request_body_bytes = settings.limit_request_body;
    limits.min_rate_bytes = settings.min_rate;
    limits.body_memory_bytes = static_cast<std::size_t>(settings.limit_body_memory);
    limits.connections = static_cast<std::size_t>(settings.worker_connections);
    return limits;
}

Timeouts to_timeouts(const Settings& settings) {
    Timeouts timeouts;
    timeouts.header = settings.header_timeout;
    timeouts.body = settings.body_timeout;
    timeouts.min_rate_grace = settings.min_rate_grace;
    timeouts.keep_alive = settings.keep_alive;
    timeouts.write = settings.write_timeout;
    timeouts.half_close = settings.half_close_timeout;
    timeouts.graceful = settings.graceful_timeout;
    timeouts.close_spread = settings.close_spread;
    timeouts.request = settings.request_timeout;
    timeouts.startup = settings.boot_timeout;
    return timeouts;
}

AccessLogOptions to_access_log(const Settings& settings) {
    AccessLogOptions options;
    options.enabled = !settings.access_logfile.empty();
    if (options.enabled) options.file = settings.access_logfile;
    options.json = settings.access_logformat == kJsonWord;
    if (!options.json) options.format = settings.access_logformat;
    return options;
}

}  // namespace

std::optional<ForwardedHeader> parse_forwarded_header(const std::string& text) {
    if (::strcasecmp(text.c_str(), "none") == 0) return ForwardedHeader::none;
    if (::strcasecmp(text.c_str(), "x-forwarded") == 0) return ForwardedHeader::x_forwarded;
    if (::strcasecmp(text.c_str(), "forwarded") == 0) return ForwardedHeader::forwarded;
    return std::nullopt;
}

WorkerOptions to_worker_options(const Settings& settings) {
    WorkerOptions options;
    options.limits = to_limits(settings);
    options.timeouts = to_timeouts(settings);
    options.access_log = to_access_log(settings);
    options.max_requests = settings.max_requests;
    options.max_requests_jitter = settings.max_requests_jitter;
    options.threads = static_cast<std::size_t>(settings.threads);
    options.accept_gate = !settings.reuse_port;  // there nobody else accepts from a worker's sockets
    options.forwarded_allow_ips = settings.forwarded_allow_ips;
    options.forwarded_header = parse_forwarded_header(settings.forwarded_header).value_or(ForwardedHeader::none);
    return options;
}

LogOptions to_log_options(const Settings& settings) {
    LogOptions options;
    options.level = settings.log_level;
    options.format = settings.log_format;
    options.file = settings.error_logfile;
    return options;
}

}  // namespace girin
