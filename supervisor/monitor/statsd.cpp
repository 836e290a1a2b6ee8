#include "supervisor/monitor/statsd.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace girin {
namespace {

using Metric = std::pair<const char*, std::string>;

std::string gauge(double value) {
    char text[64];
    std::snprintf(text, sizeof text, "%.6g|g", value);
    return text;
}

std::string counter(std::uint64_t now, std::uint64_t before) {
    return std::to_string(now - std::min(now, before)) + "|c";
}

/// Of the requests between two snapshots, in milliseconds; nothing where there were none.
std::string mean_latency(const WorkTotals& before, const WorkTotals& now) {
    const std::uint64_t requests = now.requests - std::min(now.requests, before.requests);
    const std::uint64_t took_us = now.latency_sum_us - std::min(now.latency_sum_us, before.latency_sum_us);
    if (requests == 0) return "";
    char text[64];
    std::snprintf(text, sizeof text, "%.3f|ms", static_cast<double>(took_us) / 1000 / static_cast<double>(requests));
    return text;
}

}  // namespace

std::string statsd_text(const Snapshot& before, const Snapshot& now, const std::string& prefix) {
    const Metric metrics[] = {
        {"gunicorn.workers", gauge(now.master.ready)},
        {"gunicorn.requests", counter(now.totals.requests, before.totals.requests)},
        {"gunicorn.request.duration", mean_latency(before.totals, now.totals)},
        {"gunicorn.request.status.5xx", counter(now.totals.errors_5xx, before.totals.errors_5xx)},
        {"gunicorn.requests.in_flight", gauge(static_cast<double>(now.requests_in_flight()))},
        {"gunicorn.connections", gauge(static_cast<double>(now.connections()))},
    };
    std::string lines;
    for (const auto& [name, value] : metrics) {
        const bool is_known = !now.master.serves_programs || name == metrics[0].first;
        if (!is_known || value.empty()) continue;
        lines += prefix + (prefix.empty() || prefix.back() == '.' ? "" : ".") + name + ":" + value + "\n";
    }
    return lines;
}

Result<Statsd> Statsd::open_blocking(const std::string& host, const std::string& prefix) {
    const std::size_t colon = host.rfind(':');
    std::string name = host.substr(0, colon);
    if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
    addrinfo hints{};
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* raw = nullptr;
    const int failed = ::getaddrinfo(name.c_str(), host.substr(colon + 1).c_str(), &hints, &raw);
    if (failed != 0) return Error("find the statsd server " + host + ": " + ::gai_strerror(failed));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(raw, &::freeaddrinfo);
    Statsd statsd;
    statsd.prefix_ = prefix;
    statsd.socket_.reset(::socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!statsd.socket_ || ::connect(statsd.socket_.get(), found->ai_addr, found->ai_addrlen) != 0) {
        return Error::from_errno(errno, "send to the statsd server", host);
    }
    return statsd;
}

void Statsd::send(const Snapshot& now) {
    const std::string text = statsd_text(before_.value_or(now), now, prefix_);
    for (std::size_t begin = 0; begin < text.size();) {
        std::size_t end = std::min(begin + kDatagramBytes, text.size());
        while (end < text.size() && text[end - 1] != '\n') --end;  // whole lines; each is far shorter
        [[maybe_unused]] const auto sent = ::send(socket_.get(), text.data() + begin, end - begin, MSG_NOSIGNAL);
        begin = end;
    }
    before_ = now;
}

}  // namespace girin
