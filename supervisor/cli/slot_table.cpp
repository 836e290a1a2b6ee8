#include "supervisor/cli/slot_table.hpp"

#include <algorithm>

#include "supervisor/cli/status_words.hpp"

namespace girin {
namespace {

namespace json = boost::json;

struct Column {
    const char* title;
    std::string (*words)(const json::object& slot);
    int worth;  // those worth least are the first to be left out
    bool to_the_left = false;
    bool only_where_used = false;  // left out while nobody has any of it
};

std::string age_of(const json::object& slot) {
    const json::value& age = member(slot, "age_s");
    return age.is_null() ? "-" : age_words(to_number(age));
}

std::string last_exit_of(const json::object& slot) {
    const json::object exit = object_member(slot, "last_exit");
    return exit.empty() ? "" : to_words(member(exit, "cause")) + ", " + ago_words(member(exit, "at_ms"));
}

std::string memory_of(const json::object& slot, std::string_view kind) {
    return memory_words(member(object_member(slot, "memory"), kind));
}

/// "2/4", of threads; "4/4 +7" while jobs wait.
std::string pool_of(const json::object& slot) {
    const json::object pool = object_member(slot, "pool");
    if (pool.empty()) return "-";
    const std::string busy = whole_words(member(pool, "busy")) + "/" + whole_words(member(pool, "threads"));
    return to_number(member(pool, "queued")) > 0 ? busy + " +" + whole_words(member(pool, "queued")) : busy;
}

using Slot = const json::object&;
constexpr Column kColumns[] = {
    {"SLOT", [](Slot slot) { return whole_words(member(slot, "slot")); }, 9},
    {"PID", [](Slot slot) { return whole_words(member(slot, "pid")); }, 9},
    {"STATE", [](Slot slot) { return to_words(member(slot, "state")); }, 9, true},
    {"GEN", [](Slot slot) { return whole_words(member(slot, "generation")); }, 6},
    {"AGE", age_of, 4},
    {"REQUESTS", [](Slot slot) { return whole_words(member(slot, "requests")); }, 7},
    {"REQ/S", [](Slot slot) { return tenths_words(member(slot, "requests_per_second")); }, 8},
    {"OPEN", [](Slot slot) { return whole_words(member(slot, "requests_in_flight")); }, 8},
    {"CONN", [](Slot slot) { return whole_words(member(slot, "connections")); }, 5},
    {"BUSY", [](Slot slot) { return percent_words(member(slot, "utilisation")); }, 8},
    {"LAG", [](Slot slot) { return lag_words(member(slot, "lag_s")); }, 8},
    {"POOL", pool_of, 6, false, true},
    {"P99", [](Slot slot) { return latency_words(member(object_member(slot, "latency"), "p99_s")); }, 7},
    {"RSS", [](Slot slot) { return memory_of(slot, "rss_bytes"); }, 2},
    {"PSS", [](Slot slot) { return memory_of(slot, "pss_bytes"); }, 6},
    {"EXITS", [](Slot slot) { return whole_words(member(slot, "exits")); }, 3},
    {"LAST EXIT", last_exit_of, 1, true},
};

/// One column of the table, filled.
struct Strip {
    const Column* column = nullptr;
    std::vector<std::string> cells;
    std::size_t width = 0;
};

constexpr std::size_t kGap = 2;

std::vector<Strip> fill(const std::vector<json::object>& slots) {
    std::vector<Strip> strips;
    for (const Column& column : kColumns) {
        Strip& strip = strips.emplace_back();
        strip.column = &column;
        strip.cells.emplace_back(column.title);
        for (const json::object& slot : slots) strip.cells.push_back(column.words(slot));
        for (const std::string& cell : strip.cells) strip.width = std::max(strip.width, cell.size());
    }
    std::erase_if(strips, [](const Strip& strip) {
        const auto used = std::count_if(strip.cells.begin() + 1, strip.cells.end(), [](const auto& cell) { return cell != "-"; });
        return strip.column->only_where_used && used == 0;
    });
    return strips;
}

std::size_t width_of(const std::vector<Strip>& strips) {
    std::size_t width = 0;
    for (const Strip& strip : strips) width += strip.width + (width == 0 ? 0 : kGap);
    return width;
}

std::string line_of(const std::vector<Strip>& strips, std::size_t row) {
    std::string line;
    for (const Strip& strip : strips) {
        const std::string& cell = strip.cells[row];
        const std::string space(strip.width - cell.size(), ' ');
        line += (line.empty() ? "" : std::string(kGap, ' ')) + (strip.column->to_the_left ? cell + space : space + cell);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

}  // namespace

std::vector<std::string> held_lines(const json::array& slots) {
    constexpr double kLongWait_s = 1;
    std::vector<std::string> lines;
    for (const json::value& value : slots) {
        if (!value.is_object()) continue;
        const json::object& slot = value.get_object();
        const std::string who = "Slot " + whole_words(member(slot, "slot")) + ": ";
        if (const json::object held = object_member(slot, "held_by"); !held.empty()) {
            const bool in_pool = to_words(member(held, "where")) == "pool";
            lines.push_back(who + to_words(member(held, "request")) + " from " + to_words(member(held, "peer")) +
                            " has kept " + (in_pool ? "a thread of its pool" : "its loop") + " for " +
                            lag_words(member(held, "for_s")));
        }
        const json::object pool = object_member(slot, "pool");
        if (to_number(member(pool, "oldest_queued_s")) < kLongWait_s) continue;
        lines.push_back(who + "jobs for its pool wait, the first for " + lag_words(member(pool, "oldest_queued_s")));
    }
    return lines;
}

std::vector<std::string> slot_table(const json::array& slots, std::size_t width) {
    std::vector<json::object> used;
    for (const json::value& slot : slots) {
        if (slot.is_object() && to_words(member(slot.get_object(), "state")) != "empty") used.push_back(slot.get_object());
    }
    if (used.empty()) return {};
    std::vector<Strip> strips = fill(used);
    while (width_of(strips) > width && strips.size() > 1) {
        strips.erase(std::ranges::min_element(strips, {}, [](const Strip& strip) { return strip.column->worth; }));
    }
    std::vector<std::string> lines;
    for (std::size_t row = 0; row <= used.size(); ++row) lines.push_back(line_of(strips, row));
    return lines;
}

}  // namespace girin
