#pragma once

// The command of `--exec`: whether its program is there, and its words for one worker. Not here: how it is run (program.hpp).

#include <cstddef>
#include <string>
#include <vector>

#include "loop/base/error.hpp"

namespace girin {

/// Whether a shell would find a program to run for `name`: itself if it has a slash, else one in PATH. Errors: "command
/// 'nod' was not found in PATH", or it is there and can't be run. Blocks: as a disk does.
Result<void> find_program_blocking(const std::string& name);

/// `words` with {fd} and {slot} replaced by numbers, wherever they stand. `first_fd` is -1 where there is no listener.
std::vector<std::string> fill_in(const std::vector<std::string>& words, int first_fd, std::size_t slot);

}  // namespace girin
