#include "supervisor/settings/stop_signal.hpp"

#include <csignal>

namespace girin {
namespace {

struct StopSignal {
    std::string_view name;
    int signo;
};
constexpr StopSignal kStopSignals[] = {{"TERM", SIGTERM}, {"INT", SIGINT},   {"QUIT", SIGQUIT},  {"HUP", SIGHUP},
                                       {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"WINCH", SIGWINCH}};

}  // namespace

std::optional<int> parse_stop_signal(std::string_view name) {
    if (name.starts_with("SIG")) name.remove_prefix(3);
    for (const StopSignal& signal : kStopSignals) {
        if (name == signal.name) return signal.signo;
    }
    return std::nullopt;
}

}  // namespace girin
