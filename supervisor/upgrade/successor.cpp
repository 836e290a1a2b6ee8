#include "supervisor/upgrade/successor.hpp"

#include <unistd.h>

#include <cstdio>

#include "supervisor/upgrade/execute.hpp"
#include "supervisor/upgrade/handover_line.hpp"

namespace girin {
namespace {

constexpr int kNotExecuted = 1;

}  // namespace

Result<Successor> Successor::start(Os& os, const ProgramStart& program, Handover handover,
                                   const SignalsBlocked* signals) {
    auto channel = make_channel_pair();
    if (!channel) return channel.error();
    handover.channel_fd = channel->second.get();
    std::fflush(nullptr);
    auto child = os.fork_child();
    if (!child) return child.error();
    if (child->pid == 0) {
        if (signals) signals->restore();
        say(handover.channel_fd, std::string(kUnwell) + execute_program(program.path, program, handover).message());
        ::_exit(kNotExecuted);
    }
    Successor started;
    started.child_ = std::move(*child);
    started.channel_ = std::move(channel->first);
    return started;
}

}  // namespace girin
