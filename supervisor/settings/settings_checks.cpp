#include "supervisor/settings/settings_checks.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

#include "supervisor/settings/command_table.hpp"
#include "supervisor/settings/stop_signal.hpp"
#include "supervisor/settings/suggest.hpp"
#include "supervisor/settings/worker_options.hpp"

namespace girin {
namespace {

constexpr std::size_t kProcessNameBytes = 64;

std::string in_quotes(std::string_view text) {
    return "'" + std::string(text) + "'";
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_identifier(std::string_view name) {
    return !name.empty() && !is_digit(name.front()) &&
           std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c); });
}

// Versions may follow the suffix: libshop.so.1.
bool names_a_library(std::string_view path) {
    const std::string_view file = path.substr(path.rfind('/') + 1);
    const std::size_t suffix = file.rfind(".so");
    if (suffix == file.npos || suffix == 0) return false;
    return std::ranges::all_of(file.substr(suffix + 3), [](char c) { return c == '.' || is_digit(c); });
}

/// Empty: none is like it. A short word is rather the application's own name: shop isn't stop.
std::string nearest_command(const std::string& text) {
    constexpr std::size_t kMostEdits = 2;
    std::vector<std::string> names;
    for (const CommandRow& row : command_rows()) names.emplace_back(row.name);
    return nearest_name(text, names, std::min(kMostEdits, text.size() / 5));
}

bool is_prefix_length(std::string_view text, unsigned most) {
    unsigned bits = 0;
    const auto end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, bits);
    return error == std::errc() && stopped == end && bits <= most;
}

}  // namespace

Result<void> check_application(const std::string& text) {
    if (text == "demo") return {};
    const std::size_t colon = text.rfind(':');
    const bool has_name = colon != text.npos && text.find('/', colon) == text.npos;
    const std::string_view path = std::string_view(text).substr(0, has_name ? colon : text.npos);
    if (!names_a_library(path)) {
        const std::string command = nearest_command(text);
        return Error(in_quotes(text) + " is not an application: it is demo, PATH.so or PATH.so:NAME" +
                     (command.empty() ? "" : "; did you mean the command '" + command + "'?"));
    }
    if (has_name && !is_identifier(std::string_view(text).substr(colon + 1))) {
        return Error(in_quotes(text) + " has no valid name after its colon: letters, digits and _ are");
    }
    return {};
}

Result<void> check_environment_entry(const std::string& text) {
    const std::size_t equals = text.find('=');
    // Neither the whole nor a value is repeated: it may be a secret, and this goes to logs.
    if (equals == text.npos) return Error("an entry without '=' is not NAME=VALUE");
    const std::string_view name = std::string_view(text).substr(0, equals);
    if (is_identifier(name)) return {};
    return Error(in_quotes(name) + " is no valid name before a '=': letters, digits and _ are, and no digit first");
}

Result<void> check_proxy_address(const std::string& text) {
    const std::size_t slash = text.find('/');
    const std::string address = text.substr(0, slash);
    in6_addr parsed{};
    const bool is_v4 = ::inet_pton(AF_INET, address.c_str(), &parsed) == 1;
    const bool is_v6 = ::inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
    const bool is_network = slash == text.npos || is_prefix_length(text.substr(slash + 1), is_v4 ? 32 : 128);
    if (text == "*" || ((is_v4 || is_v6) && is_network)) return {};
    return Error(in_quotes(text) + " is not an IP address, a network such as 10.0.0.0/8, nor * for all");
}

Result<void> check_forwarded_header(const std::string& text) {
    if (parse_forwarded_header(text)) return {};
    return Error(in_quotes(text) + " is none of X-Forwarded, Forwarded and none");
}

Result<void> check_control_socket(const std::string& text) {
    constexpr std::size_t kMostBytes = 107;  // of a Unix socket's path
    if (text.empty()) return Error(in_quotes(text) + " is no path; none is how to go without");
    if (text.size() <= kMostBytes) return {};
    return Error(in_quotes(text) + " is too long for a socket: at most " + std::to_string(kMostBytes) + " bytes");
}

