#pragma once

// What the start makes, each with one owner: this. The master's turn borrows it (SupervisorSetup) for as long as the server
// lives, and what is left at the end is undone in reverse order. Not here: the steps that make it (master.cpp), and who
// borrows what (make_setup.hpp).

#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "supervisor/control/control_socket.hpp"
#include "supervisor/crew/generations.hpp"
#include "supervisor/process/borrowed.hpp"
#include "supervisor/process/daemon.hpp"
#include "supervisor/process/environment.hpp"
#include "supervisor/process/pidfile.hpp"
#include "supervisor/process/privileges.hpp"
#include "supervisor/process/signals.hpp"
#include "supervisor/start/master.hpp"
#include "supervisor/start/served.hpp"
#include "supervisor/systemd/service.hpp"
#include "supervisor/upgrade/way_back.hpp"

namespace girin {

struct Holdings {
    Holdings(MasterInput given, ProcessTitle& process_title)
        : input(std::move(given)), title(&process_title), served(input.linked, input.program_is_ours) {}
    Holdings(const Holdings&) = delete;
    Holdings& operator=(const Holdings&) = delete;

    const Settings& settings() const { return input.settings; }
    bool is_in_place() const { return input.predecessor && input.predecessor->is_in_place(); }
    /// Without any --bind, what was handed over is what there is to listen on; also after a reload.
    void use_own_addresses(Settings& own, bool bind_given) const {
        if (!bind_given && !own_addresses.empty()) own.bind = own_addresses;
    }

    MasterInput input;
    Borrowed<ProcessTitle> title;
    SignalsBlocked signals;
    Environment environment;
    LinuxOs os;
    DaemonNotice notice;
    Identity identity;
    Served served;
    std::vector<BindAddress> own_addresses;  // sockets of a service manager's, where it has handed us some
    Generation first;       // until the turn has it
    UniqueFd code;          // of the first generation, until that has it
    std::string directory;  // --chdir, from the root: what its name leads to may change
    Service service;
    Pidfile pidfile;
    ControlSockets control;
    const uid_t uid = ::geteuid();
    // Of a predecessor whose settings were others: to be cleared away when we have taken over.
    Pidfile former_pidfile;
    WayBack way_back;  // executed in place, until it is known to serve
    std::vector<SocketFile> left_files;
    bool left_some = false;
};

}  // namespace girin
