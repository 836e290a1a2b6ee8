#include "tests/support/haproxy_process.hpp"

#include <filesystem>
#include <regex>
#include <stdexcept>

#include "tests/support/config_lines.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

constexpr int kInheritedFd = 3;

std::string haproxy_address(const Endpoint& endpoint) {
    return endpoint.is_unix() ? "unix@" + endpoint.path : endpoint.to_text();
}

std::string config_of(const HaproxyOptions& options) {
    if (!options.config_text.empty()) return options.config_text;
    if (!options.config_file.empty()) return read_file(options.config_file);
    return read_file(std::filesystem::path(GIRIN_SOURCE_DIR) / "deploy/haproxy/haproxy.cfg");
}

// It opens its epoll descriptor after the configuration was taken, just before it serves.
bool polls(pid_t pid) {
    for (const auto& target : fd_targets(pid)) {
        if (target.find("[eventpoll]") != std::string::npos) return true;
    }
    return false;
}

}  // namespace

std::string adapt_haproxy_config(const std::string& config, int listener_fd, const std::vector<Endpoint>& upstreams) {
    static const std::regex bind_line(R"(\s*bind\s.*)");
    static const std::regex server_line(R"(\s*server\s+\S+\s+\S+(.*))");
    const std::string bind = "    bind fd@" + std::to_string(listener_fd) + "\n";
    const std::string bound = replace_lines(config, bind_line, [&](const std::smatch&) { return bind; });
    return replace_lines(bound, server_line, [&](const std::smatch& match) {
        std::string lines;
        for (const auto& upstream : upstreams) {
            const std::string number = std::to_string(&upstream - upstreams.data());
            lines += "    server girin" + number + " " + haproxy_address(upstream) + match[1].str() + "\n";
        }
        return lines;
    });
}

struct HaproxyProcess::Prepared {
    Endpoint endpoint = Endpoint::tcp("127.0.0.1", 0);
    UniqueFd listener;
    Command command;

    Prepared(const TempDir& dir, const HaproxyOptions& options) {
        const auto program = find_program("haproxy");
        if (!program) throw std::runtime_error("haproxy isn't installed");
        listener = listen_on(endpoint, 1024).value();
        const std::string config =
            adapt_haproxy_config(config_of(options), kInheritedFd, options.upstreams) + options.extra_backend;
        command = Command(*program, {"-db", "-f", dir.write("haproxy.cfg", config)});
        command.inherit.emplace_back(listener.get(), kInheritedFd);
        command.log_directory = dir.path();
    }
};

bool HaproxyProcess::installed() { return find_program("haproxy").has_value(); }

HaproxyProcess::HaproxyProcess(const TempDir& dir, const HaproxyOptions& options)
    : HaproxyProcess(Prepared(dir, options), options.limit) {}

HaproxyProcess::HaproxyProcess(const Prepared& prepared, milliseconds limit)
    : endpoint_(prepared.endpoint), child_(prepared.command) {
    const auto settled = [&] { return !child_.running() || polls(child_.pid()); };
    const bool in_time = wait_until(limit, settled, child_.pidfd());
    if (!in_time || !child_.running()) throw std::runtime_error("haproxy doesn't serve:\n" + log());
}

}  // namespace girin::test
