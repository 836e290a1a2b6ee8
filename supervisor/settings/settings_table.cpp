#include "supervisor/settings/settings_table.hpp"

#include <algorithm>
#include <cctype>

#include "girin/base/check.hpp"
#include "supervisor/settings/cpu_list.hpp"
#include "supervisor/settings/settings_checks.hpp"

namespace girin {
namespace {

using Unit = SettingUnit;
using Places = SettingPlaces;

constexpr std::uint64_t kDayMs = 24 * 60 * 60 * 1000;
constexpr std::uint64_t kYearMs = 365 * kDayMs;
constexpr std::uint64_t kMega = 1024 * 1024;
constexpr std::uint64_t kTera = kMega * kMega;

constexpr std::string_view kApplication = "Application";
constexpr std::string_view kExec = "Any program";
constexpr std::string_view kListening = "Listening";
constexpr std::string_view kWorkers = "Workers";
constexpr std::string_view kTimes = "Times";
constexpr std::string_view kLimits = "Limits";
constexpr std::string_view kProxies = "Proxies";
constexpr std::string_view kReload = "Reload";
constexpr std::string_view kHooks = "Hooks";
constexpr std::string_view kLogging = "Logging";
constexpr std::string_view kControl = "Control";
constexpr std::string_view kProcess = "Process";
constexpr std::string_view kAnswers = "Answers";

constexpr SettingRow kRows[] = {
    {.flag = "application",
     .section = kApplication,
     .field = &Settings::application,
     .check = check_application,
     .default_words = "none: one must be named",
     .metavar = "APPLICATION",
     .summary = "What to serve: demo, PATH.so or PATH.so:NAME.",
     .details =
         "On the command line it is the argument that isn't an option. PATH.so is a shared object; without NAME it is "
         "the application exported as app. demo is built in."},
    {.flag = "config",
     .short_flag = 'c',
     .section = kApplication,
     .field = &Settings::config,
     .reloadable = false,
     .places = Places::not_in_file,
     .default_words = "girin.conf in the current directory, if it is there",
     .metavar = "FILE",
     .summary = "Read settings from this file.",
     .details = "One NAME = VALUE a line, # begins a comment, a list repeats its name. A value with a # or with spaces "
                "at an end stands in quotes. The file is read again at each reload."},
    {.flag = "chdir",
     .section = kApplication,
     .field = &Settings::chdir,
     .reloadable = false,
     .default_words = "the current directory",
     .metavar = "DIR",
     .summary = "Change to this directory before anything is opened or loaded.",
     .details = "Where it is a link, a reload goes where the link leads by then, with code and logs. Sockets and pidfile stay "
                "where they were made: name them from the root."},
    {.flag = "env",
     .short_flag = 'e',
     .section = kApplication,
     .field = &Settings::env,
     .separator = '\n',
     .check = check_environment_entry,
     .hides_values = true,
     .other_file_key = "raw_env",
     .metavar = "NAME=VALUE",
     .summary = "Set an environment variable for the application; may be repeated.",
     .details = "In GIRIN_ENV, one a line. A reload takes off again what isn't there any more; logs have the names only."},
    {.flag = "preload",
     .section = kApplication,
     .field = &Settings::preload,
     .other_file_key = "preload_app",
     .summary = "Load the application once for each generation, before workers are forked.",
     .details = "In a process of its own, the generation's zygote, as the workers' user; workers are forked from it, and share "
                "what its constructor and load() have built. Saves memory and time at a worker's start; a reload loads new code "
                "into a new zygote. The application may start no threads before startup()."},

    {.flag = "exec",
     .section = kExec,
     .field = &Settings::exec,
     .separator = 0,
     .hides_command = true,
     .default_words = "none: an application is served",
     .metavar = "COMMAND",
     .summary = "Workers are processes of this program: --exec [OPTION...] -- COMMAND [ARGUMENT...].",
     .details = "It gets the listening sockets as descriptors 3, 4, ... with LISTEN_FDS and LISTEN_PID, its place in "
                "GIRIN_SLOT and GIRIN_GENERATION, and NOTIFY_SOCKET, over which READY=1, STATUS=, STOPPING=1 and "
                "WATCHDOG=1 are understood; {fd}, {slot} and {port} in its arguments are "
                "replaced. In a settings file one word "
                "a line: exec = node, then exec = server.js."},
    {.flag = "exec-ready",
     .section = kExec,
     .field = &Settings::exec_ready,
     .check = check_exec_ready,
     .metavar = "WHEN",
     .summary = "A program is ready when it said READY=1 (notify), its --exec-port answers (port), or after a second (started).",
     .details = "With started, READY=1 makes it ready sooner. With notify and port it has --boot-timeout for that."},
    {.flag = "exec-port",
     .section = kExec,
     .field = &Settings::exec_port,
     .unit = Unit::count,
     .min = 0,
     .max = 65'000,
     .default_words = "none",
     .metavar = "PORT",
     .summary = "Each program has a port of its own, this one and those after it, which stands for {port}.",
     .details = "For what it listens on by itself, like a page for its health. The number of its slot is added. Without "
                "any --bind there is then no other address."},
    {.flag = "exec-stop-signal",
     .section = kExec,
     .field = &Settings::exec_stop_signal,
     .check = check_exec_stop_signal,
     .metavar = "SIGNAL",
     .summary = "Ask a program to finish and end with this signal: TERM, INT, QUIT, HUP, USR1, USR2 or WINCH.",
     .details = "After --graceful-timeout it is killed, with all of its process group."},

    {.flag = "bind",
     .short_flag = 'b',
     .section = kListening,
     .field = &Settings::bind,
     .platform_variable = "PORT",
     .platform_prefix = "0.0.0.0:",
     .metavar = "ADDRESS",
     .summary = "Listen at HOST:PORT, :PORT, [IPV6]:PORT, unix:PATH or fd://N; may be repeated.",
     .details = ":PORT is every IPv4 interface, port 0 lets the kernel choose, fd://N is a listening socket that was "
                "inherited. When PORT is set in the environment, the default is 0.0.0.0:$PORT."},
    {.flag = "backlog",
     .section = kListening,
     .field = &Settings::backlog,
     .unit = Unit::count,
     .min = 1,
     .max = 65535,
     .metavar = "COUNT",
     .summary = "Connections that may wait to be accepted, for each address.",
     .details = "The kernel caps it at net.core.somaxconn."},
    {.flag = "reuse-port",
     .section = kListening,
     .field = &Settings::reuse_port,
     .reloadable = false,
     .summary = "Give each worker a listening socket of its own (SO_REUSEPORT).",
     .details = "The master owns them all, and what waits at a worker that stops is served by another."},

    {.flag = "workers",
     .short_flag = 'w',
     .section = kWorkers,
     .field = &Settings::workers,
     .unit = Unit::count,
     .min = 1,
     .max = 1024,
     .zero_word = "auto",
     .most = &Settings::workers_most,
     .platform_variable = "WEB_CONCURRENCY",
     .default_words = "auto, or WEB_CONCURRENCY where that is set",
     .metavar = "COUNT",
     .summary = "How many worker processes, or LEAST:MOST; auto: one for each usable core.",
     .details = "Usable are the cores that CPU affinity and the cgroup's quota leave us. TTIN and TTOU change the "
                "number by one. With LEAST:MOST the number follows the load: it grows when loops, or the threads of their "
                "pools, are busy 80 % of the time or connections wait, and shrinks when one fewer would be busy less than "
                "half of the time. TTIN and TTOU move LEAST then."},
    {.flag = "scale-down-after",
     .section = kWorkers,
     .field = &Settings::scale_down_after,
     .unit = Unit::milliseconds,
     .min = 1,
     .max = kDayMs,
     .metavar = "TIME",
     .summary = "With workers LEAST:MOST, how long one must have been too many before it is ended.",
     .details = "While that goes on, the next follows after a quarter of it."},
    {.flag = "affinity",
     .section = kWorkers,
     .field = &Settings::affinity,
     .check = check_cpu_list,
     .default_words = "none: the kernel chooses",
     .metavar = "CPUS",
     .summary = "Run each worker on one processor: auto, or those to share out, such as 0,2,4-7.",
     .details = "auto is all that taskset, cpuset or container leave us. The threads of a worker run on its processor "
                "too."},
    {.flag = "threads",
     .section = kWorkers,
     .field = &Settings::threads,
     .unit = Unit::count,
     .min = 1,
     .max = 1024,
     .zero_word = "auto",
     .metavar = "COUNT",
     .summary = "Threads in each worker for synchronous handlers and run_in_executor().",
     .details = "auto is the number of cores plus 4, at most 32. Coroutine handlers don't use them."},
    {.flag = "worker-connections",
     .section = kWorkers,
     .field = &Settings::worker_connections,
     .unit = Unit::count,
     .min = 1,
     .max = 1'000'000,
     .metavar = "COUNT",
     .summary = "Connections open at once in each worker; more wait in the kernel.",
     .details = "While some wait there, connections that wait for a request themselves are closed for them, and a warning is "
                "logged once a minute."},
    {.flag = "max-requests",
     .section = kWorkers,
     .field = &Settings::max_requests,
     .unit = Unit::count,
     .max = 1'000'000'000'000,
     .metavar = "COUNT",
     .summary = "Replace a worker after so many requests; 0: never."},
    {.flag = "max-requests-jitter",
     .section = kWorkers,
     .field = &Settings::max_requests_jitter,
     .unit = Unit::count,
     .max = 1'000'000'000'000,
     .metavar = "COUNT",
     .summary = "Up to so many requests more, drawn by each worker, so that not all stop together."},
    {.flag = "max-lifetime",
     .section = kWorkers,
     .field = &Settings::max_lifetime,
     .unit = Unit::milliseconds,
     .max = kYearMs,
     .metavar = "TIME",
     .summary = "Replace a worker that was ready for so long; 0: never."},
    {.flag = "max-lifetime-jitter",
     .section = kWorkers,
     .field = &Settings::max_lifetime_jitter,
     .unit = Unit::milliseconds,
     .max = kYearMs,
     .metavar = "TIME",
     .summary = "Up to so much longer, drawn for each worker, so that not all are replaced together."},
    {.flag = "max-memory",
     .section = kWorkers,
     .field = &Settings::max_memory,
     .unit = Unit::bytes,
     .max = kTera,
     .share = &Settings::max_memory_share,
     .metavar = "SIZE",
     .summary = "Replace a worker whose resident memory stays larger for three seconds; 0: never.",
     .details = "25% is a quarter of what the cgroup may have, or the machine has. As with all recycling, the replacement is "
                "ready before the worker is told to drain, and one is replaced at a time. With --preload, what workers "
                "share counts in each."},

    {.flag = "timeout",
     .short_flag = 't',
     .section = kTimes,
     .field = &Settings::timeout,
     .unit = Unit::milliseconds,
     .max = kDayMs,
     .metavar = "TIME",
     .summary = "Replace a worker whose loop was silent for so long, or one job of whose pool kept its thread; 0: never.",
     .details = "It doesn't bound a request of a coroutine: a handler that waits lets its loop run. A synchronous handler, and "
                "what run_in_executor() calls, may take so long between two writes, or what it asks for "
                "(SyncRequest::extend_deadline, extend_job_deadline). Stacks and requests are logged, then ABRT is sent, then "
                "KILL. Time in which it was ready to run and got no processor doesn't count."},
    {.flag = "lag-warning",
     .section = kTimes,
     .field = &Settings::lag_warning,
     .unit = Unit::milliseconds,
     .max = kDayMs,
     .metavar = "TIME",
     .summary = "Log a warning for a worker whose loop was silent for so long, or a job of its pool, and why; 0: never.",
     .details = "Until it goes on, which is logged with how long it took, new connections go to others; of a pool only if no "
                "thread of it is free and none of its jobs has begun or ended for so long."},
    {.flag = "request-timeout",
     .section = kTimes,
     .field = &Settings::request_timeout,
     .unit = Unit::milliseconds,
     .max = kDayMs,
     .metavar = "TIME",
     .summary = "How long the handler of one request may take, else 503; 0: no limit.",
     .details = "A handler may extend its own (Request::extend_deadline), as downloads and streams have to. One that doesn't let "
                "the loop run is stopped with its worker."},
    {.flag = "boot-timeout",
     .section = kTimes,
     .field = &Settings::boot_timeout,
     .unit = Unit::milliseconds,
     .max = kDayMs,
     .metavar = "TIME",
     .summary = "How long a worker may take from its start until it is ready; 0: no limit."},
    {.flag = "graceful-timeout",
     .section = kTimes,
     .field = &Settings::graceful_timeout,
     .unit = Unit::milliseconds,
     .max = kDayMs,
     .metavar = "TIME",
     .summary = "How long requests in flight may take when a worker is asked to stop.",
     .details = "What isn't finished by then is cut off."},
    {.flag = "close-spread",
     .section = kTimes,
     .field = &Settings::close_spread,
     .unit = Unit::milliseconds,
     .max = kDayMs,
     .metavar = "TIME",
     .summary = "When a worker is replaced, over how long its kept connections are closed.",
     .details = "Each is closed with the answer to its first request after a moment of its own in this time, so that not all "
                "clients come back at once; 0: with its next answer. At most --graceful-timeout; not when the server stops."},
    {.flag = "keep-alive",
     .section = kTimes,
     .field = &Settings::keep_alive,
     .unit = Unit::milliseconds,
     .max = kDayMs,
     .other_file_key = "keepalive",
     .metavar = "TIME",
     .summary = "How long a connection may be idle between requests; 0: closed after each.",
     .details = "Behind a proxy that keeps connections, set it longer than the proxy does."},
    {.flag = "header-timeout",
     .section = kTimes,
     .field = &Settings::header_timeout,
     .unit = Unit::milliseconds,
     .max = kDayMs,
     .metavar = "TIME",
     .summary = "From a request's first byte to the end of its head, else 408; 0: no limit."},
    {.flag = "body-timeout",
     .section = kTimes,
     .field = &Settings::body_timeout,
     .unit = Unit::milliseconds,
     .max = kDayMs,
     .metavar = "TIME",
     .summary = "Between two pieces of a request's body, else 408; 0: no limit."},
    {.flag = "min-rate",
     .section = kTimes,
     .field = &Settings::min_rate,
     .unit = Unit::bytes,
     .max = kMega,
     .metavar = "SIZE",
     .summary = "Least that a client must send of a body, or take of an answer, each second; 0: any.",
     .details = "A body is judged by the time for which it was waited for, without --min-rate-grace, and gets 408. An answer that "
                "waits to be sent is judged over each --write-timeout, and its client is closed."},
    {.flag = "min-rate-grace",
     .section = kTimes,
     .field = &Settings::min_rate_grace,
     .unit = Unit::milliseconds,
     .min = 1,
     .max = kDayMs,
     .metavar = "TIME",
     .summary = "How long a body may be waited for in all before --min-rate counts."},
    {.flag = "write-timeout",
     .section = kTimes,
     .field = &Settings::write_timeout,
     .unit = Unit::milliseconds,
     .max = kDayMs,
     .metavar = "TIME",
     .summary = "Close a client that takes nothing of its answer for so long, or less than --min-rate; 0: no limit."},
    {.flag = "half-close-timeout",
     .section = kTimes,
     .field = &Settings::half_close_timeout,
     .unit = Unit::milliseconds,
     .max = kDayMs,
     .metavar = "TIME",
     .summary = "How long a request goes on after its client has closed its sending side.",
     .details = "Some clients close that side and still read the answer; most that do are gone. 0: no limit."},

    {.flag = "limit-request-line",
     .section = kLimits,
     .field = &Settings::limit_request_line,
     .unit = Unit::bytes,
     .max = kMega,
     .metavar = "SIZE",
     .summary = "Longest request line, else 414; 0: as long as can be set, 1m."},
    {.flag = "limit-request-fields",
     .section = kLimits,
     .field = &Settings::limit_request_fields,
     .unit = Unit::count,
     .max = 32768,
     .metavar = "COUNT",
     .summary = "Most header fields in a request, else 431; 0: as many as can be set, 32768."},
    {.flag = "limit-request-field_size",
     .section = kLimits,
     .field = &Settings::limit_request_field_size,
     .unit = Unit::bytes,
     .max = kMega,
     .other_flag = "limit-request-field-size",
     .metavar = "SIZE",
     .summary = "Longest header field line, else 431; 0: as long as can be set, 1m."},
    {.flag = "limit-request-body",
     .section = kLimits,
     .field = &Settings::limit_request_body,
     .unit = Unit::bytes,
     .max = kTera,
     .metavar = "SIZE",
     .summary = "Longest request body, else 413; 0: no limit."},
    {.flag = "limit-body-memory",
     .section = kLimits,
     .field = &Settings::limit_body_memory,
     .unit = Unit::bytes,
     .max = kTera,
     .metavar = "SIZE",
     .summary = "Memory in each worker for request bodies that are held whole; a body beyond it gets 503; 0: no limit.",
     .details = "Counted are bodies of synchronous handlers and of Request::read_all(), all together, until their handlers "
                "end. Bodies that are read piece by piece aren't."},

    {.flag = "forwarded-allow-ips",
     .section = kProxies,
     .field = &Settings::forwarded_allow_ips,
     .check = check_proxy_address,
     .metavar = "IP",
     .summary = "Proxies whose word about client, scheme and host is believed: addresses, networks, or * for all.",
     .details = "May be repeated, or separated by commas. Peers on a Unix socket are always believed."},
    {.flag = "forwarded-header",
     .section = kProxies,
     .field = &Settings::forwarded_header,
     .check = check_forwarded_header,
     .metavar = "FAMILY",
     .summary = "The fields in which they give it: X-Forwarded (-For, -Proto and -Host), Forwarded, or none.",
     .details = "The other family is ignored, because a proxy that writes one passes the other on from its client; so let it "
                "write, or remove, each field of this family. Where a proxy forwards a request without a client that can be "
                "read in this family, its client is unknown, never the proxy."},

    {.flag = "soak",
     .section = kReload,
     .field = &Settings::soak,
     .unit = Unit::milliseconds,
     .max = kDayMs,
     .metavar = "TIME",
     .summary = "At a reload, how long the first new worker must stay well before the others follow."},
    {.flag = "roll-back-window",
     .section = kReload,
     .field = &Settings::roll_back_window,
     .unit = Unit::milliseconds,
     .max = kDayMs,
     .metavar = "TIME",
     .summary = "How long after a reload the server goes back if the new workers fail; 0: never.",
     .details = "To the former settings and code, which are kept for it, after three failures alike (crashes, exits, "
                "hangs or failed starts) and half as many as there are workers, if those before were well. Workers that "
                "somebody kills don't count."},
    {.flag = "surge",
     .section = kReload,
     .field = &Settings::surge,
     .unit = Unit::count,
     .min = 1,
     .max = 1024,
     .metavar = "COUNT",
     .summary = "At a reload, how many workers are started at a time beside those they replace."},
    {.flag = "reload-on-change",
     .section = kReload,
     .field = &Settings::reload_on_change,
     .other_file_key = "reload",
     .summary = "Reload when the application's file was replaced or written; for developers.",
     .details = "As by HUP: code that fails to start leaves the old one serving. It is watched on after that, also when no "
                "worker could start yet."},

    {.flag = "on-starting",
     .section = kHooks,
     .field = &Settings::on_starting,
     .reloadable = false,
     .hides_command = true,
     .default_words = "none",
     .metavar = "COMMAND",
     .summary = "Run this by /bin/sh before anything is bound and before the first worker; its failure refuses the start.",
     .details = "The exit code is 3 then. An upgrade's new master runs it too."},
    {.flag = "on-ready",
     .section = kHooks,
     .field = &Settings::on_ready,
     .hides_command = true,
     .default_words = "none",
     .metavar = "COMMAND",
     .summary = "Run this once all workers of the first generation are ready.",
     .details = "Commands run as the master's user, with their output in the log; GIRIN_EVENT, GIRIN_MASTER_PID, GIRIN_NAME, "
                "GIRIN_GENERATION and GIRIN_LISTEN (addresses) say what happened and where. How they end changes nothing."},
    {.flag = "on-reload",
     .section = kHooks,
     .field = &Settings::on_reload,
     .hides_command = true,
     .default_words = "none",
     .metavar = "COMMAND",
     .summary = "Run this when a reload has come to its end.",
     .details = "GIRIN_OUTCOME is reloaded or rolled-back, GIRIN_REASON says why it was rolled back."},
    {.flag = "on-worker-exit",
     .section = kHooks,
     .field = &Settings::on_worker_exit,
     .hides_command = true,
     .default_words = "none",
     .metavar = "COMMAND",
     .summary = "Run this when a worker has ended, for whatever cause.",
     .details = "With GIRIN_WORKER_PID, GIRIN_SLOT, GIRIN_CAUSE, and GIRIN_EXIT_CODE or GIRIN_SIGNAL. Four hooks run at once "
                "and 64 wait; what comes beyond that is dropped, and logged."},
    {.flag = "on-degraded",
     .section = kHooks,
     .field = &Settings::on_degraded,
     .hides_command = true,
     .default_words = "none",
     .metavar = "COMMAND",
     .summary = "Run this when workers fail in a row, so that restarts are slowed down.",
     .details = "GIRIN_REASON is the last failure."},
    {.flag = "hook-timeout",
     .section = kHooks,
     .field = &Settings::hook_timeout,
     .unit = Unit::milliseconds,
     .min = 1,
     .max = kDayMs,
     .metavar = "TIME",
     .summary = "How long a hook's command may take; then it is killed with its process group.",
     .details = "A server that stops waits that long for those that run."},

    {.flag = "log-level",
     .section = kLogging,
     .field = &Settings::log_level,
     .other_file_key = "loglevel",
     .metavar = "LEVEL",
     .summary = "Least that is logged: debug, info, warning, error or critical."},
    {.flag = "log-format",
     .section = kLogging,
     .field = &Settings::log_format,
     .metavar = "FORMAT",
     .summary = "text, for people, or json, one object a line."},
    {.flag = "error-logfile",
     .section = kLogging,
     .field = &Settings::error_logfile,
     .other_flag = "log-file",
     .other_file_key = "errorlog",
     .metavar = "FILE",
     .summary = "Where the log goes; -: standard error.",
     .details = "USR1 and a reload open the file anew, after a rotation. The master opens it, for all workers; as root it "
                "follows no symbolic link that another user may have put."},
    {.flag = "capture-output",
     .section = kLogging,
     .field = &Settings::capture_output,
     .summary = "What workers, and programs that they run, print goes into the log's file, as it is.",
     .details = "Standard output and standard error, with --error-logfile FILE; without one they are left alone. Under "
                "--daemon they lead nowhere, and so what is printed is lost unless this is set."},
    {.flag = "access-logfile",
     .section = kLogging,
     .field = &Settings::access_logfile,
     .other_file_key = "accesslog",
     .default_words = "none",
     .metavar = "FILE",
     .summary = "Log each request here; -: standard output; empty: nowhere.",
     .details = "The master opens the file, with the rights of the workers' user, or its own where that one has none."},
    {.flag = "access-logformat",
     .section = kLogging,
     .field = &Settings::access_logformat,
     .other_file_key = "access_log_format",
     .default_words = "Gunicorn's, like the combined format",
     .metavar = "FORMAT",
     .summary = "A format of Gunicorn's atoms, such as %(h)s; or the word json.",
     .details = "json writes one object for each request, with fields of fixed names."},

    {.flag = "control-socket",
     .section = kControl,
     .field = &Settings::control_socket,
     .check = check_control_socket,
     .reloadable = false,
     .default_words = "auto",
     .metavar = "PATH",
     .summary = "Unix socket for girin status, reload and the like: a path, auto or none.",
     .details = "auto is girin/PID.sock in $XDG_RUNTIME_DIR, in /run for root, or else in /tmp/girin-UID."},
    {.flag = "control-socket-mode",
     .section = kControl,
     .field = &Settings::control_socket_mode,
     .unit = Unit::octal,
     .max = 0777,
     .reloadable = false,
     .metavar = "MODE",
     .summary = "Permissions of the control socket's file, in octal.",
     .details = "Whoever may open it still has to be root or the user that the master runs as."},
    {.flag = "admin-bind",
     .section = kControl,
     .field = &Settings::admin_bind,
     .reloadable = false,
     .default_words = "none",
     .metavar = "ADDRESS",
     .summary = "Serve status, /metrics, /livez and /readyz here too, for anybody who can connect; may be repeated.",
     .details = "As for --bind. Use an address that only your own network reaches."},
    {.flag = "admin-allow-actions",
     .section = kControl,
     .field = &Settings::admin_allow_actions,
     .reloadable = false,
     .summary = "Take reload, scale, stop and the like from --admin-bind too, from anybody who can connect."},
    {.flag = "admin-hosts",
     .section = kControl,
     .field = &Settings::admin_hosts,
     .reloadable = false,
     .default_words = "none",
     .metavar = "NAME",
     .summary = "Names by which --admin-bind may be asked, beside addresses, localhost and this machine's own.",
     .details = "May be repeated, or separated by commas; * is all. Asked by another name, status, events and actions "
                "are refused, for it may be the page of a stranger. /metrics, /livez and /readyz never are."},
    {.flag = "statsd-host",
     .section = kControl,
     .field = &Settings::statsd_host,
     .check = check_statsd_host,
     .reloadable = false,
     .default_words = "none",
     .metavar = "HOST:PORT",
     .summary = "Send metrics to this statsd server, by UDP, under Gunicorn's names."},
    {.flag = "statsd-prefix",
     .section = kControl,
     .field = &Settings::statsd_prefix,
     .reloadable = false,
     .default_words = "none",
     .metavar = "PREFIX",
     .summary = "Put before each name that is sent to statsd, with a dot between."},

    {.flag = "pid",
     .short_flag = 'p',
     .section = kProcess,
     .field = &Settings::pid,
     .reloadable = false,
     .other_file_key = "pidfile",
     .default_words = "none",
     .metavar = "FILE",
     .summary = "Write the master's process id here, and lock the file.",
     .details = "A second master with the same file refuses to start; a file that a dead one left doesn't matter."},
    {.flag = "name",
     .short_flag = 'n',
     .section = kProcess,
     .field = &Settings::name,
     .check = check_process_name,
     .reloadable = false,
     .other_file_key = "proc_name",
     .default_words = "girin",
     .metavar = "NAME",
     .summary = "What the process list shows."},
    {.flag = "daemon",
     .short_flag = 'D',
     .section = kProcess,
     .field = &Settings::daemon,
     .reloadable = false,
     .summary = "Run in the background, away from the terminal."},
    {.flag = "user",
     .short_flag = 'u',
     .section = kProcess,
     .field = &Settings::user,
     .reloadable = false,
     .default_words = "the one who starts the server",
     .metavar = "USER",
     .summary = "Workers run as this user, a name or a number.",
     .details = "With its groups, and with its HOME, USER and LOGNAME. A number that has no name brings the group of the "
                "same number."},
    {.flag = "group",
     .short_flag = 'g',
     .section = kProcess,
     .field = &Settings::group,
     .reloadable = false,
     .default_words = "the user's own",
     .metavar = "GROUP",
     .summary = "Workers run as this group, a name or a number."},
    {.flag = "chroot",
     .section = kProcess,
     .field = &Settings::chroot,
     .reloadable = false,
     .default_words = "none",
     .metavar = "DIR",
     .summary = "Workers see this directory as /, and nothing outside it.",
     .details =
         "Takes root, or CAP_SYS_CHROOT; and --user, since root is not held by it. An application's library, and those that "
         "it needs, are loaded from outside, already as the user; then the worker enters, before the application is made. "
         "Logs, sockets and time zone are taken along. What the application opens later, and the command of --exec, lie "
         "inside; host names, for example, want an etc/resolv.conf there."},
    {.flag = "no-new-privs",
     .section = kProcess,
     .field = &Settings::no_new_privs,
     .reloadable = false,
     .summary = "Workers gain no rights by executing a file, neither setuid nor capabilities."},
    {.flag = "drop-capabilities",
     .section = kProcess,
     .field = &Settings::drop_capabilities,
     .reloadable = false,
     .summary = "Workers give up all capabilities for good, also those that a setuid file could give back.",
     .details = "Sockets are bound by the master, so that ports below 1024 need none in a worker."},
    {.flag = "umask",
     .short_flag = 'm',
     .section = kProcess,
     .field = &Settings::umask,
     .unit = Unit::octal,
     .max = 0777,
     .reloadable = false,
     .metavar = "MODE",
     .summary = "Permissions that new files and Unix sockets lack, in octal; inherit: as they are."},

    {.flag = "check-config",
     .section = kAnswers,
     .field = {},
     .places = Places::command_line,
     .summary = "Check settings and application, say what is wrong, and exit.",
     .details = "Runs none of the application's code."},
    {.flag = "check-start",
     .section = kAnswers,
     .field = {},
     .places = Places::command_line,
     .summary = "Check also logs and addresses, start one worker on a port of its own until it is ready, and exit.",
     .details = "For use beside a server that runs: an address in use is told of and left out; hooks aren't run."},
    {.flag = "print-config",
     .section = kAnswers,
     .field = {},
     .places = Places::command_line,
     .summary = "Print each setting with where it came from, and exit."},
    {.flag = "print-docs",
     .section = kAnswers,
     .field = {},
     .places = Places::command_line,
     .metavar = "FORMAT",
     .summary = "Print the settings' reference as man, markdown or sample (a settings file), and exit."},
    {.flag = "help",
     .short_flag = 'h',
     .section = kAnswers,
     .field = {},
     .places = Places::command_line,
     .summary = "Print this, and exit."},
    {.flag = "version",
     .short_flag = 'v',
     .section = kAnswers,
     .field = {},
     .places = Places::command_line,
     .summary = "Print the version, and exit."},
};

// What no single row can judge.
constexpr Result<void> (*kTogether[])(const Settings&) = {
    check_exec_alone,
    check_addresses,
};

std::string underscored(std::string_view flag) {
    std::string key(flag);
    std::ranges::replace(key, '-', '_');
    return key;
}

}  // namespace

std::span<const SettingRow> setting_rows() {
    return kRows;
}

std::string file_key(const SettingRow& row) {
    return row.places == Places::all ? underscored(row.flag) : std::string();
}

std::string environment_variable(const SettingRow& row) {
    if (row.places == Places::command_line) return {};
    std::string name = "GIRIN_" + underscored(row.flag);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return name;
}

const SettingRow* find_flag(std::string_view flag) {
    const auto row = std::ranges::find_if(
        kRows, [&](const SettingRow& r) { return r.flag == flag || (!r.other_flag.empty() && r.other_flag == flag); });
    return row == std::end(kRows) ? nullptr : row;
}

const SettingRow* find_file_key(std::string_view key) {
    if (key.empty()) return nullptr;
    const std::string wanted = underscored(key);
    const auto row = std::ranges::find_if(kRows, [&](const SettingRow& r) {
        return file_key(r) == wanted || r.other_file_key == wanted ||
               (r.places == Places::all && underscored(r.other_flag) == wanted);
    });
    return row == std::end(kRows) ? nullptr : row;
}

const SettingRow& row_of(SettingField field) {
    const auto row = std::ranges::find_if(kRows, [&](const SettingRow& r) { return r.field == field; });
    GIRIN_CHECK(row != std::end(kRows), "each value has a row");
    return *row;
}

bool is_switch(const SettingRow& row) {
    return row.metavar.empty();
}

bool is_list(const SettingRow& row) {
    return std::holds_alternative<std::vector<std::string> Settings::*>(row.field) ||
           std::holds_alternative<std::vector<BindAddress> Settings::*>(row.field);
}

bool has_value(const SettingRow& row) {
    return !std::holds_alternative<std::monostate>(row.field);
}

Result<void> check_together(const Settings& settings) {
    for (const auto check : kTogether) {
        if (auto checked = check(settings); !checked) return checked;
    }
    return {};
}

}  // namespace girin
