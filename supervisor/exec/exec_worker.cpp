#include "supervisor/exec/exec_worker.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <vector>
#include <utility>

#include "girin/log.hpp"
#include "loop/base/log_output.hpp"
#include "supervisor/exec/exec_command.hpp"
#include "supervisor/exec/exec_keeper.hpp"
#include "supervisor/exec/port_probe.hpp"
#include "supervisor/exec/program.hpp"
#include "supervisor/process/memory.hpp"
#include "supervisor/process/signals.hpp"
#include "supervisor/settings/stop_signal.hpp"
#include "worker/process/channel.hpp"
#include "worker/process/entry.hpp"

namespace girin {
namespace {

constexpr int kSignals[] = {SIGTERM, SIGQUIT, SIGUSR1, SIGABRT, SIGCHLD};
constexpr Duration kMemoryInterval = std::chrono::seconds(1);
constexpr std::size_t kMostNewsAtOnce = 64;

ExecKeeperOptions to_keeper_options(const Settings& settings) {
    ExecKeeperOptions options;
    options.must_tell = settings.exec_ready != "started";
    options.timeout = settings.timeout;
    options.graceful = settings.graceful_timeout;
    return options;
}

Result<UniqueFd> open_signals() {
    sigset_t wanted, all;
    sigemptyset(&wanted);
    for (const int signo : kSignals) sigaddset(&wanted, signo);
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    UniqueFd fd(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd) return Error::from_errno(errno, "open signalfd");
    return fd;
}

/// Ends this process as the program has ended. The core, if there is one, is the program's.
int end_by(int signo) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0);
    std::signal(signo, SIG_DFL);
    sigset_t just_this;
    sigemptyset(&just_this);
    sigaddset(&just_this, signo);
    ::raise(signo);
    ::sigprocmask(SIG_UNBLOCK, &just_this, nullptr);
    return 128 + signo;
}

std::string describe(const ChildExit& ended) {
    return ended.by_signal ? "was ended by " + signal_name(ended.value)
                           : "exited with code " + std::to_string(ended.value);
}

class Keeper {
  public:
    Keeper(const Settings& settings, const WorkerPlace& place)
        : settings_(settings), place_(place), channel_(place.channel_fd), line_(place.board[place.slot]),
          stop_signal_(parse_stop_signal(settings.exec_stop_signal).value_or(SIGTERM)),
          keeper_(to_keeper_options(settings), Clock::now()) {}

    int run() {
        ::prctl(PR_SET_PDEATHSIG, 0);  // the end of the channel tells, and leaves time for what is in flight
        if (auto started = start(); !started) {
            return report_boot_failure(started.error().message(), kWorkerAppNotLoaded);
        }
        while (!has_ended_) turn();
        return end();
    }

  private:
    Result<void> start() {
        auto signals = open_signals();
        if (!signals) return signals.error();
        auto notify = NotifyReceiver::open();
        if (!notify) return notify.error();
        signals_ = std::move(*signals);
        notify_ = std::move(*notify);
        auto program = Program::start_blocking(os_, program_setup());
        if (!program) return program.error();
        program_ = std::move(*program);
        // The program has its own. With these, a socket would go on listening for as long as its last request takes.
        for (const ListenerSocket& listener : place_.listeners) ::close(listener.fd);
        line_.program.store(program_.pid(), std::memory_order_relaxed);
        if (settings_.exec_ready == "port") probe_.emplace(own_port());
        log_debug("Runs " + name(), {{"program", program_.pid()}});
        return {};
    }

    ProgramSetup program_setup() const {
        ProgramSetup setup;
        const int first = place_.listeners.empty() ? -1 : Program::kFirstListener;
        setup.command = fill_in(settings_.exec, ExecPlace(first, place_.slot, own_port()));
        setup.listeners = place_.listeners;
        setup.notify_address = notify_.address();
        setup.watchdog = settings_.timeout;
        setup.slot = place_.slot;
        setup.generation = place_.generation;
        setup.root_fd = place_.root_fd;
        return setup;
    }

    int own_port() const { return settings_.exec_port > 0 ? static_cast<int>(settings_.exec_port + place_.slot) : 0; }

    /// What has come, in this order: what the program said before it ended counts.
    void turn() {
        const bool listens = Clock::now() >= listen_at_;
        pollfd waits[] = {{listens ? notify_.fd() : -1, POLLIN, 0}, {channel_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0},
                          {program_.pidfd(), POLLIN, 0}};
        ::poll(waits, std::size(waits), wait_milliseconds());
        now_ = Clock::now();
        beat();
        if (listens || waits[3].revents != 0) read_news();
        if (waits[1].revents != 0) read_channel();
        if (waits[2].revents != 0) read_signals();
        look_at_memory();
        if (is_probing() && probe_->answers()) carry_out(keeper_.on_port_open());
        carry_out(keeper_.on_time(now_));
        has_ended_ = waits[3].revents != 0;
    }

    bool is_probing() const { return probe_ && keeper_.is_starting(); }

    int wait_milliseconds() const {
        Duration wait = is_probing() ? PortProbe::kInterval : Duration(kIdleTickNs);
        if (listen_at_ > Clock::now()) wait = std::min(wait, NotifyReceiver::kFloodPause);
        if (const auto deadline = keeper_.next_deadline()) wait = std::min(wait, *deadline - Clock::now());
        const auto whole = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
        return static_cast<int>(std::max<std::int64_t>(whole, 0));
    }

    /// The keeper's own sign of life: the program's, WATCHDOG=1, is the keeper's to judge.
    void beat() {
        line_.turns.fetch_add(1, std::memory_order_relaxed);
        line_.last_tick_ns.store(std::chrono::nanoseconds(now_.time_since_epoch()).count(), std::memory_order_relaxed);
    }

