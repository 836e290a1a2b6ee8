#include "supervisor/health/health_judge.hpp"

#include <algorithm>

namespace girin {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
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

std::int64_t to_ns(TimePoint time) { return std::chrono::nanoseconds(time.time_since_epoch()).count(); }

int gravity(Finding::Kind kind) {
    switch (kind) {
        case Finding::Kind::nothing: return 0;
        case Finding::Kind::recovered: return 1;
        case Finding::Kind::lags: return 2;
        case Finding::Kind::hangs: break;
    }
    return 3;
}

int percent(Duration part, Duration whole) {
    return whole > Duration::zero() ? static_cast<int>((part * 100 + whole / 2) / whole) : 0;
}

}  // namespace

Finding HealthJudge::look(std::size_t slot, const ScoreboardSlot& line, TimePoint ready_since, TimePoint now,
                          const Sampler& sample) {
    if (mark() <= Duration::zero()) return {};
    SlotWatch& watch = watches_[slot];
    const Subject loop = loop_of(line, ready_since);
    Finding finding = judge(watch.loop, watch.last_loop_warning, loop, now, sample);
    finding.leaving = line.leaving_since_ns.load(kRelaxed) != 0;
    finding.in_callback = line.callback_start_ns.load(kRelaxed) != 0;
    return finding;
}

Finding HealthJudge::look_at_pool(std::size_t slot, const ScoreboardSlot& line, TimePoint ready_since, TimePoint now,
                                  const ThreadSampler& sample) {
    if (mark() <= Duration::zero() || line.pool.threads.load(kRelaxed) == 0) return {};
    SlotWatch& watch = watches_[slot];
    const TimePoint mark_of_lag = now - options_.lag_warning;
    const bool may_lag = options_.lag_warning > Duration::zero() && watch_.counted(mark_of_lag) == mark_of_lag;
    watch.pool_is_stuck = may_lag && line.pool.is_stuck(to_ns(now), options_.lag_warning.count());
    Finding worst;
    for (std::size_t job = 0; job < PoolNote::kJobs; ++job) {
        Finding found = look_at_job(watch, job, line.pool.jobs[job], ready_since, now, sample);
        if (gravity(found.kind) > gravity(worst.kind)) worst = std::move(found);
    }
    return worst;
}

Finding HealthJudge::look_at_job(SlotWatch& watch, std::size_t job, const JobNote& note, TimePoint ready_since,
                                 TimePoint now, const ThreadSampler& sample) const {
    const pid_t thread = note.tid.load(std::memory_order_acquire);
    const std::int64_t since_ns = note.since_ns.load(kRelaxed);
    const auto known = watch.jobs.find(job);
    if (thread == 0 || since_ns == 0) {
        Finding finding = known != watch.jobs.end() ? end(known->second) : Finding();
        watch.jobs.erase(job);
        return finding;
    }
    const TimePoint since = watch_.counted(std::max(TimePoint(Duration(since_ns)), ready_since));
    const Subject subject{since, limit_of(note.deadline_ns.load(kRelaxed), note.extended.load(kRelaxed) != 0, since)};
    if (known == watch.jobs.end() && now - since < mark()) return {};
    Finding finding =
        judge(watch.jobs[job], watch.last_pool_warning, subject, now, [&] { return sample(thread); });
    finding.job = job;
    finding.thread = thread;
    finding.job_since_ns = since_ns;
    return finding;
}

Finding HealthJudge::judge(Episode& episode, std::optional<TimePoint>& last_warning, const Subject& subject,
                           TimePoint now, const Sampler& sample) const {
    if (now - subject.since < mark()) return end(episode);
    if (!episode.first || episode.since != subject.since) {
        episode.first = sample();
        episode.first_at = now;
        episode.since = subject.since;
        episode.silent = now - subject.since;
        return {};
    }
    episode.silent = now - subject.since;
    const bool warns = subject.may_lag && is_worth_a_warning(episode, last_warning, now);
    const bool may_hang = options_.timeout > Duration::zero() && episode.silent >= subject.limit;
    if (!warns && !may_hang) return {};
    const ProcessSample second = sample();
    const Interval between(*episode.first, second, now - episode.first_at);
    const Duration had = time_it_had(between, second.state);  // before the first look it may have starved unseen
    const bool hangs = may_hang && had >= subject.limit;
    Finding finding;
    if (hangs) finding.kind = Finding::Kind::hangs;
    if (warns && !hangs) {
        finding.kind = Finding::Kind::lags;
        episode.warned = true;
        last_warning = now;
    }
    finding.verdict = find_verdict(between, second.state, hangs);
    finding.silent = episode.silent;
    finding.cpu_percent = percent(between.cpu, between.span);
    finding.waiting_percent = percent(between.waited, between.span);
    finding.wait_channel = second.wait_channel;
    return finding;
}

/// What the loop is held to; of one that has ended, what follows.
HealthJudge::Subject HealthJudge::loop_of(const ScoreboardSlot& line, TimePoint ready_since) const {
    const Duration leaving_since(line.leaving_since_ns.load(kRelaxed));
    if (leaving_since > Duration::zero()) {
        const TimePoint since = watch_.counted(std::max(TimePoint(leaving_since), ready_since));
        return {since, std::max<Duration>(options_.timeout, kLeavingLimit), false};
    }
    const TimePoint since = watch_.silent_since(line, ready_since);
    return {since, limit_of(line.request.deadline_ns(), line.request.is_extended(), since)};
}

/// --timeout, or less where the request has less time left, or more where its handler has said so.
Duration HealthJudge::limit_of(std::int64_t deadline_ns, bool is_extended, TimePoint since) const {
    if (deadline_ns == 0) return options_.timeout;
    constexpr Duration kLeast = std::chrono::seconds(1);  // one that goes on just before its end has the loop for a bit
    const Duration own = std::max(TimePoint(Duration(deadline_ns)) - since, kLeast);
    return is_extended ? own : std::min(own, options_.timeout);
}

bool HealthJudge::is_lagging(std::size_t slot) const {
    const auto found = watches_.find(slot);
    return found != watches_.end() && (found->second.loop.warned || found->second.pool_is_stuck);
}

bool HealthJudge::is_still_silent(std::size_t slot, const ScoreboardSlot& line, TimePoint ready_since,
                                  const Finding& finding) const {
    if (finding.job) {
        const JobNote& note = line.pool.jobs[*finding.job];
        return note.tid.load(kRelaxed) == finding.thread && note.since_ns.load(kRelaxed) == finding.job_since_ns;
    }
    const auto found = watches_.find(slot);
    if (found == watches_.end() || !found->second.loop.first) return false;
    return found->second.loop.since == loop_of(line, ready_since).since;
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
    episode = Episode();
    return finding;
}

bool HealthJudge::is_worth_a_warning(const Episode& episode, const std::optional<TimePoint>& last_warning,
                                     TimePoint now) const {
    if (episode.warned || options_.lag_warning <= Duration::zero() || episode.silent < options_.lag_warning) return false;
    return !last_warning || now - *last_warning >= kBetweenWarnings;
}

}  // namespace girin
