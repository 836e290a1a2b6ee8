#include "girin/log.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <ctime>
#include <utility>

#include "loop/base/escape.hpp"
#include "loop/base/line_sink.hpp"
#include "loop/base/log_output.hpp"

namespace girin {
namespace {

struct LevelRow {
    LogLevel level;
    std::string_view name;  // as settings and JSON spell it
    std::string_view tag;   // as a text line shows it
};
constexpr LevelRow kLevels[] = {
    {LogLevel::debug, "debug", "DEBUG"},          {LogLevel::info, "info", "INFO"},
    {LogLevel::warning, "warning", "WARNING"},    {LogLevel::error, "error", "ERROR"},
    {LogLevel::critical, "critical", "CRITICAL"},
};

// The log of this process. Constant-initialised and never destroyed, so that it serves from the first to the last line.
LineSink& sink() {
    static LineSink* const the_sink = new LineSink;
    return *the_sink;
}
std::atomic<LogLevel> g_level = LogLevel::info;
std::atomic<LogFormat> g_format = LogFormat::text;
std::atomic<std::uint64_t> g_dropped_told = 0;
bool g_captures = false;

void send_output_to_log() {
    if (!g_captures) return;
    ::dup2(sink().fd(), STDOUT_FILENO);
    ::dup2(sink().fd(), STDERR_FILENO);
}

void append_time(std::string& out, std::int64_t unix_time_ms, bool json) {
    const std::time_t seconds = unix_time_ms / 1000;
    std::tm parts{};
    char text[48];
    if (json) {
        ::gmtime_r(&seconds, &parts);
        std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    } else {
        ::localtime_r(&seconds, &parts);
        std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
    }
    out.append(text);
    std::snprintf(text, sizeof text, ".%03d", static_cast<int>(unix_time_ms % 1000));
    out.append(text);
    if (json) {
        out.append("Z");
    } else {
        std::strftime(text, sizeof text, " %z", &parts);
        out.append(text);
    }
}

/// All but what can't be taken for the end of a value, or for another field.
bool needs_quotes(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' || byte >= 0x7f || c == '"' || c == '\\' || c == '=';
}

std::string text_line(const LevelRow& level, std::int64_t unix_time_ms, int pid,
                      std::string_view message, LogFields fields) {
    std::string line = "[";
    append_time(line, unix_time_ms, false);
    line.append("] [").append(std::to_string(pid)).append("] [").append(level.tag).append("] ");
    append_escaped(line, message, Escape::bare);
    for (const LogField& field : fields) {
        line.append(" ").append(field.key()).append("=");
        const std::string& text = field.text();
        const bool quoted = text.empty() || std::any_of(text.begin(), text.end(), needs_quotes);
        if (quoted) line.append("\"");
        append_escaped(line, text, quoted ? Escape::quoted : Escape::bare);
        if (quoted) line.append("\"");
    }
    return line;
}

std::string json_line(const LevelRow& level, std::int64_t unix_time_ms, int pid,
                      std::string_view message, LogFields fields) {
    std::string line = R"({"time":")";
    append_time(line, unix_time_ms, true);
    line.append(R"(","level":")").append(level.name).append(R"(","pid":)").append(std::to_string(pid));
    line.append(R"(,"message":")");
    append_escaped(line, message, Escape::json);
    line.append("\"");
    for (const LogField& field : fields) {
        line.append(",\"").append(field.key()).append("\":");
        if (!field.is_number()) line.append("\"");
        append_escaped(line, field.text(), Escape::json);
        if (!field.is_number()) line.append("\"");
    }
    return line.append("}");
}

std::int64_t wall_clock_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

void write_record(LogLevel level, std::string_view message, LogFields fields) {
    std::string line = format_log_line(g_format, level, wall_clock_ms(), ::getpid(), message, fields);
    sink().write(line.append("\n"));
}

/// The first line that gets through after refused ones tells how many were lost.
void tell_dropped() {
    const std::uint64_t dropped = sink().dropped();
    const std::uint64_t told = g_dropped_told.exchange(dropped);
    if (dropped <= told) return;
    write_record(LogLevel::warning, "Log lines were lost: the log took no more",
                 {{"lost", static_cast<std::int64_t>(dropped - told)}});
    g_dropped_told = sink().dropped();
}

}  // namespace

Result<LogLevel> parse_log_level(std::string_view name) {
    for (const LevelRow& row : kLevels) {
        if (row.name == name) return row.level;
    }
    return Error("log level '" + std::string(name) + "': not one of debug, info, warning, error, critical");
}

Result<void> open_log(const LogOptions& options) {
    if (auto opened = sink().open(options.file); !opened) return opened.error();
    g_level = options.level;
    g_format = options.format;
    return {};
}

void use_log(const LogOptions& options, UniqueFd opened) {
    if (opened) sink().use(std::move(opened));
    g_level = options.level;
    g_format = options.format;
}

void use_log_descriptor(UniqueFd opened) {
    sink().use(std::move(opened));
    send_output_to_log();
}

void capture_output() {
    g_captures = true;
    std::fflush(stdout);
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // what a crash would take with it
    send_output_to_log();
}
int log_fd() { return sink().fd(); }
LogLevel log_level() { return g_level; }
void set_log_level(LogLevel level) { g_level = level; }
std::uint64_t log_lines_dropped() { return sink().dropped(); }

void log(LogLevel level, std::string_view message, LogFields fields) {
    if (level < g_level.load(std::memory_order_relaxed)) return;
    const std::uint64_t dropped_before = sink().dropped();
    write_record(level, message, fields);
    if (sink().dropped() == dropped_before && dropped_before != g_dropped_told) tell_dropped();
}

std::string format_log_line(LogFormat format, LogLevel level, std::int64_t unix_time_ms, int pid,
                            std::string_view message, LogFields fields) {
    const LevelRow& row = kLevels[static_cast<int>(level)];
    return format == LogFormat::json ? json_line(row, unix_time_ms, pid, message, fields)
                                     : text_line(row, unix_time_ms, pid, message, fields);
}

}  // namespace girin
