#include "girin/run.hpp"

#include <unistd.h>

#include <cstdio>
#include <optional>
#include <utility>

#include "girin/run/exit_code.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/process/descriptors.hpp"
#include "supervisor/process/environment.hpp"
#include "supervisor/process/privileges.hpp"
#include "supervisor/process/process_title.hpp"
#include "supervisor/process/start_state.hpp"
#include "supervisor/settings/guides.hpp"
#include "supervisor/settings/settings_print.hpp"
#include "supervisor/settings/settings_text.hpp"
#include "supervisor/start/check_start.hpp"
#include "supervisor/start/master.hpp"
#include "supervisor/start/served.hpp"
#include "supervisor/start/surroundings.hpp"
#include "supervisor/turn/supervisor_setup.hpp"
#include "supervisor/upgrade/handover_line.hpp"

namespace girin {
namespace {

int print_failure(ExitCode code, const std::string& sentence) {
    std::fprintf(stderr, "girin: %s\n", sentence.c_str());
    if (const std::string guide = guide_sentence(code); !guide.empty()) std::fprintf(stderr, "%s\n", guide.c_str());
    return static_cast<int>(code);
}

int print_answer(const std::string& text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    return static_cast<int>(written ? ExitCode::ok : ExitCode::failure);
}

SupervisorEnd refused(const Error& error) { return {refusal_code(error), error.message()}; }

Result<void> try_library(const Settings& settings, const std::optional<AppSource>& linked) {
    if (Served(linked).file(settings).empty()) return {};
    const auto source = parse_app_source(settings.application);
    if (!source) return source.error();
    return try_loading_blocking(*source, settings);
}

/// What settings alone don't show: whether their application, user, directory and files exist, and can be used. In the order
/// of a start, and in the directory and with the variables that a start has by then.
SupervisorEnd look_beyond_settings(const Settings& settings, const std::optional<AppSource>& linked) {
    if (auto changed = change_directory(settings.chdir); !changed) return refused(changed.error());
    if (auto set = Environment().set(settings.env); !set) return refused(set.error());
    if (auto identity = find_identity(settings.user, settings.group); !identity) return refused(identity.error());
    if (auto checked = check_affinity(settings); !checked) return refused(checked.error());
    if (auto checked = check_chroot_blocking(settings); !checked) return refused(checked.error());
    if (auto checked = check_for_workers(settings); !checked) return refused(checked.error());
    if (auto checked = Served(linked).check_blocking(settings); !checked) {
        return {ExitCode::application_not_loaded, checked.error().message()};
    }
    if (auto checked = check_surroundings_blocking(settings); !checked) return {ExitCode::failure, checked.error().message()};
    if (auto loaded = try_library(settings, linked); !loaded) {
        return {ExitCode::application_not_loaded, loaded.error().message()};
    }
    return {};
}

int check_config(const Settings& settings, const std::optional<AppSource>& linked) {
    const SupervisorEnd found = look_beyond_settings(settings, linked);
    if (found.code == ExitCode::ok) return print_answer("The settings are fine.\n");
    return print_failure(found.code, found.sentence);
}

/// An embedder's own descriptors and timers are its own business.
void set_straight_what_was_inherited() {
    close_on_exec_from(STDERR_FILENO + 1);
    stop_inherited_timers();
}

/// Whose the process is: what was there before us, and what is to be destroyed at its end.
enum class Program { girin, embedder };

int run(Program whose, int argc, char** argv, std::optional<AppSource> linked, ServerCallbacks callbacks) {
    secure_standard_descriptors();
    if (is_control_command(argc, argv)) return run_control_command(argc, argv);
    if (whose == Program::girin) set_straight_what_was_inherited();
    ProgramStart program = ProgramStart::of_process(argc, argv);
    auto predecessor = Predecessor::take();
    if (!predecessor) return print_failure(ExitCode::failure, predecessor.error().message());
    SettingsInput input = SettingsInput::of_process(argc, argv);
    input.application_built_in = linked.has_value();
    ProcessTitle title(argc, argv);
    const auto parsed = load_settings(input);
    if (!parsed) {
        if (*predecessor) say((*predecessor)->channel(), std::string(kUnwell) + parsed.error().message());
        return print_failure(ExitCode::usage, parsed.error().message());
    }
    if (const auto text = answer_text(*parsed)) return print_answer(*text);
    if (parsed->answer == SettingsAnswer::check_config) return check_config(parsed->settings, linked);
    // The same file is needed again for a reload, even if it was only found and not named.
    input.file_required = !parsed->settings.config.empty();
    MasterInput master(parsed->settings, std::move(input), std::move(linked));
    if (parsed->answer == SettingsAnswer::check_start) {
        const SupervisorEnd found = look_beyond_settings(parsed->settings, master.linked);
        return found.code == ExitCode::ok ? check_start(std::move(master), title) : print_failure(found.code, found.sentence);
    }
    master.program_is_ours = whose == Program::girin;
    master.bind_given = names_address(*parsed);
    master.callbacks = std::move(callbacks);
    master.program = std::move(program);
    master.predecessor = std::move(*predecessor);
    master.service = ServiceEnvironment::take();
    return run_master(std::move(master), title);
}

}  // namespace

int run_girin(int argc, char** argv) { return run(Program::girin, argc, argv, std::nullopt, ServerCallbacks()); }

int run_server(int argc, char** argv) { return run(Program::embedder, argc, argv, std::nullopt, ServerCallbacks()); }

int run_server(int argc, char** argv, ApplicationFactory make, const std::string& name,
               ServerCallbacks callbacks) {
    return run(Program::embedder, argc, argv, AppSource::linked(std::move(make), name), std::move(callbacks));
}

}  // namespace girin
