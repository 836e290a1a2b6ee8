#pragma once

// Where the log goes, and how it looks: for the server, which opens, redirects and reopens it. The sink is the one global that
// rooms share. Not here: what is logged (girin/log.hpp), the access log (worker/log/access_log.hpp).

#include <cstdint>
#include <string>
#include <string_view>

#include "girin/base/unique_fd.hpp"
#include "girin/log.hpp"

namespace girin {

enum class LogFormat { text, json };

Result<LogLevel> parse_log_level(std::string_view name);

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
void set_log_level(LogLevel level);
/// How many lines the sink has refused since the process began.
std::uint64_t log_lines_dropped();

/// One record as it would be written, without the line's end; for the sink and for tests.
std::string format_log_line(LogFormat format, LogLevel level, std::int64_t unix_time_ms, int pid,
                            std::string_view message, LogFields fields);

}  // namespace girin
