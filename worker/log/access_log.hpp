#pragma once

// The access log of a worker: gathers lines and writes them together, never waiting. Not here: how a line looks
// (access_format.hpp) and when the connection layer calls (server.cpp).

#include <cstdint>
#include <optional>
#include <string>

#include "loop/base/line_sink.hpp"
#include "worker/log/access_format.hpp"
#include "worker/process/options.hpp"

namespace girin {

class AccessLog {
  public:
    /// Disabled until open().
    AccessLog() = default;
    AccessLog(const AccessLog&) = delete;
    AccessLog& operator=(const AccessLog&) = delete;
    /// Writes what is gathered.
    ~AccessLog();

    /// Errors: a bad format, a file that can't be opened; the log stays as it was. Options that don't enable it
    /// disable it.
    Result<void> open(const AccessLogOptions& options);
    /// Cheap: to be asked before a record is filled.
    bool is_enabled() const { return format_.has_value(); }

    /// Gathers one line; writes only when much is gathered.
    void add(const AccessRecord& record);
    /// Writes what is gathered; to be called once a turn of the loop. What the file or pipe refuses is lost and
    /// counted.
    void flush();
    bool is_empty() const { return lines_.empty(); }

    /// After a rotation: what somebody else has opened anew.
    void use(UniqueFd opened);
    /// Writes that were refused, in whole or in part.
    std::uint64_t dropped() const { return sink_.dropped(); }

  private:
    void choose_write_size();

    LineSink sink_;
    std::optional<AccessFormat> format_;
    std::string lines_;
    std::size_t write_size_ = 0;
};

}  // namespace girin
