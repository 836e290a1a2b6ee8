#include "supervisor/settings/command_table.hpp"

namespace girin {
namespace {

constexpr CommandRow kCommands[] = {
    {"status", "", "Print how the server and its workers are.", CommandKind::status},
    {"top", "", "Show the same, live; q ends.", CommandKind::top},
    {"reload", "", "Load settings and application anew; wait until the new generation serves."},
    {"scale", "N|+N|-N", "Have so many workers, more or fewer; wait until they serve."},
    {"stop", "", "Stop the server; wait until it is gone.", CommandKind::request, true},
    {"reopen", "", "Open the log files anew."},
    {"upgrade", "", "Replace the server's program by the one that is installed now."},
    {"kill", "SLOT", "End the worker of a slot, which is replaced first."},
    {"log-level", "LEVEL", "Log debug, info, warning, error or critical and what is worse, until the next reload."},
};

}  // namespace

std::span<const CommandRow> command_rows() { return kCommands; }

std::string command_synopsis(const CommandRow& row) {
    std::string text = "girin " + std::string(row.name);
    if (!row.argument.empty()) text += " " + std::string(row.argument);
    if (row.may_be_quick) text += " [--quick]";
    if (row.kind == CommandKind::top) text += " [--once]";
    return text;
}

}  // namespace girin
