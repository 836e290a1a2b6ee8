#include "supervisor/fleet/fleet_event.hpp"

namespace girin {

FleetEvent FleetEvent::start(std::size_t workers) {
    FleetEvent event(EventKind::start);
    event.count = static_cast<int>(workers);
    return event;
}

FleetEvent FleetEvent::worker_spawned(std::size_t slot, pid_t pid) {
    FleetEvent event(EventKind::worker_spawned);
    event.slot = slot;
    event.pid = pid;
    return event;
}

FleetEvent FleetEvent::worker_spawn_failed(std::size_t slot, std::string reason, ExitCode code) {
    FleetEvent event(EventKind::worker_spawn_failed);
    event.slot = slot;
    event.text = std::move(reason);
    event.code = code;
    return event;
}

FleetEvent FleetEvent::worker_ready(std::size_t slot) {
    FleetEvent event(EventKind::worker_ready);
    event.slot = slot;
    return event;
}

FleetEvent FleetEvent::worker_boot_failed(std::size_t slot, std::string reason, ExitCode code) {
    FleetEvent event(EventKind::worker_boot_failed);
    event.slot = slot;
    event.text = std::move(reason);
    event.code = code;
    return event;
}

FleetEvent FleetEvent::worker_exited(std::size_t slot, int status, std::string sentence, std::string details) {
    FleetEvent event(EventKind::worker_exited);
    event.slot = slot;
    event.status = status;
    event.text = std::move(sentence);
    event.details = std::move(details);
    return event;
}

FleetEvent FleetEvent::worker_asks_recycle(std::size_t slot, std::string reason) {
    FleetEvent event(EventKind::worker_asks_recycle);
    event.slot = slot;
    event.text = std::move(reason);
    return event;
}

FleetEvent FleetEvent::worker_leaves(std::size_t slot) {
    FleetEvent event(EventKind::worker_leaves);
    event.slot = slot;
    return event;
}

FleetEvent FleetEvent::worker_silent(std::size_t slot, std::string reason, std::string details) {
    FleetEvent event(EventKind::worker_silent);
    event.slot = slot;
    event.text = std::move(reason);
    event.details = std::move(details);
    return event;
}

FleetEvent FleetEvent::reload_requested() { return FleetEvent(EventKind::reload_requested); }

FleetEvent FleetEvent::reload_prepared(std::uint32_t generation, const FleetOptions& options, std::size_t workers) {
    FleetEvent event(EventKind::reload_prepared);
    event.generation = generation;
    event.options = options;
    event.count = static_cast<int>(workers);
    return event;
}

FleetEvent FleetEvent::reload_refused(std::uint32_t generation, std::string reason) {
    FleetEvent event(EventKind::reload_refused);
    event.generation = generation;
    event.text = std::move(reason);
    return event;
}

FleetEvent FleetEvent::scale_by(int workers) {
    FleetEvent event(EventKind::scale_by);
    event.count = workers;
    return event;
}

FleetEvent FleetEvent::scale_to(std::size_t workers, std::string reason) {
    FleetEvent event(EventKind::scale_to);
    event.count = static_cast<int>(workers);
    event.text = std::move(reason);
    return event;
}

FleetEvent FleetEvent::pause() { return FleetEvent(EventKind::pause); }
FleetEvent FleetEvent::resume() { return FleetEvent(EventKind::resume); }
FleetEvent FleetEvent::stop_graceful() { return FleetEvent(EventKind::stop_graceful); }
FleetEvent FleetEvent::stop_quick() { return FleetEvent(EventKind::stop_quick); }
FleetEvent FleetEvent::tick() { return FleetEvent(EventKind::tick); }

std::string_view to_text(EventKind kind) {
    switch (kind) {
        case EventKind::worker_spawned: return "worker_spawned";
        case EventKind::worker_spawn_failed: return "worker_spawn_failed";
        case EventKind::worker_ready: return "worker_ready";
        case EventKind::worker_boot_failed: return "worker_boot_failed";
        case EventKind::worker_exited: return "worker_exited";
        case EventKind::worker_asks_recycle: return "worker_asks_recycle";
        case EventKind::worker_leaves: return "worker_leaves";
        case EventKind::worker_silent: return "worker_silent";
        case EventKind::start: return "start";
        case EventKind::reload_requested: return "reload_requested";
        case EventKind::reload_prepared: return "reload_prepared";
        case EventKind::reload_refused: return "reload_refused";
        case EventKind::scale_by: return "scale_by";
        case EventKind::scale_to: return "scale_to";
        case EventKind::pause: return "pause";
        case EventKind::resume: return "resume";
        case EventKind::stop_graceful: return "stop_graceful";
        case EventKind::stop_quick: return "stop_quick";
        case EventKind::tick: return "tick";
    }
    return "?";
}

}  // namespace girin
