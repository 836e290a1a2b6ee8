#include "supervisor/exec/exec_keeper.hpp"

#include <algorithm>
#include <utility>

namespace girin {
namespace {

using Kind = ExecStep::Kind;

}  // namespace

ExecKeeper::Steps ExecKeeper::on_news(const NotifyNews& news, TimePoint now) {
    Steps steps;
    if (news.alive) {
        has_watchdog_ = true;
        alive_ = now;
    }
    if (news.ready && phase_ == Phase::starting) steps = become_ready();
    if (news.stopping && phase_ == Phase::stopping && !std::exchange(told_draining_, true)) {
        steps.emplace_back(Kind::tell_draining);
    }
    return steps;
}

ExecKeeper::Steps ExecKeeper::on_port_open() { return phase_ == Phase::starting ? become_ready() : Steps(); }

ExecKeeper::Steps ExecKeeper::on_drain(Duration limit, TimePoint now) {
    return stop_within(limit, "was not done when --graceful-timeout was over", now);
}

ExecKeeper::Steps ExecKeeper::on_quit(TimePoint now) {
    if (phase_ != Phase::stopping) return stop_within(options_.quick_grace, "did not end at once", now);
    const TimePoint sooner = now + options_.quick_grace;
    if (kill_at_) kill_at_ = std::min(*kill_at_, sooner);
    kill_why_ = "did not end at once";
    return {};
}

ExecKeeper::Steps ExecKeeper::on_master_gone(TimePoint now) {
    return stop_within(options_.graceful, "was not done when --graceful-timeout was over", now);
}

ExecKeeper::Steps ExecKeeper::on_term(TimePoint now) {
    if (phase_ == Phase::ready && !std::exchange(term_seen_, true)) return on_worn_out("SIGTERM from outside");
    return on_drain(options_.graceful, now);
}

ExecKeeper::Steps ExecKeeper::on_abort(TimePoint now) { return abort_for("the master said so", now); }

ExecKeeper::Steps ExecKeeper::on_worn_out(const std::string& why) {
    if (phase_ != Phase::ready || std::exchange(told_recycle_, true)) return {};
    return {ExecStep(Kind::tell_recycle, why)};
}

ExecKeeper::Steps ExecKeeper::on_time(TimePoint now) {
    if (kill_at_ && *kill_at_ <= now) {
        kill_at_.reset();
        return {ExecStep(Kind::kill_program, kill_why_)};
    }
    if (phase_ == Phase::starting && !options_.must_tell && started_ + options_.started_after <= now) {
        return become_ready();
    }
    const bool is_watched = phase_ == Phase::ready && has_watchdog_ && options_.timeout > Duration::zero();
    if (is_watched && alive_ + options_.timeout <= now) {
        return abort_for("no WATCHDOG=1 for " + to_text(options_.timeout), now);
    }
    return {};
}

std::optional<TimePoint> ExecKeeper::next_deadline() const {
    if (kill_at_) return kill_at_;
    if (phase_ == Phase::starting && !options_.must_tell) return started_ + options_.started_after;
    if (phase_ == Phase::ready && has_watchdog_ && options_.timeout > Duration::zero()) return alive_ + options_.timeout;
    return std::nullopt;
}

ExecEnd ExecKeeper::on_end(bool expected) const {
    if (aborting_) return ExecEnd::Kind::aborted;
    if (phase_ == Phase::stopping) return expected || !kill_at_ ? ExecEnd::Kind::done : ExecEnd::Kind::as_program;
    return was_ready_ ? ExecEnd::Kind::as_program : ExecEnd::Kind::boot_failed;
}

ExecKeeper::Steps ExecKeeper::stop_within(Duration limit, const char* why_killed, TimePoint now) {
    if (phase_ == Phase::stopping) return {};
    phase_ = Phase::stopping;
    kill_at_ = now + limit;
    kill_why_ = why_killed;
    return {ExecStep(Kind::stop_program)};
}

ExecKeeper::Steps ExecKeeper::abort_for(std::string why, TimePoint now) {
    if (std::exchange(aborting_, true)) return {};
    phase_ = Phase::stopping;
    kill_at_ = now + options_.quick_grace;
    kill_why_ = "did not end when aborted";
    return {ExecStep(Kind::abort_program, std::move(why))};
}

ExecKeeper::Steps ExecKeeper::become_ready() {
    phase_ = Phase::ready;
    was_ready_ = true;
    return {ExecStep(Kind::tell_ready)};
}

}  // namespace girin
