#pragma once

// The command of `--exec`: whether its program is there, and its words for one worker. Not here: how it
// is run (program.hpp).

#include <cstddef>
#include <string>
#include <vector>

#include "girin/base/error.hpp"

namespace girin {

/// Whether a shell would find a program to run for `name`: itself if it has a slash, else one in PATH. With `root`, whether
/// a shell would whose "/" that is. Errors: "command 'nod' was not found in PATH", or it is there and can't be run.
/// Blocks: as a disk does.
Result<void> find_program_blocking(const std::string& name, const std::string& root = {});

/// What stands for the placeholders in a command.
struct ExecPlace {
    int first_fd = -1;     // {fd}; -1: there is no listener
    std::size_t slot = 0;  // {slot}
    int port = 0;          // {port}; 0: it has none of its own

    ExecPlace() = default;
    ExecPlace(int fd, std::size_t own_slot, int own_port = 0) : first_fd(fd), slot(own_slot), port(own_port) {}
};

/// `words` with {fd}, {slot} and {port} replaced by numbers, wherever they stand and there is such a thing.
std::vector<std::string> fill_in(const std::vector<std::string>& words, const ExecPlace& place);

}  // namespace girin
