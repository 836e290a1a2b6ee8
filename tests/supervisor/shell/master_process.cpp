#include "tests/supervisor/shell/master_process.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "girin/log.hpp"
#include "loop/base/log_output.hpp"
#include "tests/support/proc.hpp"
#include "worker/process/channel.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
    return count;
}

[[noreturn]] void be_master(const MasterOptions& options, const std::string& log_file) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const SignalsBlocked blocked;
    LogOptions log_options;
    log_options.level = LogLevel::debug;
    log_options.file = log_file;
    [[maybe_unused]] const auto opened = open_log(log_options);
    LinuxOs real;
    SupervisorSetup setup;
    setup.work = options.work;
    // A reload opens the log that its settings name.
    setup.read_settings = [] { return Result<SettingsFile>(SettingsFile()); };
    setup.parse_settings = [&](const SettingsFile&) -> Result<Settings> {
        auto settings = options.read_settings();
        if (settings) settings->error_logfile = log_file;
        return settings;
    };
    setup.check_settings = options.check_settings;
    setup.on_first_ready = [] { log_info("First generation serves"); };
    setup.child.signals = &blocked;
    Settings first_settings = options.settings;
    first_settings.error_logfile = log_file;
    auto first = open_first_generation_blocking(first_settings, Identity());
    if (!first) log_error(first.error().message());
    if (!first) ::_exit(99);
    Supervisor supervisor(options.os ? *options.os : real, std::move(setup), Generations(std::move(*first), Identity()));
    const SupervisorEnd end = supervisor.run();
    log_info("Ended: " + end.sentence);
    ::_exit(static_cast<int>(end.code));
}

}  // namespace

MasterOptions::MasterOptions() {
    settings.workers = 2;
    settings.bind = {BindAddress::tcp("127.0.0.1", 0)};
    settings.soak = 20ms;
    work = [](const Settings&, const WorkerPlace& place) { return obedient_worker(place); };
}

MasterProcess::MasterProcess(const TempDir& dir, const MasterOptions& given) : log_file_(dir / "log") {
    MasterOptions options = given;
    if (!options.read_settings) options.read_settings = [&options] { return Result<Settings>(options.settings); };
    pid_ = ::fork();
    if (pid_ == 0) be_master(options, log_file_);
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
}

MasterProcess::~MasterProcess() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

void MasterProcess::signal(int signo) const {
    if (pid_ > 0) ::kill(pid_, signo);
}

std::vector<pid_t> MasterProcess::workers() const { return children_of(pid_); }

std::string MasterProcess::log() const {
    std::ifstream in(log_file_);
    return std::string(std::istreambuf_iterator<char>(in), {});
}

testing::AssertionResult MasterProcess::logs(const std::string& part, std::size_t count) const {
    auto found = eventually(10s, "'" + part + "'", [&] { return count_of(log(), part) >= count; });
    return found ? found : found << "\n" << log();
}

std::size_t MasterProcess::count(const std::string& part) const { return count_of(log(), part); }

testing::AssertionResult MasterProcess::has_workers(std::size_t count) const {
    auto found = eventually(10s, std::to_string(count) + " workers", [&] {
        return workers().size() == count && zombies_of(pid_).empty();
    });
    return found ? found : found << "\n" << log();
}

int MasterProcess::wait_exit() {
    pollfd ended{pidfd_.get(), POLLIN, 0};
    if (::poll(&ended, 1, Deadline(10s).poll_timeout()) <= 0) return -1;
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string MasterProcess::address(std::size_t index) const {
    const std::string text = log();
    const std::string words = "Listening at: ";
    std::size_t at = 0;
    for (std::size_t i = 0; i <= index; ++i) at = text.find(words, at) + words.size();
    return text.substr(at, text.find(' ', at) - at);
}

int obedient_worker(const WorkerPlace& place, const std::function<void()>& on_ready) {
    [[maybe_unused]] auto sent = send_message(place.channel_fd, Message(MessageKind::ready));
    on_ready();
    for (;;) {
        place.board[place.slot].last_tick_ns = Clock::now().time_since_epoch() / 1ns;
        pollfd channel{place.channel_fd, POLLIN, 0};
        ::poll(&channel, 1, 10);
        Message message;
        const Received received = receive_message(place.channel_fd, message);
        if (received == Received::closed) return 0;
        if (received != Received::message) continue;
        if (message.kind == MessageKind::quit) return 0;
        if (message.kind == MessageKind::reopen_logs) log_info("Worker reopens its logs");
        if (message.kind == MessageKind::drain) {
            sent = send_message(place.channel_fd, Message(MessageKind::draining));
            return 0;
        }
    }
}

}  // namespace girin::test
