#pragma once

// What the master's turn can't know by itself: put together by the start (start/master.cpp), or by a test. And how it ended.

#include <functional>
#include <string>

#include "girin/run/exit_code.hpp"
#include "girin/run/server_callbacks.hpp"
#include "supervisor/monitor/monitor_place.hpp"
#include "supervisor/process/borrowed.hpp"
#include "supervisor/process/spawn.hpp"
#include "supervisor/settings/settings_text.hpp"
#include "supervisor/systemd/service.hpp"
#include "supervisor/upgrade/predecessor.hpp"
#include "supervisor/upgrade/program.hpp"
#include "supervisor/zygote/zygote_process.hpp"

namespace girin {

struct SupervisorSetup {
    /// For a reload, in a child: the settings file as it is now. May block.
    std::function<Result<SettingsFile>()> read_settings;
    /// For a reload, in that child and then in the master: what such a file says. Pure.
    std::function<Result<Settings>(const SettingsFile&)> parse_settings;
    /// The directory that each generation's workers are in, from the root, as its name leads there when the generation
    /// begins (--chdir); empty: the master's own.
    std::string directory;
    /// For a reload, in a child: whatever may take time or crash. Fills `code_fd`, if there is one, with the application's
    /// file.
    std::function<Result<void>(const Settings&, int code_fd)> check_settings;
    /// For a reload, beside the settings that hold: an empty copy of the application's file, as check_settings fills it;
    /// -1: none is to be made. None: never.
    std::function<Result<UniqueFd>(const Settings&)> make_code_copy;
    /// The application's file: what is copied for each generation, and whose change is to reload with
    /// --reload-on-change; empty: there is none.
    std::function<std::string(const Settings&)> application_file;
    /// In a zygote: loads the application, so that workers are forked with it. None: it is loaded.
    std::function<std::optional<LoadFailure>(const Settings&, const WorkerPlace&)> preload;
    /// A worker, from its first own line to its exit code.
    std::function<int(const Settings&, const WorkerPlace&)> work;
    /// In each new child: lets go of what only the master may hold, beyond what the supervisor itself holds.
    std::function<void()> leave_master;
    /// The monitor, from its first own line to its exit code; none: the server has no monitor.
    std::function<int(const MonitorPlace&)> monitor;
    /// Its sockets are a predecessor's, which serves them until we take over.
    bool monitor_waits = false;
    /// In each worker: lets go of the sockets that are the monitor's.
    std::function<void()> leave_monitor;
    /// Once, when the first generation serves in full.
    std::function<void()> on_first_ready;
    /// What an embedder is told, beside the commands of the settings.
    ServerCallbacks callbacks;
    Borrowed<Service> service;  // null: nobody wants to know
    /// For an upgrade: how to start our successor, and what beside the sockets is handed to it.
    ProgramStart program;
    std::function<void(Handover&)> add_to_handover;
    /// A successor that may have begun to take over is gone: what is the service's alone is ours again.
    std::function<void()> take_back;
    /// Once: our successor has what is the service's alone. Only what this process began is left to be ended.
    std::function<void()> on_handed_over;
    Borrowed<Predecessor> predecessor;  // not null: we are a successor, and on trial
    /// Once: our trial is over, and what is the service's alone is ours. True: the predecessor has sockets that we
    /// don't serve.
    std::function<bool()> take_over;
    /// Executed in place: the caller can go back to the former binary when the supervisor ends with a failure on trial.
    bool has_way_back = false;
    ChildSetup child;

    SupervisorSetup() = default;

    /// As application_file.
    std::string file_of(const Settings& settings) const { return application_file ? application_file(settings) : std::string(); }
};

/// How the supervisor ended.
struct SupervisorEnd {
    ExitCode code = ExitCode::ok;
    std::string sentence;  // why, when `code` isn't ok; it has been logged

    SupervisorEnd() = default;
    SupervisorEnd(ExitCode c, std::string text) : code(c), sentence(std::move(text)) {}
};

}  // namespace girin
