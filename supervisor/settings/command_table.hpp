#pragma once

// girin's commands for a server that runs, one row each: the command line, its help and the manual page are made of
// them. Not here: what a command does (supervisor/cli).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace girin {

enum class CommandKind : std::uint8_t { status, top, request };

struct CommandRow {
    std::string_view name;
    std::string_view argument;  // its name in the usage line; empty: it has none
    std::string_view summary;
    CommandKind kind = CommandKind::request;
    std::string_view flag = {};  // of its own: "--quick"; empty: it has none
};

std::span<const CommandRow> command_rows();
/// "girin stop [--quick]", without the options that all have.
std::string command_synopsis(const CommandRow& row);

}  // namespace girin