    void read_news() {
        for (std::size_t i = 0; i < kMostNewsAtOnce; ++i) {
            const auto news = notify_.receive(program_.pid());
            if (notify_.is_flooded()) listen_at_ = now_ + NotifyReceiver::kFloodPause;
            if (!news) return;
            if (!news->status.empty()) log_status(news->status);
            carry_out(keeper_.on_news(*news, now_));
        }
    }

    void log_status(const std::string& status) {
        const auto words = statuses_.admit(status, now_);
        if (words) log_info("Worker " + std::to_string(place_.slot) + ": " + *words);
    }

    void read_channel() {
        Message message;
        std::vector<UniqueFd> logs;
        Received received;
        while ((received = receive_message(channel_.get(), message, logs)) == Received::message) {
            on_message(message, std::move(logs));
        }
        if (received != Received::closed) return;
        log_error("The master is gone; " + name() + " is told to end");
        channel_.reset();
        carry_out(keeper_.on_master_gone(now_));
    }

    void on_message(const Message& message, std::vector<UniqueFd> logs) {
        switch (message.kind) {
            case MessageKind::drain:
                return carry_out(keeper_.on_drain(std::chrono::milliseconds(message.value), now_));
            case MessageKind::quit: return carry_out(keeper_.on_quit(now_));
            case MessageKind::reopen_logs:
                if (!logs.empty()) use_log_descriptor(std::move(logs.front()));
                return;
            case MessageKind::log_level:
                if (const auto level = parse_log_level(message.text)) set_log_level(*level);
                return;
            default: log_warning("The master sent a message that is none of its own");
        }
    }

    void read_signals() {
        signalfd_siginfo info;
        while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
            switch (static_cast<int>(info.ssi_signo)) {
                case SIGTERM: carry_out(keeper_.on_term(now_)); break;
                case SIGQUIT: carry_out(keeper_.on_quit(now_)); break;
                case SIGABRT: carry_out(keeper_.on_abort(now_)); break;
                case SIGCHLD: os_.on_child_signal(); break;
                default: log_info("The master opens log files, for all, when it gets USR1");
            }
        }
    }

    /// The master looks at the keeper's memory, which says nothing.
    void look_at_memory() {
        if (settings_.max_memory == 0 || now_ < next_memory_look_) return;
        next_memory_look_ = now_ + kMemoryInterval;
        const std::uint64_t held = resident_bytes(program_.pid()).value_or(0);
        if (held <= settings_.max_memory) return;
        const auto mebibytes = [](std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; };
        carry_out(keeper_.on_worn_out("max-memory: it holds " + mebibytes(held) + ", more than " +
                                      mebibytes(settings_.max_memory)));
    }

    void carry_out(const ExecKeeper::Steps& steps) {
        for (const ExecStep& step : steps) carry_out(step);
    }

    void carry_out(const ExecStep& step) {
        switch (step.kind) {
            case ExecStep::Kind::tell_ready: return tell(Message(MessageKind::ready));
            case ExecStep::Kind::tell_draining: return tell(Message(MessageKind::draining));
            case ExecStep::Kind::tell_recycle: return tell(Message(MessageKind::recycle, 0, step.text));
            case ExecStep::Kind::stop_program: return program_.signal(os_, stop_signal_);
            case ExecStep::Kind::abort_program:
                log_error(sentence("is aborted: " + step.text));
                return program_.signal_group(SIGABRT);
            case ExecStep::Kind::kill_program:
                log_warning(sentence(step.text + "; it is killed, with all of its process group"));
                return program_.signal_group(SIGKILL);
        }
    }

    int end() {
        const auto ended = program_.reap_all(os_);
        if (!ended) return report_boot_failure(ended.error().message());
        const bool by_stop_signal = ended->by_signal ? ended->value == stop_signal_
                                                     : ended->value == 0 || ended->value == 128 + stop_signal_;
        switch (keeper_.on_end(by_stop_signal).kind) {
            case ExecEnd::Kind::done: return kWorkerDone;
            case ExecEnd::Kind::aborted: return end_by(SIGABRT);
            case ExecEnd::Kind::boot_failed:
                return report_boot_failure(name() + " " + ::girin::describe(*ended) + " before it was ready");
            case ExecEnd::Kind::as_program: break;
        }
        return ended->by_signal ? end_by(ended->value) : ended->value;
    }

    int report_boot_failure(const std::string& why, int code = kWorkerBootFailed) {
        tell(Message(MessageKind::boot_failed, code, why));
        return code;
    }

    void tell(const Message& message) {
        if (channel_) [[maybe_unused]] const auto sent = send_message(channel_.get(), message);
    }

    std::string name() const { return "'" + settings_.exec.front() + "'"; }
    std::string sentence(const std::string& rest) const {
        return "Worker " + std::to_string(place_.slot) + ": " + name() + " (pid " + std::to_string(program_.pid()) +
               ") " + rest;
    }

    const Settings& settings_;
    const WorkerPlace& place_;
    LinuxOs os_;
    UniqueFd channel_;
    ScoreboardSlot& line_;
    int stop_signal_;
    UniqueFd signals_;
    NotifyReceiver notify_;
    TimePoint listen_at_{};  // to what is said on it: strangers flood it
    StatusLimiter statuses_;
    Program program_;
    std::optional<PortProbe> probe_;  // with --exec-ready port
    ExecKeeper keeper_;
    TimePoint now_ = Clock::now();
    TimePoint next_memory_look_{};
    bool has_ended_ = false;
};

}  // namespace

Result<void> check_command_blocking(const Settings& settings) {
    return find_program_blocking(settings.exec.front(), settings.chroot);
}

int exec_worker_main(const Settings& settings, const WorkerPlace& place) { return Keeper(settings, place).run(); }

}  // namespace girin
