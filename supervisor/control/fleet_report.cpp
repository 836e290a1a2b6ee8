#include "supervisor/control/fleet_report.hpp"

#include <unistd.h>

#include <algorithm>

#include "girin/log.hpp"

namespace girin {
namespace {

std::int64_t to_ns(TimePoint time) { return std::chrono::nanoseconds(time.time_since_epoch()).count(); }

}  // namespace

Result<void> FleetReport::prepare(std::size_t slots, const std::string& name, TimePoint now) {
    auto board = MasterBoard::create(slots);
    if (!board) return board.error();
    board_ = std::move(*board);
    slots_.resize(slots);
    facts_.pid = ::getpid();
    facts_.name = FixedText<100>(name);
    facts_.started_ns = to_ns(now);
    facts_.started_unix_ms = unix_time_ms();
    return {};
}

void FleetReport::say(LogLevel level, const std::string& text) {
    log(level, text);
    if (level >= LogLevel::info) board_.add_event(level, text, unix_time_ms());
}

void FleetReport::on_spawned(std::size_t slot, TimePoint now) {
    slots_[slot].spawned_ns = to_ns(now);
    slots_[slot].lagging = false;
}

void FleetReport::on_exit(std::size_t slot, const ExitStory& story) {
    ++facts_.exits[static_cast<std::size_t>(story.kind)];
    ++slots_[slot].exits;
    slots_[slot].last_exit = FixedText<200>(story.sentence);
    slots_[slot].last_exit_unix_ms = unix_time_ms();
}

void FleetReport::on_reload(std::uint32_t generation, ReloadOutcome outcome, const std::string& reason) {
    facts_.last_reload = ReloadFacts();
    facts_.last_reload.generation = generation;
    facts_.last_reload.outcome = outcome;
    facts_.last_reload.at_unix_ms = unix_time_ms();
    facts_.last_reload.reason = FixedText<400>(reason);
    if (outcome == ReloadOutcome::committed) ++facts_.reloads_committed;
    if (outcome == ReloadOutcome::rolled_back) ++facts_.reloads_rolled_back;
}

void FleetReport::set_zygotes(const std::vector<ZygoteView>& zygotes) {
    facts_.zygotes = {};
    for (std::size_t i = 0; i < std::min(zygotes.size(), kMostZygotes); ++i) {
        ZygoteFacts& facts = facts_.zygotes[i];
        facts.pid = zygotes[i].pid;
        facts.generation = zygotes[i].generation;
        facts.state = zygotes[i].state;
        facts.since_ns = to_ns(zygotes[i].since);
    }
}

void FleetReport::publish(const Fleet& fleet) {
    facts_.generation = fleet.generation();
    facts_.wanted = static_cast<std::uint32_t>(fleet.wanted());
    facts_.ready = static_cast<std::uint32_t>(fleet.ready_count());
    facts_.live = static_cast<std::uint32_t>(fleet.live_count());
    facts_.reloading = fleet.is_reloading();
    facts_.stopping = fleet.is_stopping();
    facts_.deaf = !deaf_.empty();
    facts_.degraded = fleet.is_degraded() || facts_.deaf;
    facts_.degraded_why = FixedText<300>(facts_.deaf ? deaf_ : degraded_why_);
    facts_.log_level = static_cast<std::uint8_t>(log_level());
    board_.publish(facts_);
    for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
        const WorkerRecord& worker = fleet.worker(slot);
        SlotFacts& facts = slots_[slot];
        facts.state = worker.state;
        facts.pid = worker.pid;
        facts.generation = worker.generation;
        facts.failures = static_cast<std::uint32_t>(worker.backoff.failures);
        facts.since_ns = to_ns(worker.since);
        board_.publish(slot, facts);
    }
}

}  // namespace girin
