#include "tests/support/girin_process.hpp"

#include <algorithm>
#include <regex>

#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

// "Listening at: http://127.0.0.1:41234 (1234)", with several addresses in one line or in several.
const char* const kListening = R"(Listening at: (.*) \(\d+\))";
// What the master says of each worker whose application has started and whose listeners are armed.
const char* const kReady = R"(Worker \d+ \(pid \d+\) is ready)";

// A monitor only where a test asks for one.
const std::map<std::string, std::string> kNoMonitor = {{"GIRIN_CONTROL_SOCKET", "none"}};

Command command_for(const TempDir& dir, const GirinCommand& girin) {
    Command command(girin.program.empty() ? girin_binary() : girin.program, girin.args);
    command.environment = kNoMonitor;
    for (const auto& [name, value] : girin.environment) command.environment[name] = value;
    command.unset = {"NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "WEB_CONCURRENCY"};
    command.directory = dir.path();
    command.log_directory = dir.path();
    command.log_name = "girin";
    command.inherit = girin.inherit;
    // A test stops workers, and a group that is orphaned while one of its members is stopped gets HUP: this process, too.
    command.own_group = true;
    return command;
}

std::vector<Endpoint> listening_in(const std::string& log) {
    std::vector<Endpoint> endpoints;
    const std::regex line(kListening);
    const std::regex separator(R"([,\s]+)");
    for (std::sregex_iterator match(log.begin(), log.end(), line), end; match != end; ++match) {
        const std::string addresses = (*match)[1];
        std::sregex_token_iterator address(addresses.begin(), addresses.end(), separator, -1), none;
        for (; address != none; ++address) endpoints.push_back(Endpoint::parse(address->str()));
    }
    return endpoints;
}

/// A monitor, or a process that workers are forked from.
bool is_helper(pid_t child) {
    const std::string title = title_of(child);
    return title.starts_with("girin: monitor") || title.starts_with("girin: zygote");
}

std::size_t ready_in(const std::string& log, std::size_t from) {
    if (from >= log.size()) return 0;
    const std::regex line(kReady);
    const auto start = log.begin() + static_cast<std::ptrdiff_t>(from);
    const std::sregex_iterator first(start, log.end(), line), none;
    return static_cast<std::size_t>(std::distance(first, none));
}

}  // namespace

std::string girin_binary() { return GIRIN_BINARY; }

Command girin_command(std::vector<std::string> args) {
    Command command(girin_binary(), std::move(args));
    command.environment = kNoMonitor;
    return command;
}

GirinProcess::GirinProcess(const TempDir& dir, const GirinCommand& command) : child_(command_for(dir, command)) {
    wait_until_started(command);
}

void GirinProcess::wait_until_started(const GirinCommand& command) {
    const auto started = [&] {
        return !listening_in(log()).empty() && ready_in(log(), 0) >= command.ready_workers;
    };
    const auto started_or_ended = [&] { return !child_.running() || started(); };
    const bool settled = wait_until(command.limit, started_or_ended, child_.pidfd());
    if (!settled || !child_.running()) {
        throw std::runtime_error((settled ? "girin ended at start:\n" : "girin doesn't become ready:\n") + log());
    }
    endpoints_ = listening_in(log());
}

GirinProcess::~GirinProcess() {
    const auto workers_left = pidfds_of_descendants(pid());
    child_.kill_now();
    const auto outlived = end_processes(workers_left, milliseconds{5'000});
    if (outlived > 0) ADD_FAILURE() << outlived << " workers outlived their master by 5 s";
}

std::vector<pid_t> GirinProcess::workers() const {
    std::vector<pid_t> pids = children_of(pid());
    std::erase_if(pids, [](pid_t child) { return !is_running(child) || is_helper(child); });
    return pids;
}

testing::AssertionResult GirinProcess::workers_become(std::size_t count, const std::vector<pid_t>& not_these,
                                                      milliseconds limit) const {
    const auto so_many = [&] {
        const auto now = workers();
        const bool one_of_these = std::any_of(now.begin(), now.end(), [&](pid_t worker) {
            return std::find(not_these.begin(), not_these.end(), worker) != not_these.end();
        });
        return now.size() == count && !one_of_these && zombies_of(pid()).empty();
    };
    auto result = eventually(limit, std::to_string(count) + " workers", so_many);
    if (!result) result << ", there are " << workers().size();
    return result;
}

testing::AssertionResult GirinProcess::becomes_ready(std::size_t count, std::size_t from, milliseconds limit) const {
    return eventually(limit, std::to_string(count) + " workers to say that they are ready",
                      [&] { return ready_in(log(), from) >= count; });
}

std::optional<ExitStatus> GirinProcess::stop(milliseconds limit) {
    term();
    return child_.wait_exit(limit);
}

}  // namespace girin::test