Result<void> check_statsd_host(const std::string& text) {
    const auto address = parse_bind_address(text);
    const bool fits = address && address->kind == BindAddress::Kind::tcp && address->port > 0;
    if (fits && text.find(':') != text.npos) return {};
    return Error(in_quotes(text) + " is not HOST:PORT");
}

Result<void> check_exec_ready(const std::string& text) {
    if (text == "started" || text == "notify" || text == "port") return {};
    return Error(in_quotes(text) + " is none of started, notify and port");
}

Result<void> check_exec_stop_signal(const std::string& text) {
    if (parse_stop_signal(text)) return {};
    return Error(in_quotes(text) + " is no signal to stop with: TERM, INT, QUIT, HUP, USR1, USR2 and WINCH are");
}

Result<void> check_process_name(const std::string& text) {
    if (text.size() > kProcessNameBytes) {
        return Error(in_quotes(text) + " is too long: at most " + std::to_string(kProcessNameBytes) + " bytes are shown");
    }
    const bool printable = std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    if (printable) return {};
    return Error("a control character can't stand in a process list");
}

Result<void> check_application_given(const Settings& settings) {
    if (!settings.application.empty() || !settings.exec.empty()) return {};
    return Error("no application is named: add demo, PATH.so or PATH.so:NAME (see --help)");
}

Result<void> check_application_ours(const Settings& settings) {
    if (!settings.exec.empty()) {
        return Error("exec: " + in_quotes(settings.exec.front()) +
                     " can't be run: this program brings its own application");
    }
    if (settings.application.empty()) return {};
    return Error("application: " + in_quotes(settings.application) +
                 " can't be served: this program brings its own application");
}

Result<void> check_exec_alone(const Settings& settings) {
    if (settings.exec.empty()) return {};
    const std::string command = "exec: " + in_quotes(settings.exec.front());
    if (!settings.application.empty()) {
        return Error(command + " contradicts the application " + in_quotes(settings.application) + ": there can be one");
    }
    const bool lacks_port = settings.exec_ready == "port" && settings.exec_port == 0;
    if (lacks_port) return Error(command + ": exec-ready port needs an exec-port");
    if (settings.preload) return Error(command + " contradicts preload: a program can't be loaded before the fork");
    return {};
}

Result<void> check_addresses(const Settings& settings) {
    const bool needs_none = !settings.exec.empty() && settings.exec_port > 0;
    if (settings.bind.empty() && !needs_none) return Error("bind: no address to listen at");
    return {};
}

std::vector<WantedAddress> wanted_addresses(const Settings& settings) {
    std::vector<WantedAddress> wanted;
    for (const BindAddress& address : settings.bind) wanted.emplace_back("bind", address);
    if (settings.control_socket != "auto" && settings.control_socket != "none") {
        wanted.emplace_back("control-socket", BindAddress::unix_socket(settings.control_socket));
    }
    for (const BindAddress& address : settings.admin_bind) wanted.emplace_back("admin-bind", address);
    return wanted;
}

Result<void> check_distinct(const std::vector<WantedAddress>& addresses) {
    for (auto later = addresses.begin(); later != addresses.end(); ++later) {
        const auto taken = [&](const WantedAddress& one) { return exclude_each_other(one.address, later->address); };
        const auto first = std::find_if(addresses.begin(), later, taken);
        if (first == later) continue;
        const std::string what = std::string(later->setting) + ": " + in_quotes(later->text);
        if (first->setting == later->setting && first->text == later->text) return Error(what + " is there twice");
        return Error(what + " can't be had beside " + std::string(first->setting) + " " + in_quotes(first->text) +
                     ", which takes it already");
    }
    return {};
}

}  // namespace girin
