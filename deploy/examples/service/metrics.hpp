#pragma once

// Metrics of the application's own, as statsd datagrams: each worker is a process, and whoever collects adds them up. girin
// counts requests, times and workers by itself (--statsd-host, /metrics).

#include <girin/base/unique_fd.hpp>

#include <string>
#include <string_view>

namespace notes {

/// Never waits, never fails: what can't be sent is dropped.
class Metrics {
  public:
    /// "HOST:PORT", numbers; empty: nothing is sent. Errors: std::runtime_error for anything else.
    explicit Metrics(const std::string& address);

    void count(std::string_view name) const;

  private:
    girin::UniqueFd socket_;
};

}  // namespace notes
