#pragma once

// The command line of one control command, read.

#include <string>

#include "girin/base/error.hpp"
#include "supervisor/cli/control_client.hpp"
#include "supervisor/settings/command_table.hpp"

namespace girin {

struct CommandLine {
    const CommandRow* command = nullptr;
    std::string argument;
    ServerChoice server;
    bool json = false;
    bool quick = false;
    bool settled = false;
    bool once = false;
    bool help = false;

    CommandLine() = default;
};

/// Null: no such command.
const CommandRow* find_command(std::string_view name);
/// `argv[1]` names a command. Errors: a sentence that names the argument that is wrong.
Result<CommandLine> parse_command_line(int argc, char** argv);
std::string command_usage(const CommandRow& command);

}  // namespace girin
