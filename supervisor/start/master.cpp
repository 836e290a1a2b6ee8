#include "supervisor/start/master.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <utility>

#include "girin/log.hpp"
#include "loop/base/log_output.hpp"
#include "loop/base/place.hpp"
#include "loop/base/uncaught.hpp"
#include "supervisor/control/control_socket.hpp"
#include "supervisor/hooks/hook_process.hpp"
#include "supervisor/monitor/monitor_main.hpp"
#include "supervisor/process/affinity.hpp"
#include "supervisor/process/child_watch.hpp"
#include "supervisor/process/daemon.hpp"
#include "supervisor/process/environment.hpp"
#include "supervisor/process/limits.hpp"
#include "supervisor/process/pidfile.hpp"
#include "supervisor/process/privileges.hpp"
#include "supervisor/process/root_directory.hpp"
#include "supervisor/process/start_state.hpp"
#include "supervisor/settings/guides.hpp"
#include "supervisor/settings/settings_change.hpp"
#include "supervisor/settings/settings_print.hpp"
#include "supervisor/settings/worker_options.hpp"
#include "supervisor/sockets/refusal.hpp"
#include "supervisor/start/served.hpp"
#include "supervisor/start/surroundings.hpp"
#include "supervisor/turn/supervisor.hpp"
#include "supervisor/upgrade/handover_line.hpp"
#include "supervisor/upgrade/way_back.hpp"
#include "worker/app/library_image.hpp"

namespace girin {
namespace {

std::string machine_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

/// Steps to a running server, and what they made; undone in reverse order when it goes.
class Master {
  public:
    Master(MasterInput input, ProcessTitle& title)
        : input_(std::move(input)), title_(title), served_(input_.linked, input_.program_is_ours) {}

    int run() {
        SupervisorEnd end = leave_terminal();
        if (end.code == ExitCode::ok) end = keep_way_back();
        if (end.code == ExitCode::ok) end = set_up_and_serve();
        if (end.code != ExitCode::ok && way_back_.exists()) go_back(end.sentence);
        report(end);
        tell_predecessor_of(end);
        if (end.code != ExitCode::ok) service_.say(end.sentence);
        pidfile_.remove();
        notice_.tell(static_cast<int>(end.code), end.sentence);
        return static_cast<int>(end.code);
    }

  private:
    using Step = SupervisorEnd (Master::*)();

    SupervisorEnd set_up_and_serve() {
        constexpr Step kSteps[] = {&Master::settle_process, &Master::open_logs, &Master::open_service_line,
                                   &Master::look_at_application, &Master::tell_starting, &Master::open_sockets,
                                   &Master::lock_pidfile, &Master::open_control, &Master::serve};
        for (const Step step : kSteps) {
            SupervisorEnd end = (this->*step)();
            if (end.code != ExitCode::ok || stopped_early_) return end;
        }
        return {};
    }

    SupervisorEnd leave_terminal() {
        if (!settings().daemon || input_.predecessor) return {};  // a daemon's successor is one
        auto notice = daemonize_blocking(signals_);
        if (!notice) return failed(notice.error());
        notice_ = std::move(*notice);
        return {};
    }

    SupervisorEnd keep_way_back() {
        if (!is_in_place()) return {};
        signals_.forget_before();
        auto kept = WayBack::keep(input_.predecessor->handover());
        if (!kept) return failed(kept.error());
        way_back_ = std::move(*kept);
        return {};
    }

    bool is_in_place() const { return input_.predecessor && input_.predecessor->is_in_place(); }

    /// Returns only when that can't be.
    void go_back(const std::string& why) {
        log_error("Upgrade: back to the former binary: " + why);
        log_critical(way_back_.go(input_.program, why).message());
    }

    SupervisorEnd settle_process() {
        title_.set(make_process_title("master", settings().name));
        inherited_umask_ = leave_owner_rights();
        if (settings().umask) ::umask(static_cast<mode_t>(*settings().umask));
        directory_ = settings().chdir.empty() ? "" : absolute_path(settings().chdir);
        if (auto changed = change_directory(settings().chdir); !changed) return refused(changed.error());
        if (auto set = environment_.set(settings().env); !set) return refused(set.error());
        auto identity = find_identity(settings().user, settings().group);
        if (!identity) return refused(identity.error());
        identity_ = std::move(*identity);
        if (auto checked = check_affinity(settings()); !checked) return refused(checked.error());
        if (auto checked = check_chroot_blocking(settings()); !checked) return refused(checked.error());
        if (auto checked = check_for_workers(settings()); !checked) return refused(checked.error());
        return {};
    }

