#include "tests/support/haproxy_process.hpp"

#include <sstream>
#include <stdexcept>

#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

constexpr int kInheritedFd = 3;

std::string haproxy_address(const Endpoint& endpoint) {
    return endpoint.is_unix() ? "unix@" + endpoint.path : endpoint.to_text();
}

std::string config_of(const HaproxyOptions& options) {
    std::ostringstream text;
    text << "global\n    maxconn 4096\ndefaults\n    mode " << (options.http ? "http" : "tcp")
         << "\n    timeout connect 5s\n    timeout client 60s\n    timeout server 60s\n    timeout http-keep-alive 10s\n"
         << "frontend front\n    bind fd@" << kInheritedFd << "\n    default_backend girin\nbackend girin\n"
         << options.extra_backend;
    int number = 0;
    for (const auto& upstream : options.upstreams) {
        text << "    server girin" << ++number << " " << haproxy_address(upstream) << " " << options.server_options << "\n";
    }
    return text.str();
}

// It opens its epoll descriptor after the configuration was taken, just before it serves.
bool polls(pid_t pid) {
    for (const auto& target : fd_targets(pid)) {
        if (target.find("[eventpoll]") != std::string::npos) return true;
    }
    return false;
}

}  // namespace

struct HaproxyProcess::Prepared {
    Endpoint endpoint = Endpoint::tcp("127.0.0.1", 0);
    UniqueFd listener;
    Command command;

    Prepared(const TempDir& dir, const HaproxyOptions& options) {
        const auto program = find_program("haproxy");
        if (!program) throw std::runtime_error("haproxy isn't installed");
        listener = listen_on(endpoint, 1024).value();
        command = Command(*program, {"-db", "-f", dir.write("haproxy.cfg", config_of(options))});
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
    const bool in_time = static_cast<bool>(eventually(limit, "haproxy", settled, child_.pidfd()));
    if (!in_time || !child_.running()) throw std::runtime_error("haproxy doesn't serve:\n" + log());
}

}  // namespace girin::test
