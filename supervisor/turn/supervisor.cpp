#include "supervisor/turn/supervisor.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "girin/log.hpp"

namespace girin {

/// The order matters where parts carry out the same: the reloader first, since from its commit on the new settings hold;
/// operators and hooks last, since they tell what has come of it.
Supervisor::Supervisor(Os& os, SupervisorSetup setup, Generations generations)
    : common_(os, setup, std::move(generations), standing_at_start(setup)),
      signals_(common_),
      reloader_(common_),
      health_(common_),
      surveyor_(common_),
      succession_(common_),
      trial_(make_trial(common_)),
      crew_(common_),
      service_(common_),
      operators_(common_),
      hooks_(common_),
      parts_{&signals_,    &reloader_, &health_,  &surveyor_,  &succession_,
             trial_.get(), &crew_,     &service_, &operators_, &hooks_} {
    std::erase(parts_, nullptr);
    common_.leave_master = [this](const Kept& kept) { leave_master(kept); };
    common_.children = [this] { return children(); };
}

SupervisorEnd Supervisor::run() {
    if (auto begun = begin(); !begun) {
        log_critical(begun.error().message());
        return {ExitCode::failure, begun.error().message()};
    }
    while (!end_) turn();
    return finish();
}

Result<void> Supervisor::begin() {
    if (auto opened = common_.open(); !opened) return opened;
    for (Part* const part : parts_) {
        if (auto begun = part->begin(inbox_); !begun) return begun;
    }
    inbox_.put(FleetEvent::start(common_.settings().workers));
    settle();
    return {};
}

void Supervisor::turn() {
    service_.tell();
    const std::optional<TimePoint> due = earliest_deadline();
    std::vector<ReadySource> ready = common_.wait.wait(common_.os, due);
    const TimePoint now = common_.os.now();
    for (Part* const part : parts_) part->on_wake(now, due);
    std::ranges::sort(ready, {}, &ReadySource::kind);  // signals first, then who has ended
    for (const ReadySource source : ready) on_ready(source);
    for (Part* const part : parts_) {
        if (!end_) part->on_time(now, inbox_);
        settle();
    }
    tick_if_due(now);
    for (Part* const part : parts_) {
        if (!end_) part->on_turn_end(now, inbox_);
        settle();
    }
}

std::optional<TimePoint> Supervisor::earliest_deadline() const {
    std::optional<TimePoint> next = common_.fleet.next_deadline();
    for (const Part* const part : parts_) {
        const std::optional<TimePoint> time = part->next_deadline();
        if (time && (!next || *time < *next)) next = time;
    }
    return next;
}

Part* Supervisor::owner_of(SourceKind kind) const {
    const auto owner = std::ranges::find_if(parts_, [kind](const Part* part) { return part->owns(kind); });
    return owner == parts_.end() ? nullptr : *owner;
}

void Supervisor::on_ready(ReadySource source) {
    Part* const owner = owner_of(source.kind);
    bool has_more = owner != nullptr;
    while (has_more && !end_) {
        has_more = owner->on_ready(source, inbox_);
        settle();
    }
}

/// After all that has happened: a master that comes late doesn't blame workers for it.
void Supervisor::tick_if_due(TimePoint now) {
    const auto due = common_.fleet.next_deadline();
    if (end_ || !due || *due > now) return;
    inbox_.put(FleetEvent::tick());
    settle();
}

void Supervisor::settle() {
    while (const auto item = inbox_.next()) {
        if (const auto* const order = std::get_if<Order>(&*item)) tell(*order);
        if (const auto* const event = std::get_if<FleetEvent>(&*item)) decide(*event);
    }
}

void Supervisor::decide(const FleetEvent& event) {
    if (end_) return;
    for (const Action& action : common_.fleet.decide(event, common_.os.now())) {
        if (action.kind == ActionKind::exit_master) end_ = SupervisorEnd(action.code, action.text);
        for (Part* const part : parts_) part->carry_out(action, inbox_);
    }
    tell_when_first_ready();
}

void Supervisor::tell(const Order& order) {
    if (as<ReapAdopted>(order)) return reap_adopted_children();
    for (Part* const part : parts_) part->hear(order, inbox_);
}

void Supervisor::tell_when_first_ready() {
    const Fleet& fleet = common_.fleet;
    if (common_.standing.told_ready || end_ || fleet.wanted() == 0 || fleet.ready_count() < fleet.wanted()) return;
    common_.standing.told_ready = true;
    tell(FirstReady());
}

std::vector<pid_t> Supervisor::children() const {
    std::vector<pid_t> own;
    for (const Part* const part : parts_) {
        for (const pid_t child : part->children()) own.push_back(child);
    }
    return own;
}

void Supervisor::reap_adopted_children() {
    if (std::ranges::any_of(parts_, &Part::expects_child)) return;
    const std::vector<pid_t> own = children();
    while (const auto pid = common_.os.reap_adopted(own)) log_debug("Reaped an adopted child", {{"child", *pid}});
}

/// In a child.
void Supervisor::leave_master(const Kept& kept) {
    Scoreboard& board = common_.board;
    if (auto locked = kept.has_children ? board.hold_still() : board.keep_writable(kept.own_line); !locked) {
        log_critical(locked.error().message());
        ::_exit(kChildSetUpFailed);
    }
    common_.wait.close();
    for (Part* const part : parts_) part->let_go();
    common_.generations.keep_only(kept.generation, kept.lane);
    if (common_.setup.leave_master) common_.setup.leave_master();
}

SupervisorEnd Supervisor::finish() {
    const Standing& standing = common_.standing;
    if (!standing.place_failure.empty()) end_ = SupervisorEnd(ExitCode::worker_boot_failed, standing.place_failure);
    service_.tell();
    const bool goes_back = standing.on_trial && standing.may_go_back && end_->code != ExitCode::ok;
    if (!goes_back) wait_for_elders();
    crew_.end_listeners();
    hooks_.finish_blocking();
    signals_.read_late();  // else they would end us once they are unblocked
    wait_for_monitor();
    return *end_;
}

/// The end of this process would be theirs. Bounded by their deadline, and KILL.
void Supervisor::wait_for_elders() {
    if (!trial_ || !trial_->has_elders()) return;
    if (!trial_->next_deadline()) trial_->hurry();
    while (trial_->has_elders()) {
        for (const ReadySource source : common_.wait.wait(common_.os, trial_->next_deadline())) {
            if (source.kind == SourceKind::elder) trial_->on_ready(source, inbox_);
            // A second order to stop, while the last workers finish.
            if (source.kind == SourceKind::signals && signals_.read_late()) trial_->hurry();
        }
        trial_->on_turn_end(common_.os.now(), inbox_);
    }
}

/// The last thing the master does: whoever asked for the stop hears of it. Bounded.
void Supervisor::wait_for_monitor() {
    operators_.begin_end();
    const TimePoint limit = common_.os.now() + 2 * kMonitorEndLimit;
    while (operators_.has_monitor() && common_.os.now() < limit) {
        const TimePoint due = std::min(limit, operators_.next_deadline().value_or(limit));
        for (const ReadySource source : common_.wait.wait(common_.os, due)) {
            while (source.kind == SourceKind::monitor && operators_.on_ready(source, inbox_)) continue;
            if (source.kind == SourceKind::signals) signals_.read_late();
        }
        operators_.on_time(common_.os.now(), inbox_);
        operators_.on_turn_end(common_.os.now(), inbox_);
    }
}

}  // namespace girin
