#include "supervisor/upgrade/successor.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>

#include "supervisor/process/privileges.hpp"
#include "supervisor/upgrade/handover_line.hpp"

namespace girin {
namespace {

constexpr int kNotExecuted = 1;
/// What was meant for our process alone, or says how we came to be.
constexpr std::string_view kNotPassedOn[] = {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID",
                                             kHandoverVariable};

bool is_passed_on(std::string_view entry) {
    for (const std::string_view name : kNotPassedOn) {
        if (entry.substr(0, entry.find('=')) == name) return false;
    }
    return true;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

Result<void> leave_open(const Handover& handover, int memory_fd) {
    std::vector<int> fds = {memory_fd, handover.channel_fd};
    if (handover.pidfile_fd >= 0) fds.push_back(handover.pidfile_fd);
    for (const auto* sockets : {&handover.sockets, &handover.control}) {
        for (const HandoverSocket& socket : *sockets) fds.push_back(socket.fd);
    }
    for (const int fd : fds) {
        if (auto cleared = clear_close_on_exec(fd); !cleared) return cleared.error();
    }
    return {};
}

/// In the child. Returns only when it can't be.
Error execute(const ProgramStart& program, const Handover& handover, int memory_fd) {
    if (auto left = leave_open(handover, memory_fd); !left) return left.error();
    if (auto changed = change_directory(program.directory); !changed) return changed.error();
    std::vector<std::string> arguments = program.arguments;
    std::vector<std::string> environment;
    for (const std::string& entry : program.environment) {
        if (is_passed_on(entry)) environment.push_back(entry);
    }
    environment.push_back(std::string(kHandoverVariable) + "=" + std::to_string(memory_fd));
    ::execve(program.path.c_str(), pointers_to(arguments).data(), pointers_to(environment).data());
    return Error::from_errno(errno, "execute", program.path);
}

}  // namespace

Result<Successor> Successor::start(Os& os, const ProgramStart& program, Handover handover,
                                   const SignalsBlocked* signals) {
    auto channel = make_channel_pair();
    if (!channel) return channel.error();
    handover.channel_fd = channel->second.get();
    const auto text = to_text(handover);
    if (!text) return text.error();
    const auto memory = write_to_memory(*text);
    if (!memory) return memory.error();
    std::fflush(nullptr);
    auto child = os.fork_child();
    if (!child) return child.error();
    if (child->pid == 0) {
        if (signals) signals->restore();
        say(handover.channel_fd, std::string(kUnwell) + execute(program, handover, memory->get()).message());
        ::_exit(kNotExecuted);
    }
    Successor started;
    started.child_ = std::move(*child);
    started.channel_ = std::move(channel->first);
    return started;
}

}  // namespace girin
