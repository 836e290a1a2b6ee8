#pragma once

// The process's own log: one line a record, for people by default and as JSON for machines. The sink is the one global
// that rooms share. Writing never blocks and never fails the caller: what a full pipe or disk refuses is counted,
// and the count is told by the next line that gets through. Not here: the access log (worker/log/access_log.hpp).

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "girin/base/unique_fd.hpp"

namespace girin {

enum class LogLevel { debug, info, warning, error, critical };
enum class LogFormat { text, json };

Result<LogLevel> parse_log_level(std::string_view name);

/// A fact beside the sentence: `worker=3` in text, `"worker":3` in JSON.
class LogField {
  public:
    LogField(std::string_view key, std::string_view value) : key_(key), text_(value) {}
    LogField(std::string_view key, const char* value) : key_(key), text_(value) {}
    LogField(std::string_view key, std::int64_t value)
        : key_(key), text_(std::to_string(value)), number_(true) {}
    LogField(std::string_view key, int value) : LogField(key, std::int64_t{value}) {}
    LogField(std::string_view key, std::size_t value) : LogField(key, static_cast<std::int64_t>(value)) {}

    std::string_view key() const { return key_; }
    const std::string& text() const { return text_; }
    bool is_number() const { return number_; }

  private:
    std::string_view key_;
    std::string text_;
    bool number_ = false;
};

using LogFields = std::initializer_list<LogField>;

struct LogOptions {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
    /// "-" or empty: standard error; else a file that is appended to.
    std::string file;

    LogOptions() {}
};

/// Sets the sink up, or replaces it. Errors: the file can't be opened; then the old sink stays.
Result<void> open_log(const LogOptions& options);
/// The level and the format of `options`, and for the sink what somebody has opened for them (open_for_sink); -1: it stays.
void use_log(const LogOptions& options, UniqueFd opened);
/// After a rotation: what somebody has opened anew (open_for_sink).
void use_log_descriptor(UniqueFd opened);
/// From now on, what this process and its children print goes where the log goes, also after it is opened anew: standard
/// output and standard error, line by line. For a log that is a file: what is somebody else's stream stays so.
void capture_output();
/// The descriptor behind the sink (standard error before open_log); for what must write a line without allocating.
int log_fd();
LogLevel log_level();
void set_log_level(LogLevel level);
/// How many lines the sink has refused since the process began.
std::uint64_t log_lines_dropped();

/// Threads: any. `message` and text fields are escaped (escape.hpp), so that a record is one line, nothing in a field can be
/// taken for another, and JSON is JSON.
void log(LogLevel level, std::string_view message, LogFields fields = {});
inline void log_debug(std::string_view m, LogFields f = {}) { log(LogLevel::debug, m, f); }
inline void log_info(std::string_view m, LogFields f = {}) { log(LogLevel::info, m, f); }
inline void log_warning(std::string_view m, LogFields f = {}) { log(LogLevel::warning, m, f); }
inline void log_error(std::string_view m, LogFields f = {}) { log(LogLevel::error, m, f); }
inline void log_critical(std::string_view m, LogFields f = {}) { log(LogLevel::critical, m, f); }

/// One record as it would be written, without the line's end; for the sink and for tests.
std::string format_log_line(LogFormat format, LogLevel level, std::int64_t unix_time_ms, int pid,
                            std::string_view message, LogFields fields);

}  // namespace girin
