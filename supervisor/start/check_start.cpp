#include "supervisor/start/check_start.hpp"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "girin/run/exit_code.hpp"
#include "loop/base/line_sink.hpp"
#include "supervisor/process/privileges.hpp"
#include "supervisor/sockets/listener.hpp"

namespace girin {
namespace {

/// Binds it for a moment; one that is in use is told of. Errors: it can't be bound.
Result<void> try_address(const BindAddress& address, const ListenOptions& options) {
    const auto listener = Listener::open(address, options);
    if (listener) return {};
    if (listener.error().errno_value() != EADDRINUSE) return listener.error();
    std::printf("%s is in use, so it could not be tried.\n", address.to_text().c_str());
    return {};
}

/// The monitor's, which the master binds as itself. The usual place of a control socket is never needed.
Result<void> try_addresses_of_monitor(const Settings& settings) {
    const ListenOptions options;
    for (const BindAddress& address : settings.admin_bind) {
        if (auto tried = try_address(address, options); !tried) return tried.error().within("admin-bind");
    }
    if (settings.control_socket == "auto" || settings.control_socket == "none") return {};
    const auto tried = try_address(BindAddress::unix_socket(settings.control_socket), options);
    return tried ? Result<void>() : tried.error().within("control-socket");
}

Result<void> try_addresses(const Settings& settings) {
    ListenOptions options;
    auto identity = find_identity(settings.user, settings.group);
    if (!identity) return identity.error();
    options.socket_owner = *identity;
    for (const BindAddress& address : settings.bind) {
        if (auto tried = try_address(address, options); !tried) return tried;
    }
    return try_addresses_of_monitor(settings);
}

/// Free when it was asked for, which is as much as a program's --exec-port ever has.
Result<std::uint16_t> find_free_port() {
    auto listener = Listener::open(BindAddress::tcp("127.0.0.1", 0), ListenOptions());
    if (!listener) return listener.error();
    const std::string& text = listener->text();
    return static_cast<std::uint16_t>(std::stoul(text.substr(text.rfind(':') + 1)));
}

/// One worker, where nobody sees it.
Result<void> make_unseen(Settings& settings) {
    if (!settings.bind.empty()) settings.bind = {BindAddress::tcp("127.0.0.1", 0)};
    settings.chdir.clear();  // done
    settings.workers = 1;
    settings.workers_most = 0;
    settings.error_logfile = "-";
    settings.control_socket = "none";
    settings.admin_bind.clear();
    settings.statsd_host.clear();
    settings.pid.clear();
    settings.daemon = false;
    settings.reload_on_change = false;
    for (std::string* const hook : {&settings.on_starting, &settings.on_ready, &settings.on_reload,
                                    &settings.on_worker_exit, &settings.on_degraded}) {
        hook->clear();
    }
    if (settings.exec_port == 0) return {};
    const auto port = find_free_port();
    if (!port) return port.error();
    settings.exec_port = *port;
    return {};
}

int refused(const Error& error) {
    std::fprintf(stderr, "girin: %s\n", error.message().c_str());
    return static_cast<int>(ExitCode::failure);
}

}  // namespace

int check_start(MasterInput input, ProcessTitle& title) {
    const Settings& settings = input.settings;
    if (auto opened = open_for_sink(settings.error_logfile); !opened) return refused(opened.error());
    if (auto bound = try_addresses(settings); !bound) return refused(bound.error());
    if (auto made = make_unseen(input.settings); !made) return refused(made.error());
    bool became_ready = false;
    input.bind_given = true;
    input.callbacks = ServerCallbacks();
    input.callbacks.on_ready = [&became_ready](const HookFacts&) {
        became_ready = true;
        ::kill(::getpid(), SIGTERM);
    };
    std::printf("Starting one worker, on a port of its own:\n");
    std::fflush(stdout);
    const int code = run_master(std::move(input), title);
    if (code != 0) return code;
    if (!became_ready) return refused(Error("stopped before the worker was ready"));
    std::printf("The settings are fine, and a worker became ready with them.\n");
    return 0;
}

}  // namespace girin
