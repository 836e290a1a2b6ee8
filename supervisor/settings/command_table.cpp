#include "supervisor/settings/command_table.hpp"

namespace girin {
namespace {

constexpr CommandRow kCommands[] = {
    {"status", "", "Print how the server and its workers are.", CommandKind::status},
    {"top", "", "Show the same, live; q ends.", CommandKind::top, "--once"},
    {"reload", "",
     "Load settings and application anew; wait until the new generation serves. Settled: until it has also stayed well and is "
     "not gone back from any more.",
     CommandKind::request, "--settled"},
    {"scale", "N|+N|-N", "Have so many workers, more or fewer; wait until they serve."},
    {"stop", "", "Stop the server; wait until it is gone.", CommandKind::request, "--quick"},
    {"reopen", "", "Open the log files anew."},
    {"upgrade", "", "Replace the server's program by the one that is installed now; wait until that serves."},
    {"kill", "SLOT", "End the worker of a slot, which is replaced first."},
    {"log-level", "LEVEL", "Log debug, info, warning, error or critical and what is worse, until the next reload."},
};

}  // namespace

std::span<const CommandRow> command_rows() { return kCommands; }

std::string command_synopsis(const CommandRow& row) {
    std::string text = "girin " + std::string(row.name);
    if (!row.argument.empty()) text += " " + std::string(row.argument);
    if (!row.flag.empty()) text += " [" + std::string(row.flag) + "]";
    return text;
}

}  // namespace girin
