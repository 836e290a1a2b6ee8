#include "tests/load/totals.hpp"

#include <algorithm>
#include <numeric>

namespace girin::load {

std::string_view name_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::ok: return "ok";
        case Outcome::refused: return "refused";
        case Outcome::reset_before_bytes: return "reset before bytes";
        case Outcome::raced_close: return "raced close";
        case Outcome::reset_mid_response: return "reset mid-response";
        case Outcome::timed_out: return "timeout";
        case Outcome::server_error: return "5xx";
        case Outcome::short_body: return "short body";
        case Outcome::wrong_body: return "wrong body";
        case Outcome::wrong_answer: return "wrong answer";
    }
    return "";
}

std::uint64_t LoadTotals::requests() const {
    return std::accumulate(outcomes.begin(), outcomes.end(), std::uint64_t{0});
}

void LoadTotals::add(Outcome outcome, Duration since_start, Duration latency_of_it, std::string detail) {
    ++outcomes[static_cast<std::size_t>(outcome)];
    const auto index = static_cast<std::size_t>(std::chrono::floor<std::chrono::seconds>(since_start).count());
    if (timeline.size() <= index) timeline.resize(index + 1);
    Second& second = timeline[index];
    second.slowest = std::max(second.slowest, latency_of_it);
    if (outcome == Outcome::ok) {
        ++second.ok;
        latency.add(latency_of_it);
        return;
    }
    ++second.losses;
    if (first_losses.size() < kKeptLosses) first_losses.push_back({since_start, outcome, std::move(detail)});
}

}  // namespace girin::load
