#pragma once

// How this program was started, kept so that it can be started once more, from whatever lies at its path by then.

#include <string>
#include <vector>

namespace girin {

struct ProgramStart {
    std::string path;                      // of the binary: absolute, with the links it was started through
    std::vector<std::string> arguments;    // with the program's name
    std::vector<std::string> environment;  // NAME=VALUE, as we were given it
    std::string directory;                 // it was started in

    ProgramStart() {}
    /// To be called before anything changes directory, environment or arguments.
    static ProgramStart of_process(int argc, const char* const* argv);
};

/// What /proc says of a running binary, without the mark of one that has been replaced since: "/usr/bin/girin".
std::string without_deleted_mark(std::string link);

}  // namespace girin
