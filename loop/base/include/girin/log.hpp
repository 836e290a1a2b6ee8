#pragma once

// The process's own log: one line a record, for people by default and as JSON for machines. Writing never blocks and never
// fails the caller: what a full pipe or disk refuses is counted, and the count is told by the next line that gets through.
// Not here: where it goes and how it looks, which are the server's (settings log-level, log-format, error-logfile).

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace girin {

enum class LogLevel { debug, info, warning, error, critical };

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

/// From this on it is written.
LogLevel log_level();

/// Threads: any. `message` and text fields are escaped (escape.hpp), so that a record is one line, nothing in a field can be
/// taken for another, and JSON is JSON.
void log(LogLevel level, std::string_view message, LogFields fields = {});
inline void log_debug(std::string_view m, LogFields f = {}) { log(LogLevel::debug, m, f); }
inline void log_info(std::string_view m, LogFields f = {}) { log(LogLevel::info, m, f); }
inline void log_warning(std::string_view m, LogFields f = {}) { log(LogLevel::warning, m, f); }
inline void log_error(std::string_view m, LogFields f = {}) { log(LogLevel::error, m, f); }
inline void log_critical(std::string_view m, LogFields f = {}) { log(LogLevel::critical, m, f); }

}  // namespace girin
