#include "supervisor/start/master.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "girin/log.hpp"
#include "loop/base/log_output.hpp"
#include "loop/base/place.hpp"
#include "loop/base/uncaught.hpp"
#include "supervisor/hooks/hook_process.hpp"
#include "supervisor/process/affinity.hpp"
#include "supervisor/process/child_watch.hpp"
#include "supervisor/process/limits.hpp"
#include "supervisor/process/root_directory.hpp"
#include "supervisor/process/start_state.hpp"
#include "supervisor/settings/guides.hpp"
#include "supervisor/settings/settings_change.hpp"
#include "supervisor/settings/settings_print.hpp"
#include "supervisor/settings/worker_options.hpp"
#include "supervisor/sockets/refusal.hpp"
#include "supervisor/start/holdings.hpp"
#include "supervisor/start/make_setup.hpp"
#include "supervisor/start/surroundings.hpp"
#include "supervisor/turn/supervisor.hpp"
#include "supervisor/upgrade/handover_line.hpp"
#include "worker/app/library_image.hpp"

namespace girin {
namespace {

/// Steps to a running server, and its end. What they make is held by `held_`, which undoes it in reverse order.
class Master {
  public:
    Master(MasterInput input, ProcessTitle& title) : held_(std::move(input), title) {}

    int run() {
        SupervisorEnd end = leave_terminal();
        if (end.code == ExitCode::ok) end = keep_way_back();
        if (end.code == ExitCode::ok) end = set_up_and_serve();
        if (end.code != ExitCode::ok && held_.way_back.exists()) go_back(end.sentence);
        report(end);
        tell_predecessor_of(end);
        if (end.code != ExitCode::ok) held_.service.say(end.sentence);
        held_.pidfile.remove();
        held_.notice.tell(static_cast<int>(end.code), end.sentence);
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
        if (!settings().daemon || held_.input.predecessor) return {};  // a daemon's successor is one
        auto notice = daemonize_blocking(held_.signals);
        if (!notice) return failed(notice.error());
        held_.notice = std::move(*notice);
        return {};
    }

    SupervisorEnd keep_way_back() {
        if (!held_.is_in_place()) return {};
        held_.signals.forget_before();
        auto kept = WayBack::keep(held_.input.predecessor->handover());
        if (!kept) return failed(kept.error());
        held_.way_back = std::move(*kept);
        return {};
    }

    /// Returns only when that can't be.
    void go_back(const std::string& why) {
        log_error("Upgrade: back to the former binary: " + why);
        log_critical(held_.way_back.go(held_.input.program, why).message());
    }

    SupervisorEnd settle_process() {
        held_.title->set(make_process_title("master", settings().name));
        inherited_umask_ = leave_owner_rights();
        if (settings().umask) ::umask(static_cast<mode_t>(*settings().umask));
        held_.directory = settings().chdir.empty() ? "" : absolute_path(settings().chdir);
        if (auto changed = change_directory(settings().chdir); !changed) return refused(changed.error());
        if (auto set = held_.environment.set(settings().env); !set) return refused(set.error());
        auto identity = find_identity(settings().user, settings().group);
        if (!identity) return refused(identity.error());
        held_.identity = std::move(*identity);
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
        const bool are_root = ::geteuid() == 0 && (!held_.identity.changes_user() || held_.identity.uid == 0);
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
        if (held_.served.file(settings()).empty() || why_no_copies().empty()) return;
        log_warning(why_no_copies() + "; the application is loaded in place instead: don't overwrite its file "
                    "while it runs, and there is no way back to it");
    }

    /// After others' code has run in this process.
    void set_straight() const {
        held_.signals.hold();
        secure_standard_descriptors();
    }

    SupervisorEnd look_at_application() {
        auto copy = held_.served.file(settings()).empty() ? UniqueFd() : held_.served.make_code_copy(settings());
        if (!copy) return not_loaded(copy.error());
        held_.code = std::move(*copy);
        if (auto checked = held_.served.check_blocking(settings(), held_.code.get()); !checked) return not_loaded(checked.error());
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
        const auto called = call_back(held_.input.callbacks, facts);
        set_straight();
        if (!called) return not_started(called.error().message());
        if (settings().on_starting.empty()) return {};
        const HookOutcome outcome =
            run_hook_blocking(held_.os, HookOrder(settings().on_starting, facts), settings().hook_timeout);
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
        held_.own_addresses = handed->own_addresses();
        held_.use_own_addresses(held_.input.settings, held_.input.bind_given);
        auto first = open_first_generation_blocking(settings(), held_.identity, &*handed, held_.input.predecessor.has_value());
        if (!first) return failed(first.error());
        held_.first = std::move(*first);
        held_.first.files.code = std::move(held_.code);
        if (held_.input.predecessor) held_.left_files = handed->left_files();
        held_.left_some = !handed->left().empty();
        if (auto can = can_drop_connection_attempts(); !can) {
            log_warning(can.error().message() + ": a stop under load may cut off some of those who come meanwhile");
        }
        for (const std::string& left : handed->left()) {
            log_info("Closed " + left + ", which was handed over but isn't in --bind");
        }
        return {};
    }

