#include "supervisor/upgrade/successor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "supervisor/upgrade/execute.hpp"
#include "supervisor/upgrade/handover_line.hpp"

namespace girin {
namespace {

constexpr int kNotExecuted = 1;
/// Asked only whether it would start, it needn't tell people so.
void be_silent() {
    const UniqueFd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (nowhere) ::dup2(nowhere.get(), STDOUT_FILENO);
}

}  // namespace

Result<Successor> Successor::start(Os& os, ProgramStart program, Handover handover, const SignalsBlocked* signals,
                                   SuccessorPurpose purpose) {
    // First, for what follows may be the command of --exec.
    if (purpose == SuccessorPurpose::check) program.arguments.insert(program.arguments.begin() + 1, "--check-config");
    auto channel = make_channel_pair();
    if (!channel) return channel.error();
    handover.channel_fd = channel->second.get();
    std::fflush(nullptr);
    auto child = os.fork_child();
    if (!child) return child.error();
    if (child->pid == 0) {
        if (signals) signals->restore();
        if (purpose == SuccessorPurpose::check) be_silent();
        say(handover.channel_fd, std::string(kUnwell) + execute_program(program.path, program, handover).message());
        ::_exit(kNotExecuted);
    }
    Successor started;
    started.child_ = std::move(*child);
    started.channel_ = std::move(channel->first);
    return started;
}

}  // namespace girin
