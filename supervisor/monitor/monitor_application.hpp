#pragma once

// What the monitor serves: status, events and requests as HTTP and JSON, on the control socket and on admin addresses.
// An application like any other, on the worker room's own server. Not here: the figures (snapshot.hpp), and who
// carries requests out (operators.hpp).

#include <memory>
#include <string>
#include <vector>

#include "girin/app.hpp"
#include "girin/loop/task.hpp"
#include "supervisor/monitor/master_requests.hpp"
#include "supervisor/monitor/monitor_place.hpp"
#include "supervisor/monitor/snapshot.hpp"
#include "supervisor/monitor/statsd.hpp"

namespace girin {

struct MonitorOptions {
    std::string version;
    uid_t master_uid = 0;           // besides root, who may use the control socket
    bool allow_tcp_actions = false;
    std::vector<std::string> hosts;  // names by which TCP addresses may be asked, beside addresses; "*": all
    std::string statsd_host;        // HOST:PORT; empty: none
    std::string statsd_prefix;

    MonitorOptions() = default;
};

class MonitorApplication final : public Application {
  public:
    static constexpr std::size_t kMaxFollowers = 16;       // of the events' stream, at once
    static constexpr std::size_t kMaxRequestBytes = 4096;  // of a request's body
    static constexpr Duration kBodyLimit = std::chrono::seconds(5);  // for a request's body, all of it
    static constexpr Duration kStatsdRetry = std::chrono::seconds(1);  // after the first failure, then ever later
    static constexpr Duration kLongestStatsdRetry = std::chrono::seconds(60);
    static constexpr Duration kFollowInterval = std::chrono::milliseconds(250);

    MonitorApplication(const MonitorPlace& place, MonitorOptions options);

    Coro<void> startup(const WorkerInfo& worker) override;
    Coro<void> handle(Request& request, Response& response) override;
    Coro<void> shutdown() override;

  private:
    using Handler = Coro<void> (MonitorApplication::*)(Request&, Response&);
    struct Route {
        std::string_view method;
        std::string_view path;
        Handler handler;
    };
    static const Route kRoutes[];

    Coro<void> get_dashboard(Request& request, Response& response);
    Coro<void> get_access(Request& request, Response& response);
    Coro<void> get_status(Request& request, Response& response);
    Coro<void> get_events(Request& request, Response& response);
    Coro<void> get_live(Request& request, Response& response);
    Coro<void> get_ready(Request& request, Response& response);
    Coro<void> get_metrics(Request& request, Response& response);
    Coro<void> post_request(Request& request, Response& response);
    static Coro<std::string> read_body(Request& request);
    Coro<void> follow(std::uint64_t after, Request& request, Response& response);
    Coro<void> follow_until_gone(std::uint64_t after, Request& request, Response& response);
    Coro<void> observe();
    Coro<void> open_statsd();
    void require_permission(const Request& request) const;
    void require_own_host(const Request& request) const;
    bool may_act(const Request& request) const;
    Snapshot snapshot();

    MonitorPlace place_;
    MonitorOptions options_;
    Observer observer_{place_};
    std::unique_ptr<MasterRequests> requests_;
    Task<void> observing_;
    Task<void> opening_statsd_;
    std::optional<Statsd> statsd_;
    std::size_t followers_ = 0;
};

}  // namespace girin
