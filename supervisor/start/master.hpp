#pragma once

// The master process from settings to exit code: what has to be in place before the supervisor's loop, in order, and
// what is cleared away after it. A step that fails ends it with one sentence and nothing left behind. Not here: the
// command line (run.hpp), the loop (turn/supervisor.hpp).

#include <optional>

#include "girin/run/exit_code.hpp"
#include "girin/run/server_callbacks.hpp"
#include "supervisor/process/process_title.hpp"
#include "supervisor/settings/settings_text.hpp"
#include "supervisor/systemd/service_environment.hpp"
#include "supervisor/upgrade/predecessor.hpp"
#include "supervisor/upgrade/program.hpp"
#include "worker/app/loader.hpp"

namespace girin {

struct MasterInput {
    Settings settings;
    SettingsInput reload_input;       // to read the settings again
    std::optional<AppSource> linked;  // the application of a program that brings its own
    bool program_is_ours = false;     // girin itself, not one that embeds it
    bool bind_given = true;           // some source names an address
    ServiceEnvironment service;       // what a service manager has told us
    ProgramStart program;             // to start our successor
    ServerCallbacks callbacks;        // of a program that brings its own
    std::optional<Predecessor> predecessor;  // a running master that has started us to follow it

    MasterInput(Settings values, SettingsInput input, std::optional<AppSource> source)
        : settings(std::move(values)), reload_input(std::move(input)), linked(std::move(source)) {}
};

/// Whether any source names an address to listen on.
bool names_address(const ParsedSettings& parsed);

/// Errors: --chroot names no directory, or we have no right to make one the workers' root. Blocks: as a disk does.
Result<void> check_chroot_blocking(const Settings& settings);
/// Errors: --affinity names a processor that we may not use.
Result<void> check_affinity(const Settings& settings);
/// The exit code for a setting that is valid in itself and can't be carried out here: a bad value, such as a user that
/// doesn't exist, unless what is missing is a permission.
ExitCode refusal_code(const Error& error);

/// Returns the process's exit code, once the server has ended; with --daemon in the daemon only. Never returns in a
/// worker.
int run_master(MasterInput input, ProcessTitle& title);

}  // namespace girin
