#include "worker/app/demo.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "girin/app/request.hpp"
#include "girin/app/response.hpp"
#include "girin/loop/sleep.hpp"
#include "worker/app/demo_info.hpp"
#include "worker/app/demo_page.hpp"

namespace girin {
namespace {

constexpr std::string_view kGreeting = "Hello, World!";

// ── reading what is asked ────────────────────────────────────────────────────────────────────────────────────────────

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// What stands before `separator`; `rest` goes on after it.
std::string_view take_until(std::string_view& rest, char separator) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

bool same_without_case(std::string_view a, std::string_view lower) {
    return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
        return (x >= 'A' && x <= 'Z' ? static_cast<char>(x | 0x20) : x) == y;
    });
}

/// q=0.8 as 800 (RFC 9110 §12.4.2); 1000 where none or a bad one is given.
int quality(std::string_view parameters) {
    while (!parameters.empty()) {
        const std::string_view one = trimmed(take_until(parameters, ';'));
        if (!one.starts_with("q=") && !one.starts_with("Q=")) continue;
        int value = 0;
        int unit = 1000;
        for (const char c : one.substr(2)) {
            if (c == '.') continue;
            if (c < '0' || c > '9') return 1000;
            value += (c - '0') * unit;
            unit /= 10;
        }
        return std::min(value, 1000);
    }
    return 1000;
}

/// How much a media type that is named there is liked; 0 when it isn't named.
int named_quality(std::string_view accept, std::string_view type) {
    while (!accept.empty()) {
        std::string_view one = take_until(accept, ',');
        const std::string_view name = trimmed(take_until(one, ';'));
        if (same_without_case(name, type)) return quality(one);
    }
    return 0;
}

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t most) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || text.empty() || number > most) return std::nullopt;
    return number;
}

std::uint64_t require_number(std::string_view text, std::uint64_t most, const char* what) {
    if (const auto number = parse_number(text, most)) return *number;
    throw HttpError(400, std::string(what) + " is a number from 0 to " + std::to_string(most));
}

// ── answers ──────────────────────────────────────────────────────────────────────────────────────────────────────────

Coro<void> greet(Request& request, Response& response) {
    if (const auto accept = request.header("accept"); accept && prefers_html(*accept)) {
        response.header("Content-Type", "text/html; charset=utf-8").header("Vary", "Accept");
        response.header("Cache-Control", "no-store").body(kDemoPage);
    } else {
        response.body(kGreeting);
    }
    co_return;
}

Coro<void> tell_info(Request& request, Response& response) {
    response.header("Content-Type", "application/json").header("Cache-Control", "no-store");
    response.body(demo_info(request));
    co_return;
}

Coro<void> tell_headers(Request& request, Response& response) {
    response.header("Content-Type", "application/json").body(demo_headers(request));
    co_return;
}

/// Framed as the request is: by its length where it has one.
Coro<void> echo(Request& request, Response& response) {
    response.header("Content-Type", request.header("content-type").value_or("application/octet-stream"));
    if (const auto length = request.header("content-length")) response.header("Content-Length", *length);
    for (;;) {
        const std::string_view piece = co_await request.read();
        if (piece.empty()) break;
        co_await response.write(piece);
    }
    if (!response.head_sent()) response.body({});
}

Coro<void> nap(Request& request, Response& response) {
    const std::string_view digits = request.path().substr(std::string_view("/sleep/").size());
    const std::uint64_t ms = require_number(digits, DemoLimits::kSleepMs, "MS in /sleep/MS");
    co_await sleep_for(std::chrono::milliseconds(ms));
    response.body("slept " + std::to_string(ms) + " ms\n");
}

Coro<void> stream(Request& request, Response& response) {
    std::string_view rest = request.path().substr(std::string_view("/stream/").size());
    const std::string_view count_digits = take_until(rest, '/');
    const std::uint64_t count = require_number(count_digits, DemoLimits::kStreamPieces, "COUNT in /stream/COUNT/SIZE");
    const std::uint64_t size = require_number(rest, DemoLimits::kStreamPieceBytes, "SIZE in /stream/COUNT/SIZE");
    if (count * size > DemoLimits::kStreamBytes) throw HttpError(400, "COUNT times SIZE is too much");
    std::string piece(size, ' ');
    for (std::size_t i = 0; i < size; ++i) piece[i] = static_cast<char>('a' + i % 26);
    response.header("Content-Type", "text/plain; charset=utf-8");
    for (std::uint64_t sent = 0; sent < count && size > 0; ++sent) co_await response.write(piece);
    if (!response.head_sent()) response.body({});
}

// ── routes ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// What a route may be asked with.
struct Methods {
    std::string_view one, other;

    bool have(std::string_view method) const { return method == one || method == other; }
    std::string to_text() const { return std::string(one) + ", " + std::string(other); }
};
constexpr Methods kToRead{"GET", "HEAD"};
constexpr Methods kToSend{"POST", "PUT"};

struct Route {
    std::string_view path;  // one that ends in '/' stands for all below it
    const Methods& methods;
    Coro<void> (*answer)(Request&, Response&);
};
constexpr Route kRoutes[] = {
    {"/", kToRead, greet},
    {"/info", kToRead, tell_info},
    {"/headers", kToRead, tell_headers},
    {"/echo", kToSend, echo},
    {"/sleep/", kToRead, nap},
    {"/stream/", kToRead, stream},
};

const Route* find_route(std::string_view path) {
    for (const Route& route : kRoutes) {
        const bool is_tree = route.path.size() > 1 && route.path.ends_with('/');
        if (is_tree ? path.starts_with(route.path) : path == route.path) return &route;
    }
    return nullptr;
}

Coro<void> refuse(Response& response, int status, std::string_view text) {
    response.status(status).body(text);
    co_return;
}

Coro<void> refuse_method(Response& response, const Methods& methods) {
    response.header("Allow", methods.to_text());
    return refuse(response, 405, "method not allowed\n");
}

class DemoApplication final : public Application {
  public:
    Coro<void> handle(Request& request, Response& response) override {
        const Route* route = find_route(request.path());
        if (route == nullptr) return refuse(response, 404, "not found\n");
        if (!route->methods.have(request.method())) return refuse_method(response, route->methods);
        return route->answer(request, response);
    }
};

}  // namespace

std::unique_ptr<Application> make_demo_application() { return std::make_unique<DemoApplication>(); }

bool prefers_html(std::string_view accept) {
    const int html = std::max(named_quality(accept, "text/html"), named_quality(accept, "application/xhtml+xml"));
    return html > 0 && html >= named_quality(accept, "text/plain");
}

}  // namespace girin
