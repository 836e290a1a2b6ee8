#pragma once

// What the master has to say on a channel whose reader doesn't read it just now: kept, and said again until it is taken,
// so that nobody waits for words that were never sent. Never blocks. Not here: the channel's packets (worker/process/channel.hpp).

#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "girin/base/clock.hpp"
#include "worker/process/channel.hpp"

namespace girin {

class Outbox {
  public:
    static constexpr std::size_t kMost = 256;  // messages kept; of those for a worker there is one of each kind at most
    static constexpr Duration kRetry = std::chrono::milliseconds(100);

    /// In order, now or later; descriptors are copied where it is later. Of `drain`, `quit`, `reopen_logs` and `log_level`
    /// the last one counts, and takes the place of the one before.
    /// Errors: it is lost: the reader is gone, or more than kMost wait.
    Result<void> send(int channel_fd, const Message& message, std::span<const int> descriptors, TimePoint now);
    /// When on_deadline() is due; nothing: all has been said.
    std::optional<TimePoint> next_deadline() const;
    /// Errors: the reader is gone, and what was kept is lost.
    Result<void> on_deadline(int channel_fd, TimePoint now);
    bool empty() const { return kept_.empty(); }
    void clear() { kept_.clear(); }

  private:
    struct Kept {
        Message message;
        std::vector<UniqueFd> descriptors;
    };

    Result<void> keep(const Message& message, std::span<const int> descriptors, TimePoint now);

    std::deque<Kept> kept_;
    TimePoint retry_at_{};
};

}  // namespace girin
