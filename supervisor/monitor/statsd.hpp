#pragma once

// Metrics sent to a statsd server by UDP, under Gunicorn's names, so that dashboards made for it fit. Nothing is waited
// for, and what gets lost is lost.

#include <string>

#include "girin/base/unique_fd.hpp"
#include "supervisor/monitor/snapshot.hpp"

namespace girin {

/// What has changed between two snapshots, one metric a line: "shop.gunicorn.requests:12|c".
std::string statsd_text(const Snapshot& before, const Snapshot& now, const std::string& prefix);

class Statsd {
  public:
    /// `host` is HOST:PORT. Blocks: looks a name up. Errors: it can't be found.
    static Result<Statsd> open_blocking(const std::string& host, const std::string& prefix);

    void send(const Snapshot& now);

  private:
    static constexpr std::size_t kDatagramBytes = 1400;  // fits a usual network's frame

    UniqueFd socket_;
    std::string prefix_;
    std::optional<Snapshot> before_;
};

}  // namespace girin
