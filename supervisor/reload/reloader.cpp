#include "supervisor/reload/reloader.hpp"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "girin/base/check.hpp"
#include "girin/log.hpp"
#include "supervisor/settings/settings_change.hpp"
#include "supervisor/settings/worker_options.hpp"
#include "supervisor/sockets/socket_address.hpp"
#include "supervisor/survey/worker_survey.hpp"

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
InquiryOutcome check_blocking(const SupervisorSetup& setup, const GenerationFiles& files, SettingsCopy& copy) {
    const auto file = setup.read_settings();
    if (!file) return InquiryOutcome::fail(file.error().message());
    if (auto put = copy.put(*file); !put) return InquiryOutcome::fail(put.error().message());
    const auto settings = setup.parse_settings(*file);
    if (!settings) return InquiryOutcome::fail(settings.error().message());
    const InDirectory there(files.directory.get());
    if (setup.check_settings) {
        const auto checked = setup.check_settings(*settings, files.code.get());
        if (!checked) return InquiryOutcome::fail(checked.error().message());
    }
    const auto addresses = resolve_all_blocking(settings->bind);
    if (!addresses) return InquiryOutcome::fail(addresses.error().message());
    return InquiryOutcome::pass(to_lines(*addresses));
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

/// An answer that is no settings is a refusal.
void Reloader::answer(std::uint32_t generation, const Result<Settings>& settings, Inbox& inbox) const {
    if (!settings) return inbox.put(FleetEvent::reload_refused(generation, settings.error().message()));
    const std::size_t workers = workers_after_reload(common_.fleet, settings->workers, settings->workers_most);
    inbox.put(FleetEvent::reload_prepared(generation, common_.fleet_options(*settings), workers));
}

bool Reloader::on_ready(ReadySource source, Inbox& inbox) {
    if (!check_) return false;
    const auto outcome = check_->poll_outcome(common_.os);
    if (!outcome) return false;
    common_.wait.remove(check_->pidfd());
    check_.reset();
    const std::uint32_t generation = source.id;
    answer(generation, outcome->passed ? prepare(generation, outcome->text) : Error(outcome->text), inbox);
    return false;
}

void Reloader::carry_out(const Action& action, Inbox& inbox) {
    switch (action.kind) {
        case ActionKind::prepare_reload: break;
        case ActionKind::commit_reload: return commit(action);
        case ActionKind::roll_back_reload: return roll_back(action);
        case ActionKind::drop_generation: return common_.generations.drop(action.generation);
        default: return;
    }
    abandon_check();
    if (action.restores != 0) return answer(action.generation, prepare_way_back(action), inbox);
    const auto started = start_check(action.generation);
    if (!started) inbox.put(FleetEvent::reload_refused(action.generation, started.error().message()));
}

std::vector<pid_t> Reloader::children() const {
    return check_ ? std::vector<pid_t>{check_->pid()} : std::vector<pid_t>();
}

void Reloader::let_go() {
    check_.reset();
    candidate_ = GenerationFiles();
    candidate_settings_.reset();
}

Result<void> Reloader::start_check(std::uint32_t generation) {
    if (auto begun = begin_candidate(); !begun) return begun;
    const auto leave = [this] {
        GenerationFiles kept = std::move(candidate_);
        SettingsCopy copy = std::move(candidate_settings_);
        common_.leave_master(Kept());
        candidate_ = std::move(kept);
        candidate_settings_ = std::move(copy);
    };
    auto check = Inquiry::start(common_.os, "checking the settings", leave,
                                [this] { return check_blocking(common_.setup, candidate_, candidate_settings_); });
    if (!check) return check.error();
    if (auto watched = common_.wait.add(check->pidfd(), ReadySource(SourceKind::check_end, generation)); !watched) {
        check->give_up(common_.os, "");
        return watched.error();
    }
    check_ = std::move(*check);
    return {};
}

/// What names lead to is settled here, once: the check and the workers see the same.
Result<void> Reloader::begin_candidate() {
    const SupervisorSetup& setup = common_.setup;
    candidate_ = GenerationFiles();
    auto code = setup.make_code_copy ? setup.make_code_copy(common_.settings()) : UniqueFd();
    if (!code) return code.error();
    auto directory = open_directory(setup.directory);
    if (!directory) return directory.error();
    auto copy = SettingsCopy::make();
    if (!copy) return copy.error();
    candidate_.code = std::move(*code);
    candidate_.directory = std::move(*directory);
    candidate_settings_ = std::move(*copy);
    return {};
}

Result<Settings> Reloader::prepare(std::uint32_t generation, const std::string& address_lines) {
    const auto file = std::exchange(candidate_settings_, SettingsCopy()).take();
    if (!file) return file.error();
    const auto wanted = common_.setup.parse_settings(*file);
    if (!wanted) return wanted.error();
    const Settings& running = common_.settings();
    log_changes(changes_between(running, *wanted));
    const Settings settings = keep_unreloadable(running, *wanted);
    const auto addresses = from_lines(address_lines);
    if (!addresses) return addresses.error();
    if (application_file(settings).empty()) candidate_.code.reset();
    auto logs = open_logs_in(candidate_.directory.get(), settings, common_.setup.child.identity);
    if (!logs) return logs.error();
    candidate_.logs = std::move(*logs);
    auto opened = common_.generations.prepare(generation, settings, *addresses, std::move(candidate_));
    if (!opened) return opened.error();
    return settings;
}

/// Nothing has to be checked: it has served before.
Result<Settings> Reloader::prepare_way_back(const Action& action) {
    const Generation* const former = common_.generations.find(action.restores);
    GIRIN_CHECK(former, "a generation is kept as long as there is a way back to it");
    const std::string file = application_file(former->settings);
    if (!file.empty() && !former->files.code) return Error(file + ": was loaded in place, and may have changed");
    log_changes(changes_between(common_.settings(), former->settings));
    auto opened = common_.generations.prepare_like(action.generation, action.restores);
    if (!opened) return opened.error();
    return former->settings;
}

/// The first of all parts to carry it out: from here on the settings that hold are the new ones.
void Reloader::commit(const Action& action) {
    const std::vector<BindAddress> former = common_.generations.committed().addresses;
    common_.generations.commit(action.generation);
    const Generation& now = common_.generations.committed();
    use_files_of(now);
    if (now.addresses != former) log_listening(now.listeners);
    set_own_environment(now.settings);
    common_.standing.trouble = action.restores == 0 ? "" : "the last reload was rolled back: " + action.text;
}

void Reloader::roll_back(const Action& action) {
    abandon_check();
    candidate_ = GenerationFiles();
    candidate_settings_.reset();
    common_.generations.drop(action.generation);
    common_.standing.trouble = "the last reload failed: " + action.text;
}

/// For hooks, and as what the next workers start from.
void Reloader::set_own_environment(const Settings& now) {
    Environment* const environment = common_.setup.child.environment;
    if (!environment) return;
    if (auto set = environment->set(now.env); !set) log_error(set.error().message());
}

/// A check that nobody waits for any more is ended; it is reaped like an adopted child.
void Reloader::abandon_check() {
    if (!check_) return;
    check_->give_up(common_.os, "");
    common_.wait.remove(check_->pidfd());
    check_.reset();
}

std::string Reloader::application_file(const Settings& settings) const { return common_.setup.file_of(settings); }

}  // namespace girin
