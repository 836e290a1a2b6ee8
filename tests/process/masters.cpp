#include "tests/process/masters.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <stdexcept>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

namespace fs = std::filesystem;

}  // namespace

Masters::Masters(const TempDir& dir, GirinCommand command) : dir_(dir) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    install_good();
    const std::string binary = dir_ / "girin";
    // Under a service manager the command is a shell's, which is told what to run.
    auto own = std::find(command.args.begin(), command.args.end(), girin_binary());
    const bool by_manager = own != command.args.end();
    if (by_manager) *own = binary;
    if (command.program.empty()) command.program = binary;
    command.args.insert(by_manager ? own + 1 : command.args.begin(), {"--pid", dir_ / "girin.pid"});
    girin_.emplace(dir_, command);
}

Masters::~Masters() {
    end_all();
    girin_.reset();
    end_all();
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/// By pid, and only what descends from this process; the first master is its own object's to reap.
void Masters::end_all() {
    const pid_t first = girin_ ? girin_->pid() : 0;
    const auto strangers = [&] {
        std::vector<pid_t> pids = descendants_of(::getpid());
        std::erase(pids, first);
        return pids;
    };
    wait_until(milliseconds{10'000}, [&] {
        for (const pid_t pid : strangers()) ::kill(pid, SIGKILL);
        for (const pid_t pid : zombies_of(::getpid())) {
            if (pid != first) ::waitpid(pid, nullptr, WNOHANG);
        }
        return strangers().empty();
    });
}

pid_t Masters::pid() const {
    const std::string path = dir_ / "girin.pid";
    return fs::exists(path) ? static_cast<pid_t>(std::atol(read_file(path).c_str())) : 0;
}

void Masters::signal(int number) const {
    if (const pid_t master = pid(); master > 1) ::kill(master, number);
}

void Masters::install(const std::string& content) const {
    const std::string path = dir_.write("girin.new", content);
    fs::permissions(path, fs::perms::owner_all);
    fs::rename(path, dir_ / "girin");
}

void Masters::uninstall() const { fs::remove(dir_ / "girin"); }

void Masters::install_good() const {
    const std::string path = dir_ / "girin.new";
    fs::copy_file(girin_binary(), path);
    fs::rename(path, dir_ / "girin");
}

testing::AssertionResult Masters::logs(const std::string& part, std::size_t from, milliseconds limit) const {
    auto found = eventually(limit, "'" + part + "'", [&] { return log().find(part, from) != std::string::npos; });
    return found ? found : found << "\n" << log();
}

testing::AssertionResult Masters::upgrade() const {
    const pid_t before = pid();
    signal(SIGUSR2);
    auto other = eventually(milliseconds{20'000}, "another master", [&] { return pid() != before && pid() > 0; });
    if (!other) return other << "\n" << log();
    return is_gone(before);
}

testing::AssertionResult Masters::begins_to_soak() const {
    signal(SIGUSR2);
    return logs("watched for");
}

testing::AssertionResult Masters::is_gone(pid_t pid) const {
    auto gone = eventually(milliseconds{15'000}, "the end of " + std::to_string(pid), [&] { return !is_running(pid); });
    return gone ? gone : gone << "\n" << log();
}

pid_t Masters::answering_on(const Endpoint& monitor) {
    try {
        const HttpResponse response = get(monitor, "/v1/status", {{"Host", "localhost"}});
        return response.status == 200 ? boost::json::parse(response.body).at("pid").to_number<pid_t>() : 0;
    } catch (const std::exception&) {
        return 0;
    }
}

Endpoint Masters::admin() const {
    const std::string text = log();
    std::smatch port;
    if (!std::regex_search(text, port, std::regex(R"(Admin address: http://127\.0\.0\.1:(\d+))"))) {
        throw std::runtime_error("no admin address in the log\n" + text);
    }
    return Endpoint::tcp("127.0.0.1", static_cast<std::uint16_t>(std::stoi(port[1])));
}

pid_t Masters::successor() const {
    const std::string text = log();
    const std::regex line(R"(Upgrade: \S+ starts as pid (\d+))");
    pid_t last = 0;
    for (std::sregex_iterator match(text.begin(), text.end(), line), end; match != end; ++match) {
        last = static_cast<pid_t>(std::stol((*match)[1]));
    }
    return last;
}

}  // namespace girin::test
