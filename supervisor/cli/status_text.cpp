#include "supervisor/cli/status_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value_to.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <vector>

namespace girin {
namespace {

namespace json = boost::json;

const json::value& at(const json::object& object, std::string_view key) {
    static const json::value kNothing;
    const json::value* const found = object.if_contains(key);
    return found ? *found : kNothing;
}

double number(const json::value& value) {
    boost::system::error_code error;
    const double found = value.is_number() ? value.to_number<double>(error) : 0;
    return error ? 0 : found;
}

std::string text(const json::value& value) { return value.is_string() ? std::string(value.get_string()) : ""; }

template <class... Args>
std::string print(const char* format, Args... args) {
    std::array<char, 256> buffer{};
    std::snprintf(buffer.data(), buffer.size(), format, args...);
    return buffer.data();
}

std::string whole(const json::value& value) { return value.is_null() ? "-" : print("%.0f", number(value)); }

/// "12 s", "3 min", "5 h", "2 d".
std::string age(double seconds) {
    if (seconds < 100) return print("%.0f s", seconds);
    if (seconds < 100 * 60) return print("%.0f min", seconds / 60);
    if (seconds < 48 * 3600) return print("%.0f h", seconds / 3600);
    return print("%.0f d", seconds / 86400);
}

std::string ago(const json::value& at_ms) {
    const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    return age(std::max(0.0, now - number(at_ms) / 1000)) + " ago";
}

std::string mebibytes(const json::value& bytes) {
    return bytes.is_null() ? "-" : print("%.1fM", number(bytes) / (1024 * 1024));
}

std::string milliseconds(const json::value& seconds) { return print("%.0f ms", number(seconds) * 1000); }
std::string percent(const json::value& share) { return print("%.0f%%", number(share) * 100); }

using Row = std::vector<std::string>;

Row slot_row(const json::object& slot) {
    const json::object memory = at(slot, "memory").is_object() ? at(slot, "memory").get_object() : json::object();
    const json::value& exit = at(slot, "last_exit");
    const std::string last = exit.is_object() ? text(at(exit.get_object(), "cause")) + ", " +
                                                    ago(at(exit.get_object(), "at_ms")) : "";
    return {whole(at(slot, "slot")), whole(at(slot, "pid")), text(at(slot, "state")), whole(at(slot, "generation")),
            at(slot, "age_s").is_null() ? "-" : age(number(at(slot, "age_s"))), whole(at(slot, "requests")),
            print("%.1f", number(at(slot, "requests_per_second"))), whole(at(slot, "requests_in_flight")),
            whole(at(slot, "connections")), percent(at(slot, "utilisation")), milliseconds(at(slot, "lag_s")),
            mebibytes(at(memory, "rss_bytes")), mebibytes(at(memory, "pss_bytes")), whole(at(slot, "exits")), last};
}

/// Columns as wide as they must be; numbers to the right, words to the left.
std::string table(const std::vector<Row>& rows) {
    constexpr std::array<bool, 15> kLeft = {false, false, true,  false, false, false, false, false,
                                            false, false, false, false, false, false, true};
    std::array<std::size_t, kLeft.size()> widths{};
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string lines;
    for (const Row& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string space(widths[i] - row[i].size(), ' ');
            line += (i == 0 ? "" : "  ") + (kLeft[i] ? row[i] + space : space + row[i]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        lines += line + "\n";
    }
    return lines;
}

std::string slots_text(const json::array& slots) {
    std::vector<Row> rows = {{"SLOT", "PID", "STATE", "GEN", "AGE", "REQUESTS", "REQ/S", "OPEN", "CONN", "BUSY", "LAG",
                              "RSS", "PSS", "EXITS", "LAST EXIT"}};
    for (const json::value& slot : slots) {
        if (slot.is_object()) rows.push_back(slot_row(slot.get_object()));
    }
    return table(rows);
}

std::string headline(const json::object& status) {
    const json::object workers = at(status, "workers").is_object() ? at(status, "workers").get_object() : json::object();
    const std::string name = text(at(status, "name"));
    return "girin " + text(at(status, "version")) + (name.empty() ? "" : " [" + name + "]") + ", pid " +
           whole(at(status, "pid")) + ": " + text(at(status, "state")) + ", " + whole(at(workers, "ready")) + " of " +
           whole(at(workers, "wanted")) + " workers ready, generation " + whole(at(status, "generation")) + ", up " +
           age(number(at(status, "uptime_s"))) + "\n";
}

std::string listeners_text(const json::value& listeners) {
    std::string line;
    if (!listeners.is_array()) return line;
    for (const json::value& one : listeners.get_array()) line += (line.empty() ? "Listening at " : ", ") + text(one);
    return line.empty() ? line : line + "\n";
}

std::string reload_text(const json::value& value) {
    if (!value.is_object()) return "";
    const json::object& reload = value.get_object();
    std::string outcome = text(at(reload, "outcome"));
    std::ranges::replace(outcome, '_', ' ');
    const std::string reason = text(at(reload, "reason"));
    return "Last reload: generation " + whole(at(reload, "generation")) + " " + outcome + " " +
           ago(at(reload, "at_ms")) + (reason.empty() ? "" : ": " + reason) + "\n";
}

std::string traffic_text(const json::object& status) {
    const json::object totals = at(status, "totals").is_object() ? at(status, "totals").get_object() : json::object();
    return whole(at(totals, "requests")) + " requests, " + print("%.1f", number(at(status, "requests_per_second"))) +
           " a second, " + whole(at(status, "requests_in_flight")) + " in flight; " +
           whole(at(status, "connections")) + " connections; " + whole(at(totals, "errors_5xx")) + " server errors\n";
}

}  // namespace

std::string status_text(const json::object& status) {
    std::string lines = headline(status) + listeners_text(at(status, "listeners"));
    if (const std::string why = text(at(status, "degraded")); !why.empty()) lines += "Degraded: " + why + "\n";
    lines += reload_text(at(status, "last_reload")) + traffic_text(status);
    const json::value& slots = at(status, "slots");
    if (slots.is_array() && !slots.get_array().empty()) lines += "\n" + slots_text(slots.get_array());
    return lines;
}

std::string cut_to_screen(const std::string& text, std::size_t rows, std::size_t columns) {
    std::string cut;
    std::size_t begin = 0;
    for (std::size_t row = 0; row < rows && begin < text.size(); ++row) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        cut += text.substr(begin, std::min(end - begin, columns)) + "\n";
        begin = end + 1;
    }
    return cut;
}

}  // namespace girin