    SupervisorEnd open_logs() {
        if (auto opened = open_log(to_log_options(settings())); !opened) return failed(opened.error());
        logs_open_ = true;
        log_uncaught_exceptions();
        log_info("girin " + std::string(girin_version()) + " starting (PID " + std::to_string(::getpid()) + ")");
        tell_limits();
        tell_umask();
        tell_refused_calls();
        const bool are_root = ::geteuid() == 0 && (!identity_.changes_user() || identity_.uid == 0);
        if (!settings().chroot.empty() && are_root) {
            log_warning("chroot " + settings().chroot + ": workers run as root, who can leave it; name a --user");
        }
        return {};
    }

    void tell_limits() const {
        const ProcessLimits limits = read_limits();
        const std::string text = limits_text(limits);
        if (!text.empty()) log_info(text);
        const auto doubt = connections_doubt(limits, settings().worker_connections);
        if (doubt && settings().exec.empty()) log_warning(*doubt);
    }

    void tell_umask() const {
        if (settings().umask || (inherited_umask_ & 0700) == 0) return;
        log_warning("The umask that we were started with takes rights from the owner of our own files; it goes on without "
                    "that part; name a --umask");
    }

    /// What a container's filter, or an old kernel, keeps from us, and what stands in for it.
    void tell_refused_calls() const {
        if (!refused_pidfd_call().empty()) log_warning(refused_pidfd_call() + "; children are watched by SIGCHLD instead");
        if (served_.file(settings()).empty() || why_no_copies().empty()) return;
        log_warning(why_no_copies() + "; the application is loaded in place instead: don't overwrite its file "
                    "while it runs, and there is no way back to it");
    }

    /// After others' code has run in this process.
    void set_straight() const {
        signals_.hold();
        secure_standard_descriptors();
    }

    SupervisorEnd look_at_application() {
        auto copy = served_.file(settings()).empty() ? UniqueFd() : served_.make_code_copy(settings());
        if (!copy) return not_loaded(copy.error());
        code_ = std::move(*copy);
        if (auto checked = served_.check_blocking(settings(), code_.get()); !checked) return not_loaded(checked.error());
        if (!settings().preload) return {};
        const auto loaded = served_.preload(settings(), code_.get());
        set_straight();
        if (!loaded) return not_loaded(loaded.error());
        return {};
    }

    /// A wish to stop is carried out here: nothing runs yet that would have to be ended.
    SupervisorEnd tell_starting() {
        HookFacts facts(HookEvent::starting);
        facts.master_pid = ::getpid();
        facts.name = settings().name;
        facts.generation = 1;
        for (const BindAddress& address : settings().bind) {
            facts.listen += (facts.listen.empty() ? "" : " ") + address.to_text();
        }
        const auto called = call_back(input_.callbacks, facts);
        set_straight();
        if (!called) return not_started(called.error().message());
        if (settings().on_starting.empty()) return {};
        const HookOutcome outcome =
            run_hook_blocking(os_, HookOrder(settings().on_starting, facts), settings().hook_timeout);
        stopped_early_ = outcome.end == HookEnd::stopped;
        if (stopped_early_) forget_signals();
        if (outcome.end == HookEnd::failed) return not_started(outcome.sentence);
        return {};
    }

    /// The one that stopped us still waits, and would end the process once it is unblocked.
    static void forget_signals() {
        auto signals = SignalReader::open();
        if (!signals) return;
        for (const ReceivedSignal& signal : signals->read_pending()) {
            const SignalMeaning meaning = signal.row->meaning;
            const bool stops = meaning == SignalMeaning::stop_gracefully || meaning == SignalMeaning::stop_quickly;
            if (stops) log_info(received_text(signal, signal.row->action));
        }
    }

    SupervisorEnd open_sockets() {
        auto handed = take_handed_sockets();
        if (!handed) return failed(handed.error());
        own_addresses_ = handed->own_addresses();
        use_own_addresses(input_.settings, input_.bind_given);
        auto first = open_first_generation_blocking(settings(), identity_, &*handed, input_.predecessor.has_value());
        if (!first) return failed(first.error());
        first_ = std::move(*first);
        first_.files.code = std::move(code_);
        if (input_.predecessor) left_files_ = handed->left_files();
        left_some_ = !handed->left().empty();
        if (auto can = can_drop_connection_attempts(); !can) {
            log_warning(can.error().message() + ": a stop under load may cut off some of those who come meanwhile");
        }
        for (const std::string& left : handed->left()) {
            log_info("Closed " + left + ", which was handed over but isn't in --bind");
        }
        return {};
    }

    Result<HandedSockets> take_handed_sockets() {
        if (input_.predecessor) return take_sockets(input_.predecessor->handover().sockets);
        const ServiceEnvironment& service = input_.service;
        return take_activated_sockets(ServiceEnvironment::kFirstSocket, service.sockets, service.names);
    }

