#include "supervisor/monitor/status_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <cmath>

#include "supervisor/monitor/json_text.hpp"

namespace girin {
namespace {

namespace json = boost::json;

/// Nobody needs more than thousandths, and they are shorter.
double rounded(double value) { return std::round(value * 1000) / 1000; }

json::value text_or_null(std::string_view text) {
    if (text.empty()) return nullptr;
    return json::string(text);
}

json::array lines(std::string_view text) {
    json::array array;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        array.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return array;
}

json::object memory_json(const std::optional<ProcessMemory>& memory) {
    json::object object;
    object["rss_bytes"] = memory ? json::value(memory->rss_bytes) : nullptr;
    object["pss_bytes"] = memory && memory->pss_bytes ? json::value(*memory->pss_bytes) : nullptr;
    return object;
}

json::value latency_json(const std::optional<LatencyQuantiles>& latency) {
    if (!latency) return nullptr;
    const auto to_us = [](double seconds) { return std::round(seconds * 1e6) / 1e6; };
    return json::object{{"p50_s", to_us(latency->p50_s)}, {"p99_s", to_us(latency->p99_s)}};
}

json::value reload_json(const ReloadFacts& reload) {
    constexpr std::string_view kOutcomes[] = {"none", "running", "committed", "rolled_back"};
    if (reload.outcome == ReloadOutcome::none) return nullptr;
    json::object object;
    object["generation"] = reload.generation;
    object["outcome"] = kOutcomes[static_cast<std::size_t>(reload.outcome)];
    object["at_ms"] = reload.at_unix_ms;
    object["reason"] = text_or_null(reload.reason.view());
    return object;
}

json::value last_exit_json(const SlotFacts& facts) {
    if (facts.exits == 0) return nullptr;
    json::object object;
    object["cause"] = json::string(facts.last_exit.view());
    object["at_ms"] = facts.last_exit_unix_ms;
    return object;
}

double seconds_since(TimePoint now, std::int64_t then_ns) {
    return rounded(static_cast<double>(std::chrono::nanoseconds(now.time_since_epoch()).count() - then_ns) / 1e9);
}

json::value pool_json(const PoolView& pool) {
    if (pool.threads == 0) return nullptr;
    json::object object;
    object["threads"] = pool.threads;
    object["busy"] = pool.busy;
    object["queued"] = pool.queued;
    object["oldest_queued_s"] = rounded(pool.oldest_queued_s);
    object["oldest_job_s"] = rounded(pool.oldest_job_s);
    return object;
}

json::value held_json(const std::optional<HeldRequest>& held) {
    if (!held) return nullptr;
    json::object object;
    object["request"] = json::string(held->line);
    object["peer"] = json::string(held->peer);
    object["for_s"] = rounded(held->for_s);
    object["where"] = held->in_pool ? "pool" : "loop";
    return object;
}

json::object slot_json(const SlotView& slot, TimePoint now) {
    json::object object;
    object["slot"] = slot.slot;
    object["pid"] = slot.has_worker() ? json::value(slot.pid()) : nullptr;
    if (slot.program > 0) object["keeper_pid"] = slot.facts.pid;
    object["state"] = to_text(slot.facts.state);
    object["state_for_s"] = slot.facts.since_ns > 0 ? json::value(seconds_since(now, slot.facts.since_ns)) : nullptr;
    object["generation"] = slot.facts.generation;
    object["age_s"] = slot.has_worker() ? json::value(seconds_since(now, slot.facts.spawned_ns)) : nullptr;
    object["accepting"] = slot.accepting;
    object["requests"] = slot.requests;
    object["requests_per_second"] = rounded(slot.requests_per_second);
    object["requests_in_flight"] = slot.requests_in_flight;
    object["errors_5xx"] = slot.errors_5xx;
    object["connections"] = slot.connections;
    object["latency"] = latency_json(slot.latency);
    object["held_up"] = slot.facts.lagging;
    object["held_by"] = held_json(slot.held_by);
    object["pool"] = pool_json(slot.pool);
    object["lag_s"] = rounded(slot.lag_s);
    object["utilisation"] = rounded(slot.utilisation);
    object["memory"] = memory_json(slot.memory);
    object["failures_in_a_row"] = slot.facts.failures;
    object["exits"] = slot.facts.exits;
    object["last_exit"] = last_exit_json(slot.facts);
    return object;
}

json::array zygotes_json(const Snapshot& snapshot) {
    json::array array;
    for (const ZygoteMemory& zygote : snapshot.zygotes) {
        json::object object;
        object["generation"] = zygote.facts.generation;
        object["pid"] = zygote.facts.pid;
        object["state"] = to_text(zygote.facts.state);
        object["state_for_s"] = seconds_since(snapshot.now, zygote.facts.since_ns);
        object["memory"] = memory_json(zygote.memory);
        array.push_back(std::move(object));
    }
    return array;
}

json::object totals_json(const Snapshot& snapshot) {
    json::object exits;
    for (std::size_t kind = 0; kind < kExitKinds; ++kind) {
        exits[to_text(static_cast<ExitKind>(kind))] = snapshot.master.exits[kind];
    }
    json::object object;
    object["requests"] = snapshot.totals.requests;
    object["connections"] = snapshot.totals.accepted;
    object["errors_5xx"] = snapshot.totals.errors_5xx;
    object["reloads_committed"] = snapshot.master.reloads_committed;
    object["reloads_rolled_back"] = snapshot.master.reloads_rolled_back;
    object["worker_exits"] = std::move(exits);
    return object;
}

/// What girin doesn't know is not 0: programs of --exec answer by themselves, and their keepers are idle.
void leave_out_what_is_not_counted(json::object& status) {
    const auto leave_out = [](json::object& object, std::initializer_list<std::string_view> names) {
        for (const std::string_view name : names) object[name] = nullptr;
    };
    leave_out(status, {"requests_in_flight", "connections", "requests_per_second", "latency"});
    leave_out(status["totals"].as_object(), {"requests", "connections", "errors_5xx"});
    for (json::value& slot : status["slots"].as_array()) {
        leave_out(slot.as_object(), {"accepting", "requests", "requests_per_second", "requests_in_flight", "errors_5xx",
                                     "connections", "latency", "lag_s", "utilisation"});
    }
}

json::object event_object(const EventFacts& event) {
    constexpr std::string_view kLevels[] = {"debug", "info", "warning", "error", "critical"};
    json::object object;
    object["n"] = event.number;
    object["at_ms"] = event.at_unix_ms;
    object["level"] = kLevels[event.level % std::size(kLevels)];
    object["text"] = json::string(event.text.view());
    return object;
}

}  // namespace

std::string status_json(const Snapshot& snapshot, const std::string& version) {
    const MasterFacts& master = snapshot.master;
    json::object status;
    status["version"] = version;
    status["name"] = text_or_null(master.name.view());
    status["pid"] = master.pid;
    status["state"] = snapshot.state();
    status["ready"] = snapshot.is_ready();
    status["generation"] = master.generation;
    status["uptime_s"] = rounded(snapshot.uptime_s());
    status["started_at_ms"] = master.started_unix_ms;
    status["listeners"] = lines(master.listeners.view());
    status["workers"] = {{"wanted", master.wanted}, {"ready", master.ready}, {"live", master.live}};
    status["degraded"] = master.degraded ? text_or_null(master.degraded_why.view()) : nullptr;
    status["last_reload"] = reload_json(master.last_reload);
    status["requests_in_flight"] = snapshot.requests_in_flight();
    status["connections"] = snapshot.connections();
    status["requests_per_second"] = rounded(snapshot.requests_per_second);
    status["latency"] = latency_json(snapshot.latency);
    status["memory"] = memory_json(snapshot.master_memory);
    status["zygotes"] = zygotes_json(snapshot);
    status["totals"] = totals_json(snapshot);
    json::array slots;
    for (const SlotView& slot : snapshot.slots) slots.push_back(slot_json(slot, snapshot.now));
    status["slots"] = std::move(slots);
    if (master.serves_programs) leave_out_what_is_not_counted(status);
    return json_text(status);
}

std::string event_json(const EventFacts& event) { return json_text(event_object(event)); }

std::string events_json(const std::vector<EventFacts>& events, std::uint64_t last) {
    json::array array;
    for (const EventFacts& event : events) array.push_back(event_object(event));
    json::object object;
    object["events"] = std::move(array);
    object["last"] = last;
    return json_text(object);
}

}  // namespace girin
