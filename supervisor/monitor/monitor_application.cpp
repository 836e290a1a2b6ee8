#include "supervisor/monitor/monitor_application.hpp"

#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

#include "girin/log.hpp"
#include "girin/loop/executor.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/task.hpp"
#include "girin/loop/timeout.hpp"
#include "supervisor/monitor/asker_check.hpp"
#include "supervisor/monitor/dashboard.hpp"
#include "supervisor/monitor/json_text.hpp"
#include "supervisor/monitor/metrics_text.hpp"
#include "supervisor/monitor/request_body.hpp"
#include "supervisor/monitor/status_json.hpp"

namespace girin {
namespace {

constexpr std::string_view kRequestPath = "/v1/";
constexpr std::string_view kJson = "application/json";

bool is_local(const Request& request) { return request.peer() == "unix:"; }

std::uint64_t to_number(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// "after=12" of a query; 0 without one.
std::uint64_t after_in(const Request& request) {
    constexpr std::string_view kAfter = "after=";
    if (request.query().starts_with(kAfter)) return to_number(request.query().substr(kAfter.size()));
    return to_number(request.header("Last-Event-ID").value_or(""));
}

std::string describe_asker(const Request& request) {
    const auto peer = request.unix_peer();
    if (!peer) return std::string(request.peer());
    return "uid " + std::to_string(peer->uid) + ", pid " + std::to_string(peer->pid);
}

void answer_json(Response& response, std::string_view text) {
    response.set_header("Content-Type", kJson);
    response.set_header("Cache-Control", "no-store");
    response.body(std::string(text) + "\n");
}

std::string outcome_json(const ControlAnswer& answer) {
    constexpr std::string_view kWords[] = {"done", "refused", "failed"};
    boost::json::object object;
    object["outcome"] = kWords[static_cast<std::size_t>(answer.kind)];
    object["message"] = boost::json::string(answer.text);
    return json_text(object);
}

int to_status(AnswerKind kind) {
    constexpr int kStatus[] = {200, 400, 409};
    return kStatus[static_cast<std::size_t>(kind)];
}

/// A page of another site can have a browser send a form to us, but not with this type.
void require_json(const Request& request) {
    if (!request.header("Content-Type").value_or("").starts_with(kJson)) {
        throw HttpError(415, "requests are sent as application/json");
    }
}

}  // namespace

const MonitorApplication::Route MonitorApplication::kRoutes[] = {
    {"GET", "/", &MonitorApplication::get_dashboard},
    {"GET", "/dashboard.css", &MonitorApplication::get_dashboard},
    {"GET", "/dashboard.js", &MonitorApplication::get_dashboard},
    {"GET", "/v1/access", &MonitorApplication::get_access},
    {"GET", "/v1/status", &MonitorApplication::get_status},
    {"GET", "/v1/events", &MonitorApplication::get_events},
    {"GET", "/livez", &MonitorApplication::get_live},
    {"GET", "/readyz", &MonitorApplication::get_ready},
    {"GET", "/metrics", &MonitorApplication::get_metrics},
    {"POST", "/v1/reload", &MonitorApplication::post_request},
    {"POST", "/v1/scale", &MonitorApplication::post_request},
    {"POST", "/v1/stop", &MonitorApplication::post_request},
    {"POST", "/v1/reopen", &MonitorApplication::post_request},
    {"POST", "/v1/upgrade", &MonitorApplication::post_request},
    {"POST", "/v1/kill", &MonitorApplication::post_request},
    {"POST", "/v1/log-level", &MonitorApplication::post_request},
};

MonitorApplication::MonitorApplication(const MonitorPlace& place, MonitorOptions options)
    : place_(place), options_(std::move(options)) {}

Coro<void> MonitorApplication::startup(const WorkerInfo&) {
    auto& loop = dynamic_cast<AsioLoop&>(EventLoop::running());
    requests_ = std::make_unique<MasterRequests>(loop, UniqueFd(place_.requests_fd));
    if (!options_.statsd_host.empty()) opening_statsd_ = loop.create_task(open_statsd(), "statsd");
    observing_ = loop.create_task(observe(), "observer");
    co_return;
}

/// A name may take long to be looked up, and may not be known yet: neither keeps the monitor from anything else.
Coro<void> MonitorApplication::open_statsd() {
    const std::string host = options_.statsd_host;
    const std::string prefix = options_.statsd_prefix;
    for (Duration delay = kStatsdRetry;; delay = std::min<Duration>(2 * delay, kLongestStatsdRetry)) {
        auto open = [host, prefix] { return Statsd::open_blocking(host, prefix); };
        Result<Statsd> opened = co_await run_in_executor(open);
        if (opened) {
            statsd_ = std::move(*opened);
            if (delay != kStatsdRetry) log_info("Metrics are sent to the statsd server " + host);
            co_return;
        }
        log_error("Nothing is sent to statsd: " + opened.error().message() + "; tried again in " + to_text(delay));
        co_await sleep_for(delay);
    }
}

Coro<void> MonitorApplication::shutdown() {
    observing_.cancel();
    if (opening_statsd_) opening_statsd_.cancel();
    co_return;
}

Coro<void> MonitorApplication::observe() {
    for (;;) {
        observer_.look(Clock::now());
        if (statsd_) statsd_->send(snapshot());
        co_await sleep_for(Observer::kInterval);
    }
}

Coro<void> MonitorApplication::handle(Request& request, Response& response) {
    bool path_exists = false;
    for (const Route& route : kRoutes) {
        if (route.path != request.path()) continue;
        path_exists = true;
        const bool meant = route.method == request.method() || (route.method == "GET" && request.method() == "HEAD");
        if (!meant) continue;
        require_permission(request);
        return (this->*route.handler)(request, response);
    }
    throw path_exists ? HttpError(405) : HttpError(404);
}

/// Status, events and actions only; probes and metrics come by all sorts of names, and give little away.
void MonitorApplication::require_own_host(const Request& request) const {
    if (!request.path().starts_with(kRequestPath)) return;
    if (is_own_host(request.header("Host").value_or("localhost"), options_.hosts)) return;
    throw HttpError(403, "ask by an address, by this machine's name or by one of --admin-hosts");
}

/// Everybody may look who gets at a TCP address; the control socket is for the master's own user and root.
void MonitorApplication::require_permission(const Request& request) const {
    const auto peer = request.unix_peer();
    const bool is_known = peer && (peer->uid == 0 || peer->uid == options_.master_uid);
    if (is_local(request) && !is_known) throw HttpError(403, "only root and the server's own user may ask here");
    if (is_local(request)) return;
    require_own_host(request);
    if (request.method() != "POST") return;
    if (!may_act(request)) throw HttpError(403, "start the server with --admin-allow-actions for that");
    if (is_from_other_site(request.header("Sec-Fetch-Site").value_or(""))) throw HttpError(403, "ask from the dashboard");
    require_json(request);
}

bool MonitorApplication::may_act(const Request& request) const { return is_local(request) || options_.allow_tcp_actions; }

Coro<void> MonitorApplication::get_dashboard(Request& request, Response& response) {
    const DashboardFile* const file = find_dashboard_file(request.path());
    if (file == nullptr) throw HttpError(404);
    response.set_header("Content-Type", file->content_type);
    response.set_header("Cache-Control", "no-cache");  // another girin may be behind this address tomorrow
    response.set_header("Content-Security-Policy", "default-src 'self'; img-src data:; frame-ancestors 'none'");
    response.set_header("X-Content-Type-Options", "nosniff");
    response.body(file->text);
    co_return;
}

/// What the asker may do: the page leaves out buttons that would be refused.
Coro<void> MonitorApplication::get_access(Request& request, Response& response) {
    answer_json(response, may_act(request) ? R"({"actions":true})" : R"({"actions":false})");
    co_return;
}

Snapshot MonitorApplication::snapshot() { return observer_.take(Clock::now()); }

Coro<void> MonitorApplication::get_status(Request&, Response& response) {
    answer_json(response, status_json(snapshot(), options_.version));
    co_return;
}

Coro<void> MonitorApplication::get_events(Request& request, Response& response) {
    const std::uint64_t after = after_in(request);
    if (request.header("Accept").value_or("") == "text/event-stream") return follow(after, request, response);
    answer_json(response, events_json(place_.facts->events(after), place_.facts->last_event()));
    return {};
}

/// Server-sent events: `log` for each event, and `status` once a second.
Coro<void> MonitorApplication::follow(std::uint64_t after, Request& request, Response& response) {
    if (followers_ >= kMaxFollowers) throw HttpError(503, "too many follow the events already");
    struct Counted {
        explicit Counted(std::size_t& counter) : followers(counter) { ++followers; }
        ~Counted() { --followers; }
        std::size_t& followers;
    };
    const Counted counted(followers_);
    response.set_header("Content-Type", "text/event-stream");
    response.set_header("Cache-Control", "no-store");
    co_await follow_until_gone(after, request, response);
}

Coro<void> MonitorApplication::follow_until_gone(std::uint64_t after, Request& request, Response& response) {
    TimePoint status_due = Clock::now();
    while (!request.is_draining()) {
        std::string news;
        for (const EventFacts& event : place_.facts->events(after)) {
            after = event.number;
            news += "id: " + std::to_string(after) + "\nevent: log\ndata: " + event_json(event) + "\n\n";
        }
        const TimePoint now = Clock::now();
        if (now >= status_due) {
            news += "event: status\ndata: " + status_json(snapshot(), options_.version) + "\n\n";
            status_due = now + Observer::kInterval;
        }
        if (!news.empty()) {
            co_await response.write(news);
            co_await response.flush();
        }
        co_await sleep_for(kFollowInterval);
    }
}

Coro<void> MonitorApplication::get_live(Request&, Response& response) {
    response.body("alive\n");
    co_return;
}

Coro<void> MonitorApplication::get_ready(Request&, Response& response) {
    const Snapshot now = snapshot();
    if (now.is_ready()) {
        response.body("ready\n");
        co_return;
    }
    response.status(503);
    const std::string held_up = now.held_up() > 0 ? ", " + std::to_string(now.held_up()) + " of them held up" : "";
    const std::string deaf = now.master.deaf ? "; " + std::string(now.master.degraded_why.view()) : "";
    response.body(now.state() + ": " + std::to_string(now.master.ready) + " of " + std::to_string(now.master.wanted) +
                  " workers are ready" + held_up + deaf + "\n");
    co_return;
}

Coro<void> MonitorApplication::get_metrics(Request&, Response& response) {
    const Snapshot now = snapshot();
    response.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    response.body(metrics_text(now, read_backlogs(now.master.listeners.view()), options_.version));
    co_return;
}

/// In so much time as a whole: pieces that come one by one would hold a connection for as long as they like.
Coro<std::string> MonitorApplication::read_body(Request& request) {
    Coro<std::string> reading = request.read_all(kMaxRequestBytes);
    try {
        std::string body = co_await timeout(kBodyLimit, std::move(reading));
        co_return body;
    } catch (const TimeoutError&) {
        throw HttpError(408, "the request took too long to come");
    }
}

Coro<void> MonitorApplication::post_request(Request& request, Response& response) {
    const std::string word(request.path().substr(kRequestPath.size()));
    const std::string body = co_await read_body(request);
    const auto named = ControlRequest::parse(word);
    if (!named) throw HttpError(404);
    auto asked = parse_request_body(named->verb, body);
    ControlAnswer answer(0, AnswerKind::refused, asked ? std::string() : asked.error().message());
    if (asked) {
        asked->asker = describe_asker(request);
        answer = co_await requests_->ask(std::move(*asked));
    }
    response.status(to_status(answer.kind));
    answer_json(response, outcome_json(answer));
}

}  // namespace girin
