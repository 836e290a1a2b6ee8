#include "supervisor/fleet/fleet_action.hpp"

namespace girin {

std::string_view to_text(ActionKind kind) {
    switch (kind) {
        case ActionKind::spawn: return "spawn";
        case ActionKind::call_off_spawn: return "call_off_spawn";
        case ActionKind::tell_drain: return "tell_drain";
        case ActionKind::tell_quit: return "tell_quit";
        case ActionKind::signal: return "signal";
        case ActionKind::prepare_reload: return "prepare_reload";
        case ActionKind::commit_reload: return "commit_reload";
        case ActionKind::end_watch: return "end_watch";
        case ActionKind::roll_back_reload: return "roll_back_reload";
        case ActionKind::drop_generation: return "drop_generation";
        case ActionKind::report_degraded: return "report_degraded";
        case ActionKind::report_recovered: return "report_recovered";
        case ActionKind::log: return "log";
        case ActionKind::exit_master: return "exit_master";
    }
    return "?";
}

}  // namespace girin
