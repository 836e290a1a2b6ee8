#include "supervisor/start/surroundings.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdlib>

#include "girin/base/clock.hpp"
#include "girin/base/unique_fd.hpp"
#include "supervisor/process/exit_cause.hpp"
#include "supervisor/process/privileges.hpp"
#include "supervisor/settings/settings_checks.hpp"
#include "supervisor/settings/worker_options.hpp"
#include "supervisor/sockets/socket_address.hpp"
#include "worker/process/entry.hpp"

namespace girin {
namespace {

Error can_not(int errno_value, std::string_view setting, const std::string& path) {
    return Error::from_errno(errno_value, setting, path);
}

bool may(const std::string& path, int how) { return ::faccessat(AT_FDCWD, path.c_str(), how, AT_EACCESS) == 0; }

std::string directory_of(const std::string& path) {
    const std::size_t slash = path.find_last_of('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

/// `shown`: as it stands in the sentence.
Result<void> can_be_made(std::string_view setting, const std::string& path, const std::string& shown) {
    const std::string directory = directory_of(path);
    struct stat about {};
    if (::stat(directory.c_str(), &about) != 0) return can_not(errno, setting, shown);
    if (!S_ISDIR(about.st_mode)) return can_not(ENOTDIR, setting, shown);
    if (!may(directory, W_OK | X_OK)) return can_not(errno, setting, shown);
    return {};
}

Result<void> can_be_written(std::string_view setting, const std::string& path) {
    if (path.empty() || path == "-") return {};
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) {
        return errno == ENOENT ? can_be_made(setting, path, path) : can_not(errno, setting, path);
    }
    if (S_ISDIR(about.st_mode)) return can_not(EISDIR, setting, path);
    if (!may(path, W_OK)) return can_not(errno, setting, path);
    return {};
}

Result<void> can_be_a_socket(std::string_view setting, const std::string& path) {
    struct stat about {};
    if (::lstat(path.c_str(), &about) == 0 && !S_ISSOCK(about.st_mode)) {
        return Error(std::string(setting) + " unix:" + path + ": a file that isn't a socket is in the way");
    }
    return can_be_made(setting, path, "unix:" + path);
}

Result<void> is_inherited_listener(std::string_view setting, int fd) {
    const std::string name = std::string(setting) + " fd://" + std::to_string(fd);
    int listens = 0;
    socklen_t bytes = sizeof listens;
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &bytes) != 0) return Error::from_errno(errno, name);
    if (listens == 0) return Error(name + ": doesn't listen");
    return {};
}

Result<void> check_address(std::string_view setting, const BindAddress& address) {
    switch (address.kind) {
        case BindAddress::Kind::unix_socket: return can_be_a_socket(setting, address.path);
        case BindAddress::Kind::inherited: return is_inherited_listener(setting, address.fd);
        default: return {};
    }
}

/// Whether two are the same once their names are looked up, also where nobody has named the one of --bind. A name that can't
/// be looked up is the start's to tell of.
Result<void> check_names_blocking(const Settings& settings) {
    std::vector<WantedAddress> wanted = wanted_addresses(settings);
    for (WantedAddress& one : wanted) {
        const auto may_meet = [&](const WantedAddress& other) {
            return &other != &one && other.address.kind == one.address.kind && other.address.port == one.address.port;
        };
        const bool matters = one.address.kind == BindAddress::Kind::tcp && one.address.port != 0;
        if (!matters || std::ranges::none_of(wanted, may_meet)) continue;
        if (const auto found = resolve_blocking(one.address.host, one.address.port)) one.address.host = found->host();
    }
    return check_distinct(wanted);
}

// ── a library ────────────────────────────────────────────────────────────────────────────────────────────────────────

[[noreturn]] void load_and_tell(int report, const AppSource& source, const Settings& settings, const Identity& identity) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::string said;
    for (const std::string& entry : settings.env) ::putenv(const_cast<char*>(entry.c_str()));  // as long as this process
    if (auto became = become(identity); said.empty() && !became) said = became.error().message();
    if (said.empty()) {
        if (auto loaded = load_code(source); !loaded) said = loaded.error().message();
    }
    [[maybe_unused]] const ssize_t written = ::write(report, said.data(), std::min<std::size_t>(said.size(), PIPE_BUF));
    ::_exit(said.empty() ? 0 : 1);
}

/// True: it has said something or closed its end within `limit`; zero: no limit.
bool wait_readable(int fd, std::chrono::milliseconds limit) {
    const TimePoint until = Clock::now() + limit;
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
        pollfd wanted{fd, POLLIN, 0};
        const int ready = ::poll(&wanted, 1, limit.count() == 0 ? -1 : static_cast<int>(std::max<long>(0, left.count())));
        if (ready >= 0 || errno != EINTR) return ready > 0;
    }
}

std::string read_report(int fd) {
    std::string text(PIPE_BUF, '\0');
    const ssize_t bytes = ::read(fd, text.data(), text.size());
    text.resize(bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
    return text;
}

ChildExit wait_for_end(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    ChildExit ended;
    ended.by_signal = WIFSIGNALED(status);
    ended.value = ended.by_signal ? WTERMSIG(status) : WEXITSTATUS(status);
    return ended;
}

}  // namespace

Result<void> check_surroundings_blocking(const Settings& settings) {
    if (auto checked = can_be_written("open log file", settings.error_logfile); !checked) return checked;
    if (auto checked = can_be_written("open log file", settings.access_logfile); !checked) return checked;
    if (auto checked = can_be_written("open pidfile", settings.pid); !checked) return checked;
    if (auto checked = check_names_blocking(settings); !checked) return checked;
    for (const BindAddress& address : settings.bind) {
        if (auto checked = check_address("bind", address); !checked) return checked;
    }
    for (const BindAddress& address : settings.admin_bind) {
        if (auto checked = check_address("admin-bind", address); !checked) return checked;
    }
    if (settings.control_socket == "auto" || settings.control_socket == "none") return {};
    return can_be_a_socket("control-socket", settings.control_socket);
}

Result<void> check_for_workers(const Settings& settings) {
    return check_worker_options(to_worker_options(settings));
}

Result<void> try_loading_blocking(const AppSource& source, const Settings& settings) {
    const auto identity = find_identity(settings.user, settings.group);
    if (!identity) return identity.error();
    auto pipe = make_pipe();
    if (!pipe) return pipe.error();
    const pid_t child = ::fork();
    if (child < 0) return Error::from_errno(errno, "start a process to load", source.file());
    if (child == 0) load_and_tell(pipe->second.get(), source, settings, *identity);
    pipe->second.reset();
    const bool in_time = wait_readable(pipe->first.get(), settings.boot_timeout);
    if (!in_time) ::kill(child, SIGKILL);
    const std::string said = in_time ? read_report(pipe->first.get()) : "";
    ExitEvidence evidence;
    evidence.ended = wait_for_end(child);
    if (!in_time) return Error(source.file() + ": was not loaded within " + to_text(settings.boot_timeout));
    if (!said.empty()) return Error(said);
    if (!evidence.ended.by_signal && evidence.ended.value == 0) return {};
    return Error(source.file() + ": the process that loaded it " + explain_exit(evidence).sentence);
}

}  // namespace girin
