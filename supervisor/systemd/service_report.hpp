#pragma once

// What a service manager is told, and when: pure. The facts and the time go in, messages come out. Not here: sending
// (notify_socket.hpp), finding the facts (service_part.cpp).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "girin/base/clock.hpp"

namespace girin {

/// How the server is, as far as a service manager cares.
struct ServiceFacts {
    std::size_t ready = 0;
    std::size_t wanted = 0;
    std::uint32_t generation = 1;
    bool started = false;    // all workers were ready once
    bool reloading = false;
    bool upgrading = false;
    bool degraded = false;
    bool stopping = false;
    std::string trouble;     // while degraded: the last failure; else why the last reload or upgrade failed, if it did

    ServiceFacts() {}
    bool operator==(const ServiceFacts&) const = default;

    /// Somebody serves, or is on the way to it by the operator's will. A server whose workers all fail again and again
    /// isn't sound, and its manager may well start it anew.
    bool is_sound() const { return ready > 0 || !started || reloading || stopping || !degraded; }
    /// "4 of 4 workers ready, generation 2"; "degraded: …" in front of it, "reloading", "stopping".
    std::string to_text() const;
};

class ServiceReport {
  public:
    /// `watchdog`: how long the manager bears silence; 0: for ever.
    explicit ServiceReport(Duration watchdog = {}) : watchdog_(watchdog) {}

    /// A manager that asked for a reload waits for a report that is newer than its request.
    void on_reload_asked() { reload_asked_ = true; }
    /// The messages that are due now, in order. `now` is on the clock of CLOCK_MONOTONIC, as systemd wants it.
    std::vector<std::string> update(const ServiceFacts& facts, TimePoint now);
    /// When update() must be called again, even if nothing happens.
    std::optional<TimePoint> next_deadline() const;

    /// Twice in the time that a manager allows, so that one late turn is none.
    static constexpr int kSignsPerWatchdog = 2;
    /// While something takes its time, the manager is asked for so much more, half as often.
    static constexpr Duration kExtension = std::chrono::seconds(20);

  private:
    void tell_phase(const ServiceFacts& facts, TimePoint now, std::vector<std::string>& messages);
    void tell_alive(const ServiceFacts& facts, TimePoint now, std::vector<std::string>& messages);
    void ask_for_time(const ServiceFacts& facts, TimePoint now, std::vector<std::string>& messages);

    Duration watchdog_;
    std::string status_;  // as last told
    bool told_ready_ = false;
    bool told_reloading_ = false;
    bool reload_asked_ = false;
    bool told_stopping_ = false;
    std::optional<TimePoint> next_sign_;
    std::optional<TimePoint> next_extension_;
};

}  // namespace girin
