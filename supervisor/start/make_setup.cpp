#include "supervisor/start/make_setup.hpp"

#include <array>

#include "girin/log.hpp"
#include "loop/base/place.hpp"
#include "supervisor/monitor/monitor_main.hpp"
#include "supervisor/settings/settings_print.hpp"
#include "supervisor/start/surroundings.hpp"

namespace girin {
namespace {

std::string machine_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

/// In the monitor.
int run_monitor(const Holdings& held, const MonitorPlace& place) {
    const Settings& settings = held.settings();
    MonitorOptions options;
    options.version = girin_version();
    options.master_uid = held.uid;
    options.allow_tcp_actions = settings.admin_allow_actions;
    options.hosts = settings.admin_hosts;
    options.hosts.push_back(machine_name());
    options.statsd_host = settings.statsd_host;
    options.statsd_prefix = settings.statsd_prefix;
    return monitor_main(place, std::move(options), held.control.sockets());
}

void claim(Pidfile& pidfile) {
    if (auto claimed = pidfile.claim(); !claimed) log_error(claimed.error().message());
}

void set_up_reload(SupervisorSetup& setup, Holdings& held) {
    setup.directory = held.directory;
    setup.read_settings = [&held] { return read_settings(held.input.reload_input); };
    setup.parse_settings = [&held](const SettingsFile& file) -> Result<Settings> {
        const auto parsed = girin::parse_settings(held.input.reload_input, file);
        if (!parsed) return parsed.error();
        Settings read = parsed->settings;
        held.use_own_addresses(read, names_address(*parsed));
        return read;
    };
    setup.check_settings = [&held](const Settings& wanted, int code_fd) -> Result<void> {
        if (auto set = held.environment.set(wanted.env); !set) return set.error();
        if (auto checked = check_affinity(wanted); !checked) return checked;
        if (auto checked = check_for_workers(wanted); !checked) return checked;
        return held.served.check_blocking(wanted, code_fd);
    };
    setup.make_code_copy = [&held](const Settings& running) { return held.served.make_code_copy(running); };
    setup.application_file = [&held](const Settings& own) { return held.served.file(own); };
}

void set_up_children(SupervisorSetup& setup, Holdings& held) {
    setup.preload = [&held](const Settings& own, const WorkerPlace& place) { return held.served.preload(own, place); };
    setup.work = [&held](const Settings& own, const WorkerPlace& place) { return held.served.work(own, place); };
    setup.leave_master = [&held] {
        held.pidfile.forget();
        held.former_pidfile.forget();
        held.way_back.forget();
        held.notice.forget();
    };
    setup.child.signals = &held.signals;
    setup.child.environment = &held.environment;
    setup.child.title = held.title;
    setup.child.name = held.settings().name;
    setup.child.identity = held.identity;
    setup.child.root = held.settings().chroot.empty() ? "" : absolute_path(held.settings().chroot);
    setup.child.no_new_privs = held.settings().no_new_privs;
    setup.child.drop_capabilities = held.settings().drop_capabilities;
}

void set_up_monitor(SupervisorSetup& setup, Holdings& held) {
    if (!held.control.empty()) setup.monitor = [&held](const MonitorPlace& place) { return run_monitor(held, place); };
    setup.leave_monitor = [&held] { held.control.close(); };
    setup.monitor_waits = held.control.is_shared() && !held.is_in_place();
}

void set_up_upgrade(SupervisorSetup& setup, Holdings& held) {
    setup.program = held.input.program;
    setup.predecessor = held.input.predecessor ? &*held.input.predecessor : nullptr;
    setup.has_way_back = held.way_back.exists();
    setup.add_to_handover = [&held](Handover& handover) {
        handover.pidfile_fd = held.pidfile.fd();
        handover.pidfile = held.pidfile.path();
        for (const ListenerSet* sockets : held.control.lasting(handover.in_place)) {
            for (HandoverSocket& socket : to_handover(*sockets)) handover.control.push_back(std::move(socket));
        }
    };
    setup.on_handed_over = [&held] {
        held.pidfile.forget();
        held.control.hand_over();
    };
    setup.take_back = [&held] { claim(held.pidfile); };
    setup.take_over = [&held] {
        claim(held.pidfile);
        claim(held.former_pidfile);
        held.way_back.forget();
        held.former_pidfile.remove();
        held.control.claim(held.settings());
        for (SocketFile& file : held.left_files) file.claim();
        held.left_files.clear();  // which removes them
        return held.left_some;
    };
}

}  // namespace

SupervisorSetup make_setup(Holdings& held) {
    SupervisorSetup setup;
    set_up_reload(setup, held);
    set_up_children(setup, held);
    set_up_monitor(setup, held);
    set_up_upgrade(setup, held);
    setup.on_first_ready = [&held] { held.notice.tell(0); };
    setup.callbacks = held.input.callbacks;
    setup.service = &held.service;
    return setup;
}

}  // namespace girin