    Result<HandedSockets> take_handed_sockets() {
        if (held_.input.predecessor) return take_sockets(held_.input.predecessor->handover().sockets);
        const ServiceEnvironment& service = held_.input.service;
        return take_activated_sockets(ServiceEnvironment::kFirstSocket, service.sockets, service.names);
    }

    SupervisorEnd open_service_line() {
        auto line = NotifySocket::open(held_.input.service.notify_socket);
        if (!line) log_warning(line.error().message());
        if (line) held_.service = Service(std::move(*line), held_.input.service.watchdog);
        if (held_.input.predecessor && !held_.is_in_place()) held_.service.be_silent();
        return {};
    }

    SupervisorEnd lock_pidfile() {
        if (held_.input.predecessor && held_.input.predecessor->handover().pidfile_fd >= 0) {
            const Handover& handover = held_.input.predecessor->handover();
            Pidfile inherited = Pidfile::inherit(handover.pidfile, UniqueFd(handover.pidfile_fd));
            const bool is_ours = inherited.path() == absolute_path(settings().pid);
            (is_ours ? held_.pidfile : held_.former_pidfile) = std::move(inherited);
            if (is_ours) return {};
        }
        if (settings().pid.empty()) return {};
        auto pidfile = Pidfile::create(settings().pid);
        if (!pidfile) return failed(pidfile.error());
        held_.pidfile = std::move(*pidfile);
        return {};
    }

    SupervisorEnd open_control() {
        HandedSockets handed;
        if (held_.input.predecessor) {
            auto taken = take_sockets(held_.input.predecessor->handover().control);
            if (!taken) return failed(taken.error());
            handed = std::move(*taken);
        }
        Settings own = settings();
        // Whoever asks for the only server there is doesn't mean a rehearsal.
        const bool rehearses = held_.input.predecessor && held_.input.predecessor->handover().rehearsal;
        if (rehearses && own.control_socket == "auto") own.control_socket = "none";
        auto sockets = ControlSockets::open_blocking(own, held_.input.predecessor ? &handed : nullptr);
        if (!sockets) return failed(sockets.error());
        held_.control = std::move(*sockets);
        for (SocketFile& file : handed.left_files()) held_.left_files.push_back(std::move(file));
        return {};
    }

    SupervisorEnd serve() {
        Supervisor supervisor(held_.os, make_setup(held_), Generations(std::move(held_.first), held_.identity));
        ran_ = true;
        return supervisor.run();
    }

    void tell_predecessor_of(const SupervisorEnd& end) {
        if (end.code == ExitCode::ok || !held_.input.predecessor || held_.is_in_place()) return;
        say(held_.input.predecessor->channel(), std::string(kUnwell) + end.sentence);
    }

    /// The one place where a failure is told; beside the log also to whoever started us, if that is somewhere else.
    void report(const SupervisorEnd& end) {
        if (end.code == ExitCode::ok) return log_info("girin has stopped");
        if (logs_open_ && !ran_) log_critical(end.sentence);
        if (const std::string guide = guide_sentence(end.code); logs_open_ && !guide.empty()) log_info(guide);
        const bool seen = logs_open_ && (settings().error_logfile.empty() || settings().error_logfile == "-");
        if (!seen && !settings().daemon) std::fprintf(stderr, "girin: %s\n", end.sentence.c_str());
    }

    const Settings& settings() const { return held_.settings(); }
    static SupervisorEnd failed(const Error& error) { return {ExitCode::failure, error.message()}; }
    static SupervisorEnd refused(const Error& error) { return {refusal_code(error), error.message()}; }
    static SupervisorEnd not_started(const std::string& why) { return {ExitCode::worker_boot_failed, why}; }
    static SupervisorEnd not_loaded(const Error& error) { return {ExitCode::application_not_loaded, error.message()}; }

    Holdings held_;
    unsigned inherited_umask_ = 0;
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
