#pragma once

// Judgements that the settings table refers to by name: of one text, and of settings together. Each error is the end of
// a sentence that begins with the setting's name. Not here: numbers' ranges, which are columns of the table.

#include <string>
#include <string_view>
#include <vector>

#include "girin/base/error.hpp"
#include "supervisor/settings/settings.hpp"

namespace girin {

/// "demo", "PATH.so" or "PATH.so:NAME". Whether it can be loaded is the loader's to say.
Result<void> check_application(const std::string& text);
/// NAME=VALUE with a name that a shell takes.
Result<void> check_environment_entry(const std::string& text);
/// An IPv4 or IPv6 address, a network ("10.0.0.0/8"), or "*".
Result<void> check_proxy_address(const std::string& text);
/// "X-Forwarded", "Forwarded" or "none".
Result<void> check_forwarded_header(const std::string& text);
/// "auto", "none", or a path that fits a socket's address.
Result<void> check_control_socket(const std::string& text);
/// HOST:PORT.
Result<void> check_statsd_host(const std::string& text);
/// Printable, and short enough for a process list.
Result<void> check_exec_ready(const std::string& text);
Result<void> check_exec_stop_signal(const std::string& text);
Result<void> check_process_name(const std::string& text);

/// Some application is named.
Result<void> check_application_given(const Settings& settings);
/// None is named, since the program brings its own.
Result<void> check_application_ours(const Settings& settings);
/// No application, and all that a program needs.
Result<void> check_exec_alone(const Settings& settings);
/// There is an address.
Result<void> check_addresses(const Settings& settings);

/// An address that the settings want to be listened at, and which of them does.
struct WantedAddress {
    std::string_view setting;
    std::string text;     // as it is told
    BindAddress address;

    WantedAddress(std::string_view name, const BindAddress& wanted)
        : setting(name), text(wanted.to_text()), address(wanted) {}
};
/// Of --bind, --control-socket and --admin-bind, in the order in which they are opened. The usual control socket isn't there.
std::vector<WantedAddress> wanted_addresses(const Settings& settings);
/// Errors: two that exclude each other; the sentence begins with the later one's setting.
Result<void> check_distinct(const std::vector<WantedAddress>& addresses);

}  // namespace girin
