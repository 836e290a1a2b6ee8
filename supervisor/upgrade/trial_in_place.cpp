#include "supervisor/upgrade/trial_in_place.hpp"

#include <unistd.h>

#include <algorithm>

#include "girin/log.hpp"
#include "supervisor/control/monitor_process.hpp"

namespace girin {
namespace {

constexpr Duration kAnyTime = std::chrono::hours(1);

/// How long the former binary's monitor may be needed: whoever waits there for the upgrade hears of its outcome.
Duration monitor_limit(const Handover& handover, const Settings& settings) {
    if (handover.askers.empty()) return kMonitorLongDrainLimit;
    const bool limited = settings.boot_timeout.count() > 0;
    const Duration boot = limited ? settings.boot_timeout + settings.boot_timeout / 4 : kAnyTime;
    return boot + settings.soak + settings.graceful_timeout + kMonitorLongDrainLimit;
}

}  // namespace

Result<void> TrialInPlace::begin(Inbox&) {
    const Handover& handover = predecessor().handover();
    elders_.adopt(handover, monitor_limit(handover, common_.settings()));
    count_elders();
    began_ = common_.os.now();
    if (handover.failure.empty()) return {};
    common_.standing.trouble = "the last upgrade failed: " + handover.failure;
    elders_.answer(AnswerKind::failed, "the former binary goes on: " + handover.failure);
    log_error("Upgrade: failed, the former binary goes on: " + handover.failure);
    return {};
}

std::optional<TimePoint> TrialInPlace::next_deadline() const {
    const std::optional<TimePoint> decision = decision_due();
    const std::optional<TimePoint> elders = elders_.deadline();
    return decision && elders ? std::min(*decision, *elders) : decision ? decision : elders;
}

bool TrialInPlace::on_ready(ReadySource source, Inbox&) {
    elders_.on_ready(source.id);
    count_elders();
    return false;
}

void TrialInPlace::on_turn_end(TimePoint now, Inbox& inbox) {
    elders_.on_time(now);
    if (!is_decided()) decide(now, inbox);
}

void TrialInPlace::hear(const Order& order, Inbox&) {
    if (as<StopsGracefully>(order)) {
        elders_.answer(AnswerKind::failed, "the server stops");
        elders_.drain(common_.settings().graceful_timeout, true);
    }
    if (as<StopsQuickly>(order)) {
        elders_.answer(AnswerKind::failed, "the server stops");
        elders_.quit();
    }
    if (const auto* const join = as<JoinHandover>(order)) {
        for (const Elder& elder : elders_.list()) join->handover->elders.push_back(elder);
    }
}

/// How long a new binary may take before the former one is gone back to.
std::optional<TimePoint> TrialInPlace::decision_due() const {
    if (is_decided()) return std::nullopt;
    const Settings& settings = common_.settings();
    if (well_since_) return *well_since_ + settings.soak;
    const bool limited = common_.setup.has_way_back && settings.boot_timeout.count() > 0;
    return limited ? std::optional(began_ + settings.boot_timeout + settings.boot_timeout / 4) : std::nullopt;
}

void TrialInPlace::decide(TimePoint now, Inbox& inbox) {
    const bool well = common_.is_well();
    if (!well) well_since_.reset();
    if (well && !well_since_) well_since_ = now;
    const std::optional<TimePoint> due = decision_due();
    if (!due || now < *due) return;
    if (!well) return give_back("not all workers were ready in time: " + common_.fleet.last_failure(), inbox);
    take_over(inbox);
    elders_.answer(AnswerKind::done, "the new binary serves, as pid " + std::to_string(::getpid()));
    elders_.drain(common_.settings().graceful_timeout, false);
}

/// What our workers have in hand is finished first; the elders serve meanwhile.
void TrialInPlace::give_back(const std::string& why, Inbox& inbox) {
    common_.standing.place_failure = why;
    inbox.put(FleetEvent::stop_graceful());
}

}  // namespace girin
