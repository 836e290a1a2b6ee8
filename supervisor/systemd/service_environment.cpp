#include "supervisor/systemd/service_environment.hpp"

#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace girin {
namespace {

std::string take_variable(const char* name) {
    const char* value = std::getenv(name);
    std::string text = value ? value : "";
    ::unsetenv(name);
    return text;
}

std::optional<std::int64_t> to_number(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || failure != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
    return number;
}

std::vector<std::string> split_names(std::string_view text) {
    std::vector<std::string> names;
    while (!text.empty()) {
        const std::size_t colon = text.find(':');
        names.emplace_back(text.substr(0, colon));
        text.remove_prefix(colon == std::string_view::npos ? text.size() : colon + 1);
    }
    return names;
}

Duration take_watchdog() {
    const auto interval = to_number(take_variable("WATCHDOG_USEC"));
    const std::string pid = take_variable("WATCHDOG_PID");
    constexpr std::int64_t kLongest = std::int64_t{1} << 50;  // beyond 35 years it isn't meant
    const bool for_us = pid.empty() || to_number(pid) == ::getpid();
    return interval && for_us && *interval < kLongest ? std::chrono::microseconds(*interval) : Duration::zero();
}

}  // namespace

ServiceEnvironment ServiceEnvironment::take() {
    ServiceEnvironment taken;
    taken.notify_socket = take_variable("NOTIFY_SOCKET");
    taken.watchdog = take_watchdog();
    const auto pid = to_number(take_variable("LISTEN_PID"));
    const auto count = to_number(take_variable("LISTEN_FDS"));
    const std::string names = take_variable("LISTEN_FDNAMES");
    if (!count || pid != ::getpid() || *count > static_cast<std::int64_t>(kMostSockets)) return taken;
    taken.sockets = static_cast<std::size_t>(*count);
    taken.names = split_names(names);
    return taken;
}

}  // namespace girin
