#pragma once

// The command line of one control command, read.

#include <string>

#include "loop/base/error.hpp"
#include "supervisor/cli/control_client.hpp"

namespace girin {

enum class CommandKind { status, top, request };

/// One of girin's commands; the table is in command_line.cpp.
struct CommandRow {
    std::string_view name;
    std::string_view argument;  // its name in the usage line; empty: it has none
    std::string_view summary;
    CommandKind kind = CommandKind::request;
    bool may_be_quick = false;
};

struct CommandLine {
    const CommandRow* command = nullptr;
    std::string argument;
    ServerChoice server;
    bool json = false;
    bool quick = false;
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
