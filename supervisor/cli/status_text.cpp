#include "supervisor/cli/status_text.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

#include "supervisor/cli/slot_table.hpp"
#include "supervisor/cli/status_words.hpp"

namespace girin {
namespace {

namespace json = boost::json;

/// "killed_outside" → "killed outside".
std::string spaced(std::string text) {
    std::ranges::replace(text, '_', ' ');
    return text;
}

std::string headline(const json::object& status) {
    const json::object workers = object_member(status, "workers");
    const std::string name = to_words(member(status, "name"));
    return "girin " + to_words(member(status, "version")) + (name.empty() ? "" : " [" + name + "]") + ", pid " +
           whole_words(member(status, "pid")) + ": " + to_words(member(status, "state")) + ", " +
           whole_words(member(workers, "ready")) + " of " + whole_words(member(workers, "wanted")) +
           " workers ready, generation " + whole_words(member(status, "generation")) + ", up " +
           age_words(to_number(member(status, "uptime_s")));
}

std::string listeners_line(const json::object& status) {
    std::string line;
    const json::value& listeners = member(status, "listeners");
    if (!listeners.is_array()) return line;
    for (const json::value& one : listeners.get_array()) line += (line.empty() ? "Listening at " : ", ") + to_words(one);
    return line;
}

std::string degraded_line(const json::object& status) {
    const std::string why = to_words(member(status, "degraded"));
    return why.empty() ? why : "Degraded: " + why;
}

std::string reload_line(const json::object& status) {
    const json::object reload = object_member(status, "last_reload");
    if (reload.empty()) return "";
    const std::string reason = to_words(member(reload, "reason"));
    return "Last reload: generation " + whole_words(member(reload, "generation")) + " " +
           spaced(to_words(member(reload, "outcome"))) + " " + ago_words(member(reload, "at_ms")) +
           (reason.empty() ? "" : ": " + reason);
}

/// A line each: "Zygote of generation 2: pid 4711, idle for 3m, 52M"; none without --preload.
std::vector<std::string> zygote_lines(const json::object& status) {
    std::vector<std::string> lines;
    const json::value& zygotes = member(status, "zygotes");
    for (const json::value& one : zygotes.is_array() ? zygotes.get_array() : json::array()) {
        if (!one.is_object()) continue;
        const json::object& zygote = one.get_object();
        const std::string memory = memory_words(member(object_member(zygote, "memory"), "rss_bytes"));
        lines.push_back("Zygote of generation " + whole_words(member(zygote, "generation")) + ": pid " +
                        whole_words(member(zygote, "pid")) + ", " + to_words(member(zygote, "state")) + " for " +
                        age_words(to_number(member(zygote, "state_for_s"))) + ", " + memory);
    }
    return lines;
}

/// Empty: nobody has asked for anything lately.
std::string latency_of(const json::object& status) {
    const json::object latency = object_member(status, "latency");
    if (latency.empty()) return "";
    return "; p50 " + latency_words(member(latency, "p50_s")) + ", p99 " + latency_words(member(latency, "p99_s"));
}

std::string traffic_line(const json::object& status) {
    const json::object totals = object_member(status, "totals");
    if (totals.contains("requests") && member(totals, "requests").is_null()) {
        return "Requests are answered by the programs, and not counted";
    }
    return whole_words(member(totals, "requests")) + " requests, " +
           tenths_words(member(status, "requests_per_second")) + " a second, " +
           whole_words(member(status, "requests_in_flight")) + " in flight; " +
           whole_words(member(status, "connections")) + " connections; " +
           whole_words(member(totals, "errors_5xx")) + " server errors" + latency_of(status);
}

/// "slot 3 was killed by SIGKILL from outside, 5 s ago".
std::string last_exit(const json::object& status) {
    const json::value& slots = member(status, "slots");
    json::object last;
    json::value last_slot;
    for (const json::value& slot : slots.is_array() ? slots.get_array() : json::array()) {
        if (!slot.is_object()) continue;
        const json::object exit = object_member(slot.get_object(), "last_exit");
        if (exit.empty() || to_number(member(exit, "at_ms")) < to_number(member(last, "at_ms"))) continue;
        last = exit;
        last_slot = member(slot.get_object(), "slot");
    }
    if (last.empty()) return "";
    return "slot " + whole_words(last_slot) + " " + to_words(member(last, "cause")) + ", " +
           ago_words(member(last, "at_ms"));
}

std::string exits_line(const json::object& status) {
    std::string counts;
    for (const auto& [kind, count] : object_member(object_member(status, "totals"), "worker_exits")) {
        if (to_number(count) > 0) counts += (counts.empty() ? "" : ", ") + whole_words(count) + " " + spaced(kind);
    }
    return counts.empty() ? counts : "Worker exits: " + counts + "; the last: " + last_exit(status);
}

}  // namespace

std::vector<std::string> server_lines(const json::object& status) {
    std::vector<std::string> lines;
    for (const auto& line : {headline(status), listeners_line(status), degraded_line(status), reload_line(status),
                             exits_line(status), traffic_line(status)}) {
        if (!line.empty()) lines.push_back(line);
    }
    for (std::string& line : zygote_lines(status)) lines.push_back(std::move(line));
    return lines;
}

namespace {

std::string counted(const json::value& count, const std::string& noun) {
    return whole_words(count) + " " + noun + (to_number(count) == 1 ? "" : "s");
}

/// "worker 2 (pid 4711) drains, 1 request in flight, 3 connections"; empty: nobody waits for it.
std::string waiting_for(const json::object& slot) {
    const std::string state = to_words(member(slot, "state"));
    const bool ends = state == "draining" || state == "quitting" || state == "terminating" || state == "aborting" ||
                      state == "killed";
    if (!ends && state != "starting") return "";
    const std::string who = "worker " + whole_words(member(slot, "slot")) + " (pid " + whole_words(member(slot, "pid")) + ") ";
    const std::string since = " for " + lag_words(member(slot, "state_for_s"));
    if (!ends) return who + "starts" + since;
    std::string text = who + (state == "draining" ? "drains" : "is told to end (" + state + ")") + since + ", " +
                       counted(member(slot, "requests_in_flight"), "request") + " in flight, " +
                       counted(member(slot, "connections"), "connection");
    const json::object pool = object_member(slot, "pool");
    if (to_number(member(pool, "busy")) > 0) text += ", " + counted(member(pool, "busy"), "thread") + " of its pool busy";
    return text;
}

}  // namespace

std::string waiting_text(const json::object& status) {
    constexpr std::size_t kMostNamed = 4;
    const json::value& slots = member(status, "slots");
    std::string text;
    std::size_t count = 0;
    for (const json::value& slot : slots.is_array() ? slots.get_array() : json::array()) {
        const std::string one = slot.is_object() ? waiting_for(slot.get_object()) : "";
        if (one.empty() || ++count > kMostNamed) continue;
        text += (text.empty() ? "" : "; ") + one;
    }
    return count > kMostNamed ? text + "; and " + std::to_string(count - kMostNamed) + " more" : text;
}

std::string status_text(const json::object& status) {
    std::string text;
    for (const std::string& line : server_lines(status)) text += line + "\n";
    const json::value& slots = member(status, "slots");
    const auto table = slots.is_array() ? slot_table(slots.get_array(), kAnyWidth) : std::vector<std::string>();
    if (!table.empty()) text += "\n";
    for (const std::string& line : table) text += line + "\n";
    const auto held = slots.is_array() ? held_lines(slots.get_array()) : std::vector<std::string>();
    if (!held.empty()) text += "\n";
    for (const std::string& line : held) text += line + "\n";
    return text;
}

}  // namespace girin
