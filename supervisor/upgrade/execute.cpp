#include "supervisor/upgrade/execute.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>

#include "supervisor/process/descriptors.hpp"
#include "supervisor/process/privileges.hpp"

namespace girin {
namespace {

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

Error execute_with(const std::string& path, const ProgramStart& program, int memory_fd) {
    if (auto changed = change_directory(program.directory); !changed) return changed.error();
    std::vector<std::string> arguments = program.arguments;
    std::vector<std::string> environment;
    for (const std::string& entry : program.environment) {
        if (is_passed_on(entry)) environment.push_back(entry);
    }
    environment.push_back(std::string(kHandoverVariable) + "=" + std::to_string(memory_fd));
    std::fflush(nullptr);
    ::execve(path.c_str(), pointers_to(arguments).data(), pointers_to(environment).data());
    return Error::from_errno(errno, "execute", path);
}

}  // namespace

std::vector<int> descriptors_of(const Handover& handover) {
    std::vector<int> fds;
    for (const int fd : {handover.channel_fd, handover.pidfile_fd, handover.binary_fd, handover.requests_fd}) {
        if (fd >= 0) fds.push_back(fd);
    }
    for (const auto* sockets : {&handover.sockets, &handover.control}) {
        for (const HandoverSocket& socket : *sockets) fds.push_back(socket.fd);
    }
    for (const Elder& elder : handover.elders) {
        if (elder.channel_fd >= 0) fds.push_back(elder.channel_fd);
    }
    return fds;
}

Error execute_program(const std::string& path, const ProgramStart& program, const Handover& handover) {
    const auto text = to_text(handover);
    if (!text) return text.error();
    const auto memory = write_to_memory(*text);
    if (!memory) return memory.error();
    std::vector<int> fds = descriptors_of(handover);
    fds.push_back(memory->get());
    close_on_exec_from(STDERR_FILENO + 1);  // those that are handed over are left open, and nothing else
    Error failure("execute " + path);
    bool left = true;
    for (const int fd : fds) {
        auto cleared = clear_close_on_exec(fd);
        if (!cleared) failure = cleared.error();
        left = left && cleared;
    }
    if (left) failure = execute_with(path, program, memory->get());
    for (const int fd : fds) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    return failure;
}

}  // namespace girin
