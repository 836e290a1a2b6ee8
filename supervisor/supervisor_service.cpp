// What the supervisor tells a service manager. Not here: when and in which words (systemd/service_report.hpp).

#include "supervisor/supervisor.hpp"

namespace girin {

ServiceFacts Supervisor::service_facts() const {
    ServiceFacts facts;
    facts.ready = fleet_.ready_count();
    facts.wanted = fleet_.wanted();
    facts.generation = fleet_.generation();
    facts.started = told_ready_;
    facts.reloading = fleet_.is_reloading() || fleet_.has_pending_reload();
    facts.upgrading = upgrade_.is_under_way();
    facts.degraded = fleet_.is_degraded();
    facts.stopping = fleet_.is_stopping();
    facts.trouble = facts.degraded ? "the last failure: " + fleet_.last_failure() : trouble_;
    return facts;
}

void Supervisor::tell_manager() {
    if (setup_.service) setup_.service->update(service_facts(), os_.now());
}

void Supervisor::have_listeners_kept() {
    if (setup_.service) setup_.service->keep(generations_.committed().listeners);
}

}  // namespace girin