    /// Without any --bind, what was handed over is what there is to listen on; also after a reload.
    void use_own_addresses(Settings& settings, bool bind_given) const {
        if (!bind_given && !own_addresses_.empty()) settings.bind = own_addresses_;
    }

    SupervisorEnd open_service_line() {
        auto line = NotifySocket::open(input_.service.notify_socket);
        if (!line) log_warning(line.error().message());
        if (line) service_ = Service(std::move(*line), input_.service.watchdog);
        if (input_.predecessor && !is_in_place()) service_.be_silent();
        return {};
    }

    SupervisorEnd lock_pidfile() {
        if (input_.predecessor && input_.predecessor->handover().pidfile_fd >= 0) {
            const Handover& handover = input_.predecessor->handover();
            Pidfile inherited = Pidfile::inherit(handover.pidfile, UniqueFd(handover.pidfile_fd));
            const bool is_ours = inherited.path() == absolute_path(settings().pid);
            (is_ours ? pidfile_ : former_pidfile_) = std::move(inherited);
            if (is_ours) return {};
        }
        if (settings().pid.empty()) return {};
        auto pidfile = Pidfile::create(settings().pid);
        if (!pidfile) return failed(pidfile.error());
        pidfile_ = std::move(*pidfile);
        return {};
    }

    SupervisorEnd open_control() {
        HandedSockets handed;
        if (input_.predecessor) {
            auto taken = take_sockets(input_.predecessor->handover().control);
            if (!taken) return failed(taken.error());
            handed = std::move(*taken);
        }
        Settings own = settings();
        // Whoever asks for the only server there is doesn't mean a rehearsal.
        const bool rehearses = input_.predecessor && input_.predecessor->handover().rehearsal;
        if (rehearses && own.control_socket == "auto") own.control_socket = "none";
        auto sockets = ControlSockets::open_blocking(own, input_.predecessor ? &handed : nullptr);
        if (!sockets) return failed(sockets.error());
        control_ = std::move(*sockets);
        for (SocketFile& file : handed.left_files()) left_files_.push_back(std::move(file));
        return {};
    }

    SupervisorEnd serve() {
        Supervisor supervisor(os_, make_setup(), Generations(std::move(first_), identity_));
        ran_ = true;
        return supervisor.run();
    }

    SupervisorSetup make_setup() {
        SupervisorSetup setup;
        setup.read_settings = [this] { return read_settings(input_.reload_input); };
        setup.parse_settings = [this](const SettingsFile& file) -> Result<Settings> {
            const auto parsed = girin::parse_settings(input_.reload_input, file);
            if (!parsed) return parsed.error();
            Settings read = parsed->settings;
            use_own_addresses(read, names_address(*parsed));
            return read;
        };
        setup.check_settings = [this](const Settings& wanted, int code_fd) -> Result<void> {
            if (auto set = environment_.set(wanted.env); !set) return set.error();
            if (auto checked = check_affinity(wanted); !checked) return checked;
            if (auto checked = check_for_workers(wanted); !checked) return checked;
            return served_.check_blocking(wanted, code_fd);
        };
        setup.make_code_copy = [this](const Settings& running) { return served_.make_code_copy(running); };
        setup.application_file = [this](const Settings& own) { return served_.file(own); };
        setup.work = [this](const Settings& own, const WorkerPlace& place) { return served_.work(own, place); };
        setup.leave_master = [this] {
            pidfile_.forget();
            former_pidfile_.forget();
            way_back_.forget();
            notice_.forget();
        };
        if (!control_.empty()) setup.monitor = [this](const MonitorPlace& place) { return monitor(place); };
        setup.leave_monitor = [this] { control_.close(); };
        setup.monitor_waits = control_.is_shared() && !is_in_place();
        setup.has_way_back = way_back_.exists();
        setup.on_first_ready = [this] { notice_.tell(0); };
        setup.callbacks = input_.callbacks;
        setup.service = &service_;
        set_up_upgrade(setup);
        setup.child.signals = &signals_;
        setup.child.environment = &environment_;
        setup.child.title = &title_;
        setup.child.name = settings().name;
        setup.child.identity = identity_;
        setup.directory = directory_;
        setup.child.root = settings().chroot.empty() ? "" : absolute_path(settings().chroot);
        setup.child.no_new_privs = settings().no_new_privs;
        setup.child.drop_capabilities = settings().drop_capabilities;
        return setup;
    }

