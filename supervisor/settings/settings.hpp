#pragma once

// What an operator can set, as plain values: the one place where defaults are written. Names, ranges and help stand in
// settings_table.cpp; reading and printing in settings_text.hpp and settings_print.hpp.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loop/base/log_output.hpp"
#include "supervisor/settings/bind_address.hpp"

namespace girin {

/// Sizes are bytes. A zero time means no limit and a zero limit none, unless said otherwise.
struct Settings {
    // Application
    std::string application;       // "demo", "PATH.so", "PATH.so:NAME"; empty: the program brings its own
    std::string config;            // the settings file that was read, as an absolute path; empty: none
    std::string chdir;             // empty: stay
    std::vector<std::string> env;  // NAME=VALUE, set before the application starts
    bool preload = false;          // load the application once for each generation, before workers are forked

    // Any program, in place of an application
    std::vector<std::string> exec;          // the program and its arguments; none: there is an application
    std::string exec_ready = "started";     // "started", "notify" or "port": when such a worker is ready
    std::size_t exec_port = 0;              // the first of the programs' own ports; 0: they have none
    std::string exec_stop_signal = "TERM";  // asks the program to finish and end

    // Listening
    std::vector<BindAddress> bind = {BindAddress()};
    std::uint64_t backlog = 2048;  // connections that wait in the kernel for each listener
    bool reuse_port = false;

    // Workers
    std::uint64_t workers = 0;                // 0: as many as usable cores; never 0 in what parsing returns
    std::uint64_t workers_most = 0;           // with --workers LEAST:MOST; 0: `workers` is fixed
    std::chrono::milliseconds scale_down_after{30'000};  // of idling, with a range of workers
    std::string affinity;                     // "auto" or a list of processors, one for each worker; empty: all for all
    std::uint64_t threads = 0;                // for synchronous handlers, in each worker; 0: cores + 4, at most 32
    std::uint64_t worker_connections = 1000;  // open at once in each worker
    std::uint64_t max_requests = 0;           // then the worker is replaced; 0: never
    std::uint64_t max_requests_jitter = 0;    // up to so many more, drawn by each worker
    std::chrono::milliseconds max_lifetime{0};         // then the worker is replaced; 0: never
    std::chrono::milliseconds max_lifetime_jitter{0};  // up to so much more, drawn for each worker
    std::uint64_t max_memory = 0;                      // a worker that holds more is replaced; 0: never
    std::uint64_t max_memory_share = 0;                // of all memory, in percent, where max_memory was set as that

    // Times
    std::chrono::milliseconds timeout{30'000};           // a silent worker is stopped; 0: never
    std::chrono::milliseconds lag_warning{1'000};        // a worker silent for so long is told of; 0: never
    std::chrono::milliseconds request_timeout{0};        // of one request's handler; 0: no limit
    std::chrono::milliseconds boot_timeout{60'000};      // from fork to ready; 0: no limit
    std::chrono::milliseconds graceful_timeout{30'000};  // what is in flight may take this long when a worker stops
    std::chrono::milliseconds close_spread{0};           // over which a drain closes kept connections; 0: at once
    std::chrono::milliseconds keep_alive{2'000};         // idle between requests; 0: closed after each
    std::chrono::milliseconds header_timeout{10'000};
    std::chrono::milliseconds body_timeout{30'000};
    std::uint64_t min_rate = 240;                          // bytes a second, of a body or an answer; 0: any
    std::chrono::milliseconds min_rate_grace{30'000};      // of waiting for a body, before its rate counts
    std::chrono::milliseconds write_timeout{30'000};
    std::chrono::milliseconds half_close_timeout{1'000};  // a request goes on this long after its client's FIN

    // Limits on a request
    std::uint64_t limit_request_line = 8190;
    std::uint64_t limit_request_fields = 100;
    std::uint64_t limit_request_field_size = 8190;
    std::uint64_t limit_request_body = 0;
    std::uint64_t limit_body_memory = 512 << 20;  // in each worker, of bodies that are held whole; 0: no limit

    // Proxies
    std::vector<std::string> forwarded_allow_ips = {"127.0.0.1", "::1"};  // "*": all
    std::string forwarded_header = "X-Forwarded";  // in which they speak; "Forwarded" or "none"

    // Reload
    std::chrono::milliseconds soak{1'000};  // a canary must stay well for this long before the rest follows
    std::uint64_t surge = 1;                // workers started at a time, beside those they replace
    std::chrono::milliseconds roll_back_window{30'000};  // after a reload; 0: never
    bool reload_on_change = false;          // of the application's file

    // Hooks: commands for /bin/sh; empty: none
    std::string on_starting;
    std::string on_ready;
    std::string on_reload;
    std::string on_worker_exit;
    std::string on_degraded;
    std::chrono::milliseconds hook_timeout{10'000};  // then a command is killed

    // Logging
    LogLevel log_level = LogLevel::info;
    LogFormat log_format = LogFormat::text;
    std::string error_logfile = "-";  // "-": standard error
    bool capture_output = false;      // what workers print goes there too
    std::string access_logfile;       // "-": standard output; empty: none
    std::string access_logformat;     // Gunicorn's atoms, or the word "json"; empty: Gunicorn's default

    // Control
    std::string control_socket = "auto";        // a path, "auto" or "none"
    std::optional<std::uint32_t> control_socket_mode = 0600;
    std::vector<BindAddress> admin_bind;        // TCP addresses of the monitor; none: only the control socket
    bool admin_allow_actions = false;           // requests that change something are taken there too
    std::vector<std::string> admin_hosts;       // names by which it may be asked, beside our own; "*": all
    std::string statsd_host;                    // HOST:PORT; empty: nothing is sent
    std::string statsd_prefix;

    // Process
    std::string pid;   // file to hold the master's process id; empty: none
    std::string name;  // in the process list; empty: "girin"
    bool daemon = false;
    std::string user;                    // name or number; empty: stay
    std::string group;                   // likewise
    std::optional<std::uint32_t> umask;  // none: inherited
    std::string chroot;                  // workers' root directory; empty: everybody's
    bool no_new_privs = false;           // workers never gain rights by executing a file
    bool drop_capabilities = false;      // workers give up what capabilities they have

    Settings() {}
    bool operator==(const Settings&) const = default;
};

}  // namespace girin
