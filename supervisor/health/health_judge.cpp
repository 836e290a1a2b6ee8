#include "supervisor/health/health_judge.hpp"

#include <algorithm>

namespace girin {
namespace {

constexpr Duration kBetweenWarnings = std::chrono::seconds(10);

/// What happened between two looks.
struct Interval {
    Duration span{};
    Duration cpu{};
    Duration waited{};
    bool cpu_known = false;

    Interval(const ProcessSample& from, const ProcessSample& to, Duration length) : span(length) {
        cpu_known = from.cpu && to.cpu;
        if (cpu_known) cpu = std::clamp(*to.cpu - *from.cpu, Duration::zero(), span);
        if (from.run_delay && to.run_delay) waited = std::clamp(*to.run_delay - *from.run_delay, Duration::zero(), span);
    }
};

/// How much of the interval it could have used. The kernel counts a wait for a processor only once it is over, so of
/// one that is ready to run now just the time is sure in which it ran.
Duration time_it_had(const Interval& between, char state) {
    if (state == 't') return Duration::zero();
    if (state == 'T') return between.span;
    if (state == 'R' && between.cpu_known) return between.cpu;
    return between.span - between.waited;
}

Verdict find_verdict(const Interval& between, char state, bool hangs) {
    if (state == 'T') return Verdict::stopped;
    if (state == 't') return Verdict::debugged;
    if (!between.cpu_known) return Verdict::unclear;
    const bool ran = between.cpu >= between.span / 2;
    if (state == 'R') return ran || hangs ? Verdict::spinning : Verdict::starved;
    if (!hangs && between.waited > between.span / 2) return Verdict::starved;
    return between.cpu > (between.span - between.waited) / 2 ? Verdict::spinning : Verdict::blocked;
}

int percent(Duration part, Duration whole) {
    return whole > Duration::zero() ? static_cast<int>((part * 100 + whole / 2) / whole) : 0;
}

}  // namespace

Finding HealthJudge::look(std::size_t slot, const ScoreboardSlot& line, TimePoint ready_since, TimePoint now,
                          const Sampler& sample) {
    if (mark() <= Duration::zero()) return {};
    const TimePoint since = watch_.silent_since(line, ready_since);
    Episode& episode = episodes_[slot];
    if (now - since < mark()) return end(episode);
    if (!episode.first || episode.since != since) {
        episode.first = sample();
        episode.first_at = now;
        episode.since = since;
        episode.silent = now - since;
        return {};
    }
    episode.silent = now - since;
    const bool warns = is_worth_a_warning(episode, now);
    const Duration limit = limit_of(line, since);
    const bool may_hang = options_.timeout > Duration::zero() && episode.silent >= limit;
    if (!warns && !may_hang) return {};
    const ProcessSample second = sample();
    const Interval between(*episode.first, second, now - episode.first_at);
    const Duration had = time_it_had(between, second.state);  // before the first look it may have starved unseen
    const bool hangs = may_hang && had >= limit;
    Finding finding;
    if (hangs) finding.kind = Finding::Kind::hangs;
    if (warns && !hangs) {
        finding.kind = Finding::Kind::lags;
        episode.warned = true;
        episode.last_warning = now;
    }
    finding.verdict = find_verdict(between, second.state, hangs);
    finding.silent = episode.silent;
    finding.in_callback = line.callback_start_ns.load(std::memory_order_relaxed) != 0;
    finding.cpu_percent = percent(between.cpu, between.span);
    finding.waiting_percent = percent(between.waited, between.span);
    finding.wait_channel = second.wait_channel;
    return finding;
}

/// --timeout, or less where the request has less time left, or more where its handler has said so.
Duration HealthJudge::limit_of(const ScoreboardSlot& line, TimePoint since) const {
    const std::int64_t deadline_ns = line.request.deadline_ns();
    if (deadline_ns == 0) return options_.timeout;
    constexpr Duration kLeast = std::chrono::seconds(1);  // one that goes on just before its end has the loop for a bit
    const Duration own = std::max(TimePoint(Duration(deadline_ns)) - since, kLeast);
    return line.request.is_extended() ? own : std::min(own, options_.timeout);
}

bool HealthJudge::is_lagging(std::size_t slot) const {
    const auto found = episodes_.find(slot);
    return found != episodes_.end() && found->second.warned;
}

bool HealthJudge::is_still_silent(std::size_t slot, const ScoreboardSlot& line, TimePoint ready_since) const {
    const auto found = episodes_.find(slot);
    return found != episodes_.end() && found->second.first && found->second.since == watch_.silent_since(line, ready_since);
}

Duration HealthJudge::interval() const {
    if (mark() <= Duration::zero()) return Duration::zero();
    return std::clamp<Duration>(mark() / 2, std::chrono::milliseconds(25), std::chrono::seconds(1));
}

/// From here on a silence is watched.
Duration HealthJudge::mark() const {
    if (options_.timeout <= Duration::zero()) return options_.lag_warning / 2;
    if (options_.lag_warning <= Duration::zero()) return options_.timeout / 2;
    return std::min(options_.timeout, options_.lag_warning) / 2;
}

Finding HealthJudge::end(Episode& episode) {
    Finding finding;
    if (episode.warned) {
        finding.kind = Finding::Kind::recovered;
        finding.silent = episode.silent;
    }
    const auto last_warning = episode.last_warning;
    episode = Episode();
    episode.last_warning = last_warning;
    return finding;
}

bool HealthJudge::is_worth_a_warning(const Episode& episode, TimePoint now) const {
    if (episode.warned || options_.lag_warning <= Duration::zero() || episode.silent < options_.lag_warning) return false;
    return !episode.last_warning || now - *episode.last_warning >= kBetweenWarnings;
}

}  // namespace girin