    void set_up_upgrade(SupervisorSetup& setup) {
        setup.program = input_.program;
        setup.predecessor = input_.predecessor ? &*input_.predecessor : nullptr;
        setup.add_to_handover = [this](Handover& handover) {
            handover.pidfile_fd = pidfile_.fd();
            handover.pidfile = pidfile_.path();
            for (const ListenerSet* sockets : control_.lasting(handover.in_place)) {
                for (HandoverSocket& socket : to_handover(*sockets)) handover.control.push_back(std::move(socket));
            }
        };
        setup.on_handed_over = [this] {
            pidfile_.forget();
            control_.hand_over();
        };
        setup.take_back = [this] { claim(pidfile_); };
        setup.take_over = [this] {
            claim(pidfile_);
            claim(former_pidfile_);
            way_back_.forget();
            former_pidfile_.remove();
            control_.claim(settings());
            for (SocketFile& file : left_files_) file.claim();
            left_files_.clear();  // which removes them
            return left_some_;
        };
    }

    static void claim(Pidfile& pidfile) {
        if (auto claimed = pidfile.claim(); !claimed) log_error(claimed.error().message());
    }

    void tell_predecessor_of(const SupervisorEnd& end) {
        if (end.code == ExitCode::ok || !input_.predecessor || is_in_place()) return;
        say(input_.predecessor->channel(), std::string(kUnwell) + end.sentence);
    }

    /// In the monitor.
    int monitor(const MonitorPlace& place) {
        MonitorOptions options;
        options.version = girin_version();
        options.master_uid = uid_;
        options.allow_tcp_actions = settings().admin_allow_actions;
        options.hosts = settings().admin_hosts;
        options.hosts.push_back(machine_name());
        options.statsd_host = settings().statsd_host;
        options.statsd_prefix = settings().statsd_prefix;
        return monitor_main(place, std::move(options), control_.sockets());
    }

    /// The one place where a failure is told; beside the log also to whoever started us, if that is somewhere else.
    void report(const SupervisorEnd& end) {
        if (end.code == ExitCode::ok) return log_info("girin has stopped");
        if (logs_open_ && !ran_) log_critical(end.sentence);
        if (const std::string guide = guide_sentence(end.code); logs_open_ && !guide.empty()) log_info(guide);
        const bool seen = logs_open_ && (settings().error_logfile.empty() || settings().error_logfile == "-");
        if (!seen && !settings().daemon) std::fprintf(stderr, "girin: %s\n", end.sentence.c_str());
    }

    const Settings& settings() const { return input_.settings; }
    static SupervisorEnd failed(const Error& error) { return {ExitCode::failure, error.message()}; }
    static SupervisorEnd refused(const Error& error) { return {refusal_code(error), error.message()}; }
    static SupervisorEnd not_started(const std::string& why) { return {ExitCode::worker_boot_failed, why}; }
    static SupervisorEnd not_loaded(const Error& error) { return {ExitCode::application_not_loaded, error.message()}; }

    MasterInput input_;
    ProcessTitle& title_;
    SignalsBlocked signals_;
    Environment environment_;
    unsigned inherited_umask_ = 0;
    LinuxOs os_;
    DaemonNotice notice_;
    Identity identity_;
    Served served_;
    std::vector<BindAddress> own_addresses_;  // sockets of a service manager's, where it has handed us some
    Generation first_;
    UniqueFd code_;  // of the first generation, until that has it
    std::string directory_;  // --chdir, from the root: what its name leads to may change
    Service service_;
    Pidfile pidfile_;
    ControlSockets control_;
    const uid_t uid_ = ::geteuid();
    // Of a predecessor whose settings were others: to be cleared away when we have taken over.
    Pidfile former_pidfile_;
    WayBack way_back_;  // executed in place, until it is known to serve
    std::vector<SocketFile> left_files_;
    bool left_some_ = false;
    bool logs_open_ = false;
    bool stopped_early_ = false;  // before anything was there to be stopped
    bool ran_ = false;  // the supervisor ran, and has logged how it ended
};

}  // namespace

bool names_address(const ParsedSettings& parsed) {
    return parsed.source_of(row_of(&Settings::bind)).kind != SettingSource::Kind::default_value;
}

Result<void> check_chroot_blocking(const Settings& settings) {
    if (settings.chroot.empty()) return {};
    return check_root_directory(settings.chroot);
}

Result<void> check_affinity(const Settings& settings) {
    if (settings.affinity.empty()) return {};
    const auto cpus = choose_cpus(settings.affinity, allowed_cpus());
    if (!cpus) return cpus.error();
    return {};
}

ExitCode refusal_code(const Error& error) {
    const bool lacks_right = error.errno_value() == EPERM || error.errno_value() == EACCES;
    return lacks_right ? ExitCode::failure : ExitCode::usage;
}

int run_master(MasterInput input, ProcessTitle& title) { return Master(std::move(input), title).run(); }

}  // namespace girin
