#include "supervisor/cli/top_screen.hpp"

#include <boost/json/array.hpp>

#include <time.h>

#include <algorithm>
#include <array>
#include <vector>

#include "supervisor/cli/slot_table.hpp"
#include "supervisor/cli/status_text.hpp"
#include "supervisor/cli/status_words.hpp"

namespace girin {
namespace {

namespace json = boost::json;

enum class Tone { plain, strong, bar, quiet, warning, bad };
constexpr const char* kOn[] = {"", "\033[1m", "\033[7m", "\033[2m", "\033[33m", "\033[31m"};
constexpr const char* kOff = "\033[0m";

struct Line {
    std::string text;
    Tone tone = Tone::plain;
};

/// At most so many characters. Of a byte that continues one, its first decides.
std::string cut(const std::string& text, std::size_t columns) {
    std::size_t characters = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
        if (begins && ++characters > columns) return text.substr(0, i);
    }
    return text;
}

Tone tone_of_slot(const json::object& slot) {
    const json::value& held_up = member(slot, "held_up");
    if (to_number(member(slot, "lag_s")) >= 1 || (held_up.is_bool() && held_up.get_bool())) return Tone::bad;
    const bool is_well = to_words(member(slot, "state")) == "ready" && to_number(member(slot, "failures_in_a_row")) == 0;
    return is_well ? Tone::plain : Tone::warning;
}

Tone tone_of_event(const json::object& event) {
    const std::string level = to_words(member(event, "level"));
    if (level == "error" || level == "critical") return Tone::bad;
    return level == "warning" ? Tone::warning : Tone::quiet;
}

std::string clock_words(double unix_ms) {
    const auto seconds = static_cast<time_t>(unix_ms / 1000);
    struct tm local{};
    std::array<char, 16> text{};
    ::localtime_r(&seconds, &local);
    ::strftime(text.data(), text.size(), "%H:%M:%S", &local);
    return text.data();
}

void add_server(std::vector<Line>& lines, const json::object& status) {
    const bool is_bad = to_words(member(status, "state")) == "degraded";
    for (const std::string& text : server_lines(status)) {
        const bool is_first = lines.empty();
        lines.push_back({text, is_first && is_bad ? Tone::bad : is_first ? Tone::strong : Tone::plain});
    }
}

/// In at most `room` lines, the last of which says how many are missing.
void add_slots(std::vector<Line>& lines, const json::object& status, std::size_t columns, std::size_t room) {
    const json::value& slots = member(status, "slots");
    if (!slots.is_array() || room < 4) return;
    const std::vector<std::string> table = slot_table(slots.get_array(), columns);
    if (table.empty()) return;
    std::vector<Tone> tones = {Tone::bar};
    for (const json::value& slot : slots.get_array()) {
        const bool is_shown = slot.is_object() && to_words(member(slot.get_object(), "state")) != "empty";
        if (is_shown) tones.push_back(tone_of_slot(slot.get_object()));
    }
    const std::size_t most = lines.size() + room;
    lines.push_back({});
    const std::size_t shown = table.size() < room ? table.size() : room - 2;
    for (std::size_t i = 0; i < shown; ++i) lines.push_back({table[i], tones[i]});
    for (const std::string& line : held_lines(slots.get_array())) {
        if (shown < table.size() || lines.size() >= most) break;
        lines.push_back({line, Tone::bad});
    }
    if (shown < table.size()) lines.push_back({"and " + std::to_string(table.size() - shown) + " more", Tone::quiet});
}

void add_events(std::vector<Line>& lines, const std::deque<json::object>& events, std::size_t room) {
    if (room < 2 || events.empty()) return;
    lines.push_back({});
    const std::size_t count = std::min(room - 1, events.size());
    for (std::size_t i = events.size() - count; i < events.size(); ++i) {
        const json::object& event = events[i];
        lines.push_back({clock_words(to_number(member(event, "at_ms"))) + "  " + to_words(member(event, "text")),
                         tone_of_event(event)});
    }
}

std::string styled(const Line& line, std::size_t columns) {
    std::string text = cut(line.text, columns);
    if (line.tone == Tone::bar) text.resize(std::max(text.size(), columns), ' ');
    return line.tone == Tone::plain ? text : kOn[static_cast<std::size_t>(line.tone)] + text + kOff;
}

}  // namespace

std::string top_screen(const json::object& status, const std::deque<json::object>& events, Terminal::Size size) {
    const std::size_t columns = std::max<std::size_t>(size.columns, 2) - 1;  // what fills a line may wrap
    const std::size_t rows = std::max<std::size_t>(size.rows, 2) - 1;        // but for the last, which tells the keys
    std::vector<Line> lines;
    add_server(lines, status);
    add_slots(lines, status, columns, rows - std::min(lines.size(), rows));
    add_events(lines, events, rows - std::min(lines.size(), rows));
    lines.resize(rows);
    std::string screen;
    for (const Line& line : lines) screen += styled(line, columns) + "\n";
    return screen + styled({"q: quit", Tone::quiet}, columns);
}

}  // namespace girin
