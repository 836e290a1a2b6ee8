// The shell's side of a reload: the settings are checked in a child, read again here, and given sockets; all of it is
// undone when the reload fails.

#include "loop/base/log.hpp"
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
CheckOutcome check_blocking(const SupervisorSetup& setup) {
    const auto settings = setup.read_settings();
    if (!settings) return CheckOutcome::fail(settings.error().message());
    if (setup.check_settings) {
        if (auto checked = setup.check_settings(*settings); !checked) return CheckOutcome::fail(checked.error().message());
    }
    const auto addresses = resolve_all_blocking(settings->bind);
    if (!addresses) return CheckOutcome::fail(addresses.error().message());
    return CheckOutcome::pass(to_lines(*addresses));
}

}  // namespace

void Supervisor::start_reload(std::uint32_t generation) {
    abandon_check();
    report_.on_reload(generation, ReloadOutcome::running);
    desk_.on_reload_begins(generation);
    auto check = ReloadCheck::start(os_, [this] { forget_master(0, 0); }, [this] { return check_blocking(setup_); });
    if (!check) return decide(Event::reload_refused(generation, check.error().message()));
    if (auto watched = wait_.add(check->pidfd(), ReadySource(SourceKind::check_end, generation)); !watched) {
        check->give_up(os_, "");
        return decide(Event::reload_refused(generation, watched.error().message()));
    }
    check_ = std::move(*check);
}

void Supervisor::on_check_end(std::uint32_t generation) {
    if (!check_) return;
    const auto outcome = check_->poll_outcome(os_);
    if (!outcome) return;
    wait_.remove(check_->pidfd());
    check_.reset();
    if (!outcome->passed) return decide(Event::reload_refused(generation, outcome->text));
    const auto settings = prepare_generation(generation, outcome->text);
    if (!settings) return decide(Event::reload_refused(generation, settings.error().message()));
    decide(Event::reload_prepared(generation, to_fleet_options(*settings), workers_after_reload(*settings)));
}

Result<Settings> Supervisor::prepare_generation(std::uint32_t generation, const std::string& address_lines) {
    const auto wanted = setup_.read_settings();
    if (!wanted) return wanted.error();
    const Settings& running = generations_.committed().settings;
    log_changes(changes_between(running, *wanted));
    const Settings settings = keep_unreloadable(running, *wanted);
    const auto addresses = from_lines(address_lines);
    if (!addresses) return addresses.error();
    if (auto opened = generations_.prepare(generation, settings, *addresses); !opened) return opened.error();
    return settings;
}

void Supervisor::commit_reload(std::uint32_t generation) {
    const std::vector<BindAddress> former = generations_.committed().addresses();
    generations_.commit(generation);
    const Generation& now = generations_.committed();
    if (now.addresses() != former) log_listening(now.listeners);
    watch_health(now.settings);
    begin_surveys();
    if (auto opened = use_log(to_log_options(now.settings)); !opened) {
        log_error("The log goes on as it was: " + opened.error().message());
    }
    log_level_.reset();
    trouble_.clear();
    report_.set_listeners(listener_lines(now.listeners));
    report_.on_reload(generation, ReloadOutcome::committed);
    desk_.on_reload_committed(generation);
    have_listeners_kept();
}

void Supervisor::roll_back_reload(const Action& action) {
    report_.on_reload(action.generation, ReloadOutcome::rolled_back, action.text);
    desk_.on_reload_rolled_back(action.generation, action.text);
    abandon_check();
    generations_.drop(action.generation);
    trouble_ = "the last reload failed: " + action.text;
}

/// A check that nobody waits for any more is ended; it is reaped like an adopted child.
void Supervisor::abandon_check() {
    if (!check_) return;
    check_->give_up(os_, "");
    wait_.remove(check_->pidfd());
    check_.reset();
}

}  // namespace girin
