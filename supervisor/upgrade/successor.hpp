#pragma once

// The master that is to follow us, as a process: the binary at our own path, started with our arguments and
// environment, our sockets and a line to us. Not here: when, and what is to be made of it (upgrade.hpp).

#include <functional>
#include <string>

#include "supervisor/process/os.hpp"
#include "supervisor/process/signals.hpp"
#include "supervisor/upgrade/handover.hpp"
#include "supervisor/upgrade/program.hpp"

namespace girin {

class Successor {
  public:
    Successor() = default;

    /// Forks and executes. `handover` names everything but the channel, by descriptors of ours. A binary that can't be
    /// executed is no error here: it ends at once, and says why over the line. Errors: no more processes or
    /// descriptors.
    static Result<Successor> start(Os& os, const ProgramStart& program, Handover handover,
                                   const SignalsBlocked* signals);

    pid_t pid() const { return child_.pid; }
    int pidfd() const { return child_.pidfd.get(); }
    int channel() const { return channel_.get(); }
    void hang_up() { channel_.reset(); }

  private:
    ForkedChild child_;
    UniqueFd channel_;
};

}  // namespace girin
