#include "tests/process/process_tools.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <stdexcept>

#include "tests/load/report.hpp"
#include "tests/support/http_client.hpp"

namespace girin::test {

std::string app(const std::string& name) {
    return (std::filesystem::path(girin_binary()).parent_path() / "apps" / (name + ".so")).string();
}

bool is_long() {
    const char* wanted = std::getenv("GIRIN_LONG");
    return wanted != nullptr && std::string_view(wanted) == "1";
}

Endpoint admin_of(GirinProcess& girin) {
    const auto line = girin.wait_for_log("Admin address: http://");
    if (!line) throw std::runtime_error("no admin address:\n" + girin.log());
    return Endpoint::parse(line->substr(line->find("http://")));
}

load::LoadOptions load_on(const Endpoint& server, const std::string& target, double rate) {
    load::LoadOptions options(server, {load::LoadRequest::get(target)});
    options.rate = rate;
    options.connections = 16;
    options.seed = std::random_device()();  // of the mixture only: no outcome may depend on it
    options.timeout = std::chrono::milliseconds(15'000);
    return options;
}

testing::AssertionResult nothing_lost(const load::LoadTotals& totals) {
    if (totals.ok() > 0 && totals.losses() == 0) return testing::AssertionSuccess();
    return testing::AssertionFailure() << load::to_table(totals);
}

GirinCommand as_nobody(const TempDir& dir, GirinCommand command) {
    if (::geteuid() != 0) return command;
    namespace fs = std::filesystem;
    const std::string girin = dir / "girin";
    fs::copy_file(girin_binary(), girin, fs::copy_options::overwrite_existing);
    fs::permissions(girin, fs::perms(0755));
    fs::permissions(dir.path(), fs::perms(0777));
    command.program = "setpriv";
    command.args.insert(command.args.begin(), {"--reuid=65534", "--regid=65534", "--clear-groups", girin});
    return command;
}

std::size_t count_of(const std::string& text, std::string_view part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
    return count;
}

void provoke(const Endpoint& server, const std::string& target) {
    try {
        HttpClient client(server);
        client.send(format_request("GET", target));
        client.read_some();
    } catch (const HttpClientError&) {  // as was to be expected
    }
}

bool answers(const Endpoint& server) {
    try {
        return get(server, "/").status == 200;
    } catch (const std::exception&) {
        return false;
    }
}

Finished run_girin(const TempDir& dir, std::vector<std::string> args, std::map<std::string, std::string> environment) {
    Command command = girin_command(std::move(args));
    command.directory = dir.path().string();
    command.environment = std::move(environment);
    command.unset = {"NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "WEB_CONCURRENCY", "PORT"};
    return run(command);
}

}  // namespace girin::test
