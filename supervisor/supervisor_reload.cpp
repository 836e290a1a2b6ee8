// The shell's side of a reload: the settings are checked in a child, read again here, and given sockets; all of it is
// undone when the reload fails.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "girin/base/check.hpp"
#include "girin/log.hpp"
#include "loop/base/log_output.hpp"
#include "supervisor/settings/settings_change.hpp"
#include "supervisor/settings/worker_options.hpp"
#include "supervisor/sockets/socket_address.hpp"
#include "supervisor/supervisor.hpp"

namespace girin {
namespace {

std::string to_lines(const std::vector<BindAddress>& addresses) {
    std::string lines;
    for (const BindAddress& address : addresses) lines.append(address.to_text()).append("\n");
    return lines;
}

Result<std::vector<BindAddress>> from_lines(const std::string& lines) {
    std::vector<BindAddress> addresses;
    for (std::size_t begin = 0, end; (end = lines.find('\n', begin)) != std::string::npos; begin = end + 1) {
        auto address = parse_bind_address(std::string_view(lines).substr(begin, end - begin));
        if (!address) return address.error();
        addresses.push_back(std::move(*address));
    }
    return addresses;
}

void log_changes(const std::vector<SettingChange>& changes) {
    for (const SettingChange& change : changes) {
        if (change.reloadable) log_info("Reload: " + change.to_text());
        if (!change.reloadable) log_warning("Reload: " + change.to_text() + ": takes a restart, and stays as it is");
    }
}

/// In the child: everything that may crash, block or look up names. Its answer is the addresses without names.
CheckOutcome check_blocking(const SupervisorSetup& setup, const GenerationFiles& files, SettingsCopy& copy) {
    const auto file = setup.read_settings();
    if (!file) return CheckOutcome::fail(file.error().message());
    if (auto put = copy.put(*file); !put) return CheckOutcome::fail(put.error().message());
    const auto settings = setup.parse_settings(*file);
    if (!settings) return CheckOutcome::fail(settings.error().message());
    const InDirectory there(files.directory.get());
    if (setup.check_settings) {
        const auto checked = setup.check_settings(*settings, files.code.get());
        if (!checked) return CheckOutcome::fail(checked.error().message());
    }
    const auto addresses = resolve_all_blocking(settings->bind);
    if (!addresses) return CheckOutcome::fail(addresses.error().message());
    return CheckOutcome::pass(to_lines(*addresses));
}

std::string gone_back(const Action& commit) {
    return commit.text + "; generation " + std::to_string(commit.generation) + " serves, as generation " +
           std::to_string(commit.restores) + " did";
}

std::string no_way_back(const Action& roll_back) {
    return "it failed after it had taken over, and there is no way back: " + roll_back.text;
}

bool is_in(int directory) {
    struct stat there {}, here {};
    return ::fstat(directory, &there) == 0 && ::stat(".", &here) == 0 && there.st_dev == here.st_dev &&
           there.st_ino == here.st_ino;
}

/// The master is where its workers are, and logs where they do.
void use_files_of(const Generation& generation) {
    const int directory = generation.files.directory.get();
    if (directory >= 0 && ::fchdir(directory) != 0) log_error(Error::from_errno(errno, "change to --chdir").message());
    const int log = generation.files.logs.error_fd();
    auto copy = log >= 0 ? duplicate(log) : Result<UniqueFd>(UniqueFd());
    if (!copy) log_error("The log goes on as it was: " + copy.error().message());
    use_log(to_log_options(generation.settings), copy ? std::move(*copy) : UniqueFd());
}

}  // namespace

void Supervisor::start_reload(std::uint32_t generation) {
    abandon_check();
    report_.on_reload(generation, ReloadOutcome::running);
    desk_.on_reload_begins(generation);
    if (auto begun = begin_candidate(); !begun) return decide(FleetEvent::reload_refused(generation, begun.error().message()));
    const auto leave = [this] {
        GenerationFiles kept = std::move(candidate_);
        SettingsCopy copy = std::move(candidate_settings_);
        forget_master(0, 0);
        candidate_ = std::move(kept);
        candidate_settings_ = std::move(copy);
    };
    auto check = ReloadCheck::start(os_, leave, [this] { return check_blocking(setup_, candidate_, candidate_settings_); });
    if (!check) return decide(FleetEvent::reload_refused(generation, check.error().message()));
    if (auto watched = wait_.add(check->pidfd(), ReadySource(SourceKind::check_end, generation)); !watched) {
        check->give_up(os_, "");
        return decide(FleetEvent::reload_refused(generation, watched.error().message()));
    }
    check_ = std::move(*check);
}

/// What names lead to is settled here, once: the check and the workers see the same.
Result<void> Supervisor::begin_candidate() {
    candidate_ = GenerationFiles();
    auto code = setup_.make_code_copy ? setup_.make_code_copy(generations_.committed().settings) : UniqueFd();
    if (!code) return code.error();
    auto directory = open_directory(setup_.directory);
    if (!directory) return directory.error();
    auto copy = SettingsCopy::make();
    if (!copy) return copy.error();
    candidate_.code = std::move(*code);
    candidate_.directory = std::move(*directory);
    candidate_settings_ = std::move(*copy);
    return {};
}

void Supervisor::on_check_end(std::uint32_t generation) {
    if (!check_) return;
    const auto outcome = check_->poll_outcome(os_);
    if (!outcome) return;
    wait_.remove(check_->pidfd());
    check_.reset();
    if (!outcome->passed) return decide(FleetEvent::reload_refused(generation, outcome->text));
    const auto settings = prepare_generation(generation, outcome->text);
    if (!settings) return decide(FleetEvent::reload_refused(generation, settings.error().message()));
    decide(FleetEvent::reload_prepared(generation, fleet_options(*settings), workers_after_reload(*settings)));
}

Result<Settings> Supervisor::prepare_generation(std::uint32_t generation, const std::string& address_lines) {
    const auto file = std::exchange(candidate_settings_, SettingsCopy()).take();
    if (!file) return file.error();
    const auto wanted = setup_.parse_settings(*file);
    if (!wanted) return wanted.error();
    const Settings& running = generations_.committed().settings;
    log_changes(changes_between(running, *wanted));
    const Settings settings = keep_unreloadable(running, *wanted);
    const auto addresses = from_lines(address_lines);
    if (!addresses) return addresses.error();
    if (application_file(settings).empty()) candidate_.code.reset();
    auto logs = open_logs_in(candidate_.directory.get(), settings, setup_.child.identity);
    if (!logs) return logs.error();
    candidate_.logs = std::move(*logs);
    auto opened = generations_.prepare(generation, settings, *addresses, std::move(candidate_));
    if (!opened) return opened.error();
    return settings;
}

std::string Supervisor::application_file(const Settings& settings) const {
    return setup_.application_file ? setup_.application_file(settings) : std::string();
}

/// Nothing has to be checked: it has served before.
void Supervisor::start_way_back(const Action& action) {
    abandon_check();
    report_.on_reload(action.generation, ReloadOutcome::running);
    const auto settings = prepare_way_back(action);
    if (!settings) return decide(FleetEvent::reload_refused(action.generation, settings.error().message()));
    decide(FleetEvent::reload_prepared(action.generation, fleet_options(*settings), workers_after_reload(*settings)));
}

Result<Settings> Supervisor::prepare_way_back(const Action& action) {
    const Generation* const former = generations_.find(action.restores);
    GIRIN_CHECK(former, "a generation is kept as long as there is a way back to it");
    const std::string file = application_file(former->settings);
    if (!file.empty() && !former->files.code) return Error(file + ": was loaded in place, and may have changed");
    log_changes(changes_between(generations_.committed().settings, former->settings));
    if (auto opened = generations_.prepare_like(action.generation, action.restores); !opened) return opened.error();
    return former->settings;
}

/// For hooks, and as what the next workers start from.
void Supervisor::set_own_environment(const Settings& now) {
    if (!setup_.child.environment) return;
    if (auto set = setup_.child.environment->set(now.env); !set) log_error(set.error().message());
}

void Supervisor::commit_reload(const Action& action) {
    const std::uint32_t generation = action.generation;
    const std::vector<BindAddress> former = generations_.committed().addresses;
    const std::uint32_t failed = generations_.committed_number();
    const UniqueFd former_directory(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    generations_.commit(generation);
    const Generation& now = generations_.committed();
    use_files_of(now);
    if (!is_in(former_directory.get())) unwatch_file();  // its name leads to another now
    if (now.addresses != former) log_listening(now.listeners);
    watch_health(now.settings);
    begin_surveys();
    set_own_environment(now.settings);
    log_level_.reset();
    trouble_ = action.restores == 0 ? "" : "the last reload was rolled back: " + action.text;
    report_.set_listeners(listener_lines(now.listeners));
    report_.set_serves_programs(!now.settings.exec.empty());
    report_.on_reload(generation, ReloadOutcome::committed);
    if (action.restores != 0) report_.on_reload(failed, ReloadOutcome::rolled_back, action.text);
    desk_.on_reload_committed(generation, action.patience);
    if (action.restores != 0) desk_.on_watch_ended(failed, gone_back(action));
    if (action.restores == 0) tell_hooks_of_reload(generation, "reloaded");
    if (action.restores != 0) tell_hooks_of_reload(failed, "rolled-back", action.text);
    have_listeners_kept();
}

void Supervisor::roll_back_reload(const Action& action) {
    report_.on_reload(action.generation, ReloadOutcome::rolled_back, action.text);
    desk_.on_reload_rolled_back(action.generation, action.text);
    if (action.restores != 0) desk_.on_watch_ended(generations_.committed_number(), no_way_back(action));
    abandon_check();
    candidate_ = GenerationFiles();
    candidate_settings_.reset();
    generations_.drop(action.generation);
    trouble_ = "the last reload failed: " + action.text;
    tell_hooks_of_reload(action.generation, "rolled-back", action.text);
}

/// A check that nobody waits for any more is ended; it is reaped like an adopted child.
void Supervisor::abandon_check() {
    if (!check_) return;
    check_->give_up(os_, "");
    wait_.remove(check_->pidfd());
    check_.reset();
}

}  // namespace girin
