#include "tests/support/nginx_process.hpp"

#include <unistd.h>

#include <filesystem>
#include <regex>
#include <sstream>
#include <stdexcept>

#include "tests/support/config_lines.hpp"
#include "tests/support/http_client.hpp"

namespace girin::test {
namespace {

constexpr int kInheritedFd = 3;

// Everything outside of the site: a foreground nginx in the test's directory that logs to standard error.
std::string main_config(const NginxOptions& options) {
    std::ostringstream text;
    text << (::geteuid() == 0 ? "user root;\n" : "")  // its workers must reach the test's directory
         << "daemon off;\nworker_processes " << options.workers << ";\npid " << options.name << ".pid;\n"
         << "error_log stderr warn;\nevents { worker_connections 4096; }\nhttp {\n    access_log off;\n";
    for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
        text << "    " << kind << "_temp_path " << options.name << "-" << kind << ";\n";
    }
    text << options.extra_http << "    include " << options.name << "-site.conf;\n}\n";
    return text.str();
}

std::string site_of(const NginxOptions& options) {
    if (!options.site_text.empty()) return options.site_text;
    if (!options.site_file.empty()) return read_file(options.site_file);
    return read_file(std::filesystem::path(GIRIN_SOURCE_DIR) / "deploy/nginx/girin-nginx.conf");
}

// The listener is bound before nginx runs, so that a connect proves nothing. An answer does, even a 400.
void wait_until_it_serves(ChildProcess& nginx, const Endpoint& endpoint, milliseconds limit) {
    HttpClient client(endpoint, milliseconds{100});
    client.send("\r\nnot HTTP\r\n\r\n");
    bool answered = false;
    const auto settled = [&] {
        if (!nginx.running()) return true;
        try {
            answered = !client.read_some().empty();
        } catch (const HttpClientError& error) {
            return error.kind() != HttpClientError::Kind::timed_out;
        }
        return true;
    };
    wait_until(limit, settled, nginx.pidfd());
    if (!answered) throw std::runtime_error("nginx doesn't serve:\n" + nginx.standard_error());
}

}  // namespace

std::string adapt_nginx_site(const std::string& site, const Endpoint& listener,
                             const std::vector<Endpoint>& upstreams) {
    static const std::regex listen_line(R"(\s*listen\s[^;]*;.*)");
    static const std::regex server_line(R"(\s*server\s+[^\s;{]+([^;{]*);.*)");
    const std::string listen = "    listen " + listener.to_text() + ";\n";
    const std::string listening = replace_lines(site, listen_line, [&](const std::smatch&) { return listen; });
    return replace_lines(listening, server_line, [&](const std::smatch& match) {
        std::string lines;
        for (const auto& upstream : upstreams) {
            lines += "    server " + upstream.to_text() + match[1].str() + ";\n";
        }
        return lines;
    });
}

struct NginxProcess::Prepared {
    Endpoint endpoint = Endpoint::tcp("127.0.0.1", 0);
    UniqueFd listener;
    Command command;

    Prepared(const TempDir& dir, const NginxOptions& options) {
        const auto program = find_program("nginx");
        if (!program) throw std::runtime_error("nginx isn't installed");
        listener = listen_on(endpoint, 1024).value();
        set_nonblocking(listener.get()).value();
        dir.write(options.name + "-site.conf", adapt_nginx_site(site_of(options), endpoint, options.upstreams));
        const std::string config = dir.write(options.name + ".conf", main_config(options));
        command = Command(*program, {"-p", dir.path().string() + "/", "-c", config, "-e", "stderr"});
        command.environment["NGINX"] = std::to_string(kInheritedFd) + ";";
        command.inherit.emplace_back(listener.get(), kInheritedFd);
        command.log_directory = dir.path();
        command.log_name = options.name;
        // Its workers don't notice when it is killed, but they go with it when it is asked to end.
        command.parent_death_signal = SIGTERM;
    }
};

bool NginxProcess::installed() { return find_program("nginx").has_value(); }

NginxProcess::NginxProcess(const TempDir& dir, const NginxOptions& options)
    : NginxProcess(Prepared(dir, options), options.limit) {}

NginxProcess::NginxProcess(const Prepared& prepared, milliseconds limit)
    : endpoint_(prepared.endpoint), child_(prepared.command) {
    wait_until_it_serves(child_, endpoint_, limit);
}

NginxProcess::~NginxProcess() {
    const auto workers = pidfds_of_descendants(child_.pid());
    child_.signal(SIGTERM);
    child_.wait_exit(milliseconds{5'000});
    child_.kill_now();
    end_processes(workers, milliseconds{1'000});
}

}  // namespace girin::test
