#include "supervisor/monitor/monitor_main.hpp"

#include "worker/process/entry.hpp"

namespace girin {
namespace {

WorkerOptions monitor_worker_options() {
    WorkerOptions options;
    options.name = "Monitor";
    options.way_to_more.clear();
    options.limits.connections = kMonitorConnections;
    options.limits.request_body_bytes = MonitorApplication::kMaxRequestBytes;
    options.timeouts.header = std::chrono::seconds(5);
    options.timeouts.body = std::chrono::seconds(5);
    options.timeouts.write = std::chrono::seconds(10);
    options.timeouts.half_close = std::chrono::milliseconds(0);  // followers that have gone make room at once
    options.threads = 1;
    options.accept_gate = false;
    options.forwarded_header = ForwardedHeader::none;  // also not by a Unix socket's peer: hosts are checked here
    return options;
}

}  // namespace

int monitor_main(const MonitorPlace& place, MonitorOptions options, std::vector<ListenerSocket> listeners) {
    WorkerSetup setup;
    setup.options = monitor_worker_options();
    setup.listeners = std::move(listeners);
    setup.channel_fd = place.channel_fd;
    setup.board = place.own;
    setup.preloaded = std::make_unique<MonitorApplication>(place, std::move(options));
    return worker_main(std::move(setup));
}

}  // namespace girin
