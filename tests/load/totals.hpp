#pragma once

// What a load run found: how each request ended, when, and how fast. Plain values; not here: how they are found
// (load_client.hpp) and printed (report.hpp).

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/load/latency_histogram.hpp"

namespace girin::load {

/// How a request ended. All but `ok` are losses.
enum class Outcome {
    ok,                  // the expected status and body
    refused,             // no connection: refused, no such socket, or a Unix socket's queue is full
    reset_before_bytes,  // closed or reset without a byte of an answer, on a new connection
    raced_close,         // the same on a used connection: it was closed as we asked. A client may not retry a POST
                         // then, so girin promises that there are none: the answer before says `Connection: close`
    reset_mid_response,  // reset inside the answer, or closed inside its head
    timed_out,           // no whole answer in time
    server_error,        // 5xx
    short_body,          // closed inside the body, or the body is only the beginning of the expected one
    wrong_body,          // another body than expected
    wrong_answer,        // another status than expected, not HTTP, or more bytes than asked for
};
inline constexpr std::size_t kOutcomes = 10;

/// "ok", "reset before bytes".
std::string_view name_of(Outcome outcome);

/// One second of the run.
struct Second {
    std::uint64_t ok = 0;
    std::uint64_t losses = 0;
    Duration slowest{0};  // of those that ended in it
};

/// A request that was lost; the first few are kept.
struct Loss {
    Duration at{0};  // since the run began
    Outcome outcome{};
    std::string detail;  // errno, status, or the beginning of what came
};

struct LoadTotals {
    std::array<std::uint64_t, kOutcomes> outcomes{};
    std::uint64_t connections = 0;    // opened
    std::uint64_t idle_closes = 0;    // closed by the server between requests: its right, no loss
    std::uint64_t idle_resets = 0;    // reset between requests: no loss, but impolite
    std::uint64_t late_resets = 0;    // reset after a whole answer
    std::uint64_t not_sent = 0;       // the client had too many open, or no descriptor: says nothing of the server
    std::uint64_t in_flight = 0;      // sent, not ended yet
    LatencyHistogram latency;         // of the ok ones; open loop: since the time they were due
    std::vector<Second> timeline;
    std::vector<Loss> first_losses;
    Duration elapsed{0};

    static constexpr std::size_t kKeptLosses = 20;

    std::uint64_t count(Outcome outcome) const { return outcomes[static_cast<std::size_t>(outcome)]; }
    std::uint64_t ok() const { return count(Outcome::ok); }
    std::uint64_t losses() const { return requests() - ok(); }
    std::uint64_t requests() const;  // ended

    void add(Outcome outcome, Duration since_start, Duration latency_of_it, std::string detail);
};

}  // namespace girin::load
