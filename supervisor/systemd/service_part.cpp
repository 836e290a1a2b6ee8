#include "supervisor/systemd/service_part.hpp"

namespace girin {

std::optional<TimePoint> ServicePart::next_deadline() const {
    return service_ ? service_->next_deadline() : std::nullopt;
}

void ServicePart::carry_out(const Action& action, Inbox&) {
    if (action.kind == ActionKind::commit_reload) keep_sockets();
}

void ServicePart::hear(const Order& order, Inbox&) {
    if (!service_) return;
    if (as<AskReload>(order)) service_->on_reload_asked();
    if (as<SocketsChanged>(order)) keep_sockets();
    if (as<PredecessorGone>(order)) service_->speak();
    if (const auto* const handed = as<HandedOver>(order)) service_->hand_over_to(handed->successor);
}

void ServicePart::let_go() {
    if (service_) service_->close();
}

void ServicePart::tell() {
    if (service_) service_->update(facts(), common_.os.now());
}

ServiceFacts ServicePart::facts() const {
    const Fleet& fleet = common_.fleet;
    ServiceFacts facts;
    facts.ready = fleet.ready_count();
    facts.wanted = fleet.wanted();
    facts.generation = fleet.generation();
    facts.started = common_.standing.told_ready;
    facts.reloading = fleet.is_reloading() || fleet.has_pending_reload();
    facts.upgrading = common_.standing.upgrading;
    facts.degraded = fleet.is_degraded();
    facts.stopping = fleet.is_stopping();
    facts.trouble = facts.degraded ? "the last failure: " + fleet.last_failure() : common_.standing.trouble;
    return facts;
}

void ServicePart::keep_sockets() {
    if (service_) service_->keep(common_.generations.committed().listeners);
}

}  // namespace girin
