#include "tests/support/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <regex>

#include "tests/support/proc.hpp"

extern char** environ;

namespace girin::test {
namespace {

[[noreturn]] void fail(int error, std::string_view action, std::string_view object) {
    throw std::runtime_error(Error::from_errno(error, action, object).message());
}

UniqueFd open_capture(const Command& command, const std::string& name, const char* extension) {
    if (command.log_directory.empty()) {
        UniqueFd memory(::memfd_create(name.c_str(), MFD_CLOEXEC));
        // As for a file: each write goes to the end, wherever another descriptor of the same file stands.
        if (!memory || ::fcntl(memory.get(), F_SETFL, O_APPEND) != 0) fail(errno, "create memory file", name);
        return memory;
    }
    const std::string path = command.log_directory + "/" + name + extension;
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) fail(errno, "open", path);
    return file;
}

std::vector<std::string> environment_of(const Command& command) {
    std::map<std::string, std::string> merged;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (equals != std::string_view::npos) merged[std::string(text.substr(0, equals))] = text.substr(equals + 1);
    }
    for (const auto& name : command.unset) merged.erase(name);
    for (const auto& [name, value] : command.environment) merged[name] = value;
    std::vector<std::string> lines;
    for (const auto& [name, value] : merged) lines.push_back(name + "=" + value);
    return lines;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    for (auto& text : strings) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

// All that the child needs between fork and exec, made before: there only async-signal-safe calls are allowed.
struct Launch {
    const char* program;
    char* const* args;
    char* const* environment;
    const char* directory;
    std::vector<std::pair<int, int>> descriptors;  // in this process → in the child
    int highest_target;
    int report_fd;
    pid_t parent;
    int parent_death_signal;
    bool own_group;
};

// Two steps, so that no source is overwritten before it was copied: first all above every target, then into place.
bool place_descriptors(Launch& launch) {
    for (auto& [source, target] : launch.descriptors) {
        source = ::fcntl(source, F_DUPFD_CLOEXEC, launch.highest_target + 1);
        if (source < 0) return false;
    }
    launch.report_fd = ::fcntl(launch.report_fd, F_DUPFD_CLOEXEC, launch.highest_target + 1);
    for (const auto& [source, target] : launch.descriptors) {
        if (::dup2(source, target) < 0) return false;
    }
    return true;
}

[[noreturn]] void exec_in_child(Launch& launch) {
    ::prctl(PR_SET_PDEATHSIG, launch.parent_death_signal);
    if (::getppid() != launch.parent) ::_exit(127);  // the parent died before the line above
    if (launch.own_group) ::setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    if (place_descriptors(launch) && (launch.directory == nullptr || ::chdir(launch.directory) == 0)) {
        ::execvpe(launch.program, launch.args, launch.environment);
    }
    const int error = errno;
    if (::write(launch.report_fd, &error, sizeof error) < 0) ::_exit(126);
    ::_exit(127);
}

int captured_or(int given, const UniqueFd& captured) { return given >= 0 ? given : captured.get(); }

// Starts the child; returns when exec has happened. Errors: whatever kept it from happening.
pid_t launch_process(const Command& command, const UniqueFd& output, const UniqueFd& error) {
    std::vector<std::string> args = command.args;
    args.insert(args.begin(), command.program);
    std::vector<std::string> environment = environment_of(command);
    const auto arg_pointers = pointers_to(args);
    const auto environment_pointers = pointers_to(environment);
    const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    FdPair report = make_pipe().value();

    Launch launch{command.program.c_str(), arg_pointers.data(), environment_pointers.data(),
                  command.directory.empty() ? nullptr : command.directory.c_str(), command.inherit, 2,
                  report.second.get(), ::getpid(), command.parent_death_signal, command.own_group};
    launch.descriptors.emplace_back(captured_or(command.stdin_fd, null), 0);
    launch.descriptors.emplace_back(captured_or(command.stdout_fd, output), 1);
    launch.descriptors.emplace_back(captured_or(command.stderr_fd, error), 2);
    for (const auto& [source, target] : command.inherit) {
        launch.highest_target = std::max(launch.highest_target, target);
    }

    const pid_t pid = ::fork();
    if (pid < 0) fail(errno, "fork for", command.program);
    if (pid == 0) exec_in_child(launch);
    report.second.reset();
    int exec_error = 0;
    if (::read(report.first.get(), &exec_error, sizeof exec_error) == sizeof exec_error) {
        ::waitpid(pid, nullptr, 0);
        fail(exec_error, "run", command.program);
    }
    return pid;
}

std::string read_all(const UniqueFd& file, std::size_t from = 0) {
    std::string text;
    if (!file) return text;
    char piece[16384];
    for (;;) {
        const ssize_t got = ::pread(file.get(), piece, sizeof piece, static_cast<off_t>(from + text.size()));
        if (got <= 0) return text;
        text.append(piece, static_cast<std::size_t>(got));
    }
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const ExitStatus& status) {
    if (status.signal != 0) return out << "ended by signal " << status.signal;
    return out << "exit code " << status.code;
}

ChildProcess::ChildProcess(const Command& command) {
    const std::string name = command.log_name.empty() ? std::filesystem::path(command.program).filename().string()
                                                      : command.log_name;
    if (command.stdout_fd < 0) output_ = open_capture(command, name, ".out");
    if (command.stderr_fd < 0) error_ = open_capture(command, name, ".err");
    pid_ = launch_process(command, output_, error_);
    // Not reaped yet, so the number can't be anybody else's.
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    if (!pidfd_) fail(errno, "open pidfd of", command.program);
}

ChildProcess::~ChildProcess() { kill_now(); }

void ChildProcess::signal(int number) {
    if (!status_) ::kill(pid_, number);
}

void ChildProcess::kill_now() {
    signal(SIGKILL);
    wait_exit(milliseconds{60'000});
}

std::optional<ExitStatus> ChildProcess::wait_exit(milliseconds limit) {
    if (status_) return status_;
    const Deadline deadline(limit);
    for (;;) {
        pollfd ended{pidfd_.get(), POLLIN, 0};
        ::poll(&ended, 1, deadline.poll_timeout());
        int raw = 0;
        if (::waitpid(pid_, &raw, WNOHANG) == pid_) {
            status_.emplace();
            if (WIFSIGNALED(raw)) status_->signal = WTERMSIG(raw);
            if (WIFEXITED(raw)) status_->code = WEXITSTATUS(raw);
            return status_;
        }
        if (deadline.passed()) return std::nullopt;
    }
}

std::string ChildProcess::standard_output() const { return read_all(output_); }

std::string ChildProcess::standard_error() const { return read_all(error_); }

std::size_t ChildProcess::mark() const {
    struct stat status {};
    if (!error_ || ::fstat(error_.get(), &status) != 0) return 0;
    return static_cast<std::size_t>(status.st_size);
}

std::optional<std::string> ChildProcess::wait_for(const std::function<bool(const std::string&)>& fits,
                                                  milliseconds limit, std::size_t from) {
    std::optional<std::string> found;
    const auto look = [&] {
        const std::string text = read_all(error_, from);
        std::size_t start = 0;
        for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
            const std::string line = text.substr(start, end - start);
            start = end + 1;
            if (!fits(line)) continue;
            found = line;
            return true;
        }
        from += start;
        return false;
    };
    const auto look_or_ended = [&] {
        const bool ended = !running();  // asked first: what it wrote before it ended is then there to be read
        return look() || ended;
    };
    wait_until(limit, look_or_ended, pidfd_.get());
    return found;
}

std::optional<std::string> ChildProcess::wait_for_line(std::string_view part, milliseconds limit, std::size_t from) {
    return wait_for([&](const std::string& line) { return line.find(part) != std::string::npos; }, limit, from);
}

std::optional<std::string> ChildProcess::wait_for_match(const std::string& pattern, milliseconds limit,
                                                        std::size_t from) {
    const std::regex expression(pattern);
    return wait_for([&](const std::string& line) { return std::regex_search(line, expression); }, limit, from);
}

Finished run(const Command& command, milliseconds limit) {
    ChildProcess child(command);
    const auto status = child.wait_exit(limit);
    if (!status) throw std::runtime_error("run " + command.program + ": still running after " + to_text(limit));
    return {*status, child.standard_output(), child.standard_error()};
}

std::vector<UniqueFd> pidfds_of_descendants(pid_t ancestor) {
    std::vector<UniqueFd> pidfds;
    for (const pid_t pid : descendants_of(ancestor)) {
        UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        if (pidfd) pidfds.push_back(std::move(pidfd));
    }
    return pidfds;
}

std::size_t end_processes(const std::vector<UniqueFd>& pidfds, milliseconds limit) {
    const Deadline deadline(limit);
    std::size_t killed = 0;
    for (const auto& pidfd : pidfds) {
        pollfd ended{pidfd.get(), POLLIN, 0};
        if (::poll(&ended, 1, deadline.poll_timeout()) > 0) continue;
        ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
        ++killed;
    }
    return killed;
}

std::optional<std::string> find_program(std::string_view name) {
    const char* path = std::getenv("PATH");
    std::string directories = std::string(path != nullptr ? path : "") + ":/usr/sbin:/usr/local/sbin:/sbin:";
    for (auto colon = directories.find(':'); colon != std::string::npos; colon = directories.find(':')) {
        const std::string directory = directories.substr(0, colon);
        const std::string candidate = directory + "/" + std::string(name);
        directories.erase(0, colon + 1);
        if (!directory.empty() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    }
    return std::nullopt;
}

}  // namespace girin::test
