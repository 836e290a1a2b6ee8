#include "supervisor/upgrade/upgrade.hpp"

#include <utility>

namespace girin {

std::string_view to_text(UpgradeState state) {
    constexpr std::string_view kNames[] = {"idle",         "waiting",   "starting", "soaking",
                                           "handing over", "rehearsed", "ending",   "done"};
    return kNames[static_cast<std::size_t>(state)];
}

std::vector<UpgradeAction> Upgrade::decide(UpgradeEvent event, TimePoint now, const UpgradeOptions& options,
                                           const std::string& text) {
    now_ = now;
    options_ = options;
    switch (event) {
        case UpgradeEvent::requested: on_requested(); break;
        case UpgradeEvent::free:
            if (state_ == UpgradeState::waiting) begin();
            break;
        case UpgradeEvent::spawned: break;
        case UpgradeEvent::not_spawned:
            act(UpgradeOrder::failed, text);
            leave_trial(UpgradeState::idle);
            break;
        case UpgradeEvent::ready:
        case UpgradeEvent::unwell:
        case UpgradeEvent::taken: on_told(event, text); break;
        case UpgradeEvent::ended: on_ended(text); break;
        case UpgradeEvent::finished:
            if (state_ != UpgradeState::rehearsed) {
                on_ended(text);
                break;
            }
            enter(UpgradeState::done, std::nullopt);
            act(UpgradeOrder::execute);
            break;
        case UpgradeEvent::finish:
            if (state_ == UpgradeState::soaking) hand_over();
            break;
        case UpgradeEvent::stop:
            again_ = false;
            if (state_ == UpgradeState::waiting) leave_trial(UpgradeState::idle);
            if (is_under_way()) fail(text, UpgradeOrder::tell_give_up);
            break;
        case UpgradeEvent::tick:
            if (deadline_ && *deadline_ <= now_) on_deadline();
            break;
    }
    return std::exchange(actions_, {});
}

void Upgrade::on_requested() {
    switch (state_) {
        case UpgradeState::idle:
            enter(UpgradeState::waiting, std::nullopt);
            return act(UpgradeOrder::log, "asked for; it begins when nothing else is under way");
        case UpgradeState::ending: again_ = true; return act(UpgradeOrder::log, "follows when the failed one has ended");
        case UpgradeState::done: return act(UpgradeOrder::log, "has been done; ask the successor for the next");
        default: return act(UpgradeOrder::log, "one is under way already");
    }
}

void Upgrade::begin() {
    complaint_.clear();
    const bool limited = options_.boot_timeout > Duration::zero();
    enter(UpgradeState::starting, limited ? std::optional(options_.boot_timeout) : std::nullopt);
    act(UpgradeOrder::spawn);
}

void Upgrade::on_told(UpgradeEvent event, const std::string& text) {
    if (event == UpgradeEvent::unwell) {
        complaint_ = text;
        // It serves, and what its other workers have in hand is no worse for it.
        if (state_ == UpgradeState::soaking) fail("it did not stay well: " + text, UpgradeOrder::tell_finish);
        return;
    }
    if (event == UpgradeEvent::ready && state_ == UpgradeState::starting) {
        complaint_.clear();
        enter(UpgradeState::soaking, options_.soak);
        return act(UpgradeOrder::log, "the new master is ready, and watched for " + to_text(options_.soak));
    }
    if (event == UpgradeEvent::taken && state_ == UpgradeState::handing_over) {
        enter(UpgradeState::done, std::nullopt);
        act(UpgradeOrder::retire);
    }
}

void Upgrade::on_ended(const std::string& text) {
    if (is_under_way()) act(UpgradeOrder::failed, complaint_.empty() ? "the new master " + text : complaint_);
    if (state_ == UpgradeState::done) return;
    leave_trial(std::exchange(again_, false) ? UpgradeState::waiting : UpgradeState::idle);
}

void Upgrade::on_deadline() {
    deadline_.reset();
    switch (state_) {
        case UpgradeState::starting: {
            const std::string late = "the new master was not ready within " + to_text(options_.boot_timeout);
            return fail(complaint_.empty() ? late : late + ": " + complaint_, UpgradeOrder::tell_give_up);
        }
        case UpgradeState::soaking: return hand_over();
        case UpgradeState::handing_over:
            // It may have taken over without being able to say so; only its death makes sure that it has not.
            return fail("the new master did not take over", UpgradeOrder::kill);
        case UpgradeState::rehearsed:
            return fail("the new master did not end when its rehearsal was over", UpgradeOrder::kill);
        case UpgradeState::ending: return act(UpgradeOrder::kill);
        default: return;
    }
}

void Upgrade::hand_over() {
    if (options_.rehearses) return end_rehearsal();
    enter(UpgradeState::handing_over, options_.take_patience);
    act(UpgradeOrder::tell_take);
}

void Upgrade::end_rehearsal() {
    complaint_.clear();
    enter(UpgradeState::rehearsed, options_.finish_patience);
    act(UpgradeOrder::log, "the rehearsal went well, and ends");
    act(UpgradeOrder::tell_finish);
}

void Upgrade::fail(const std::string& why, UpgradeOrder how) {
    act(UpgradeOrder::failed, why);
    act(how);
    enter(UpgradeState::ending, how == UpgradeOrder::tell_finish ? options_.finish_patience : options_.end_patience);
}

void Upgrade::leave_trial(UpgradeState next) {
    complaint_.clear();
    enter(next, std::nullopt);
}

void Upgrade::enter(UpgradeState state, std::optional<Duration> limit) {
    state_ = state;
    deadline_ = limit ? std::optional(now_ + *limit) : std::nullopt;
}

}  // namespace girin
