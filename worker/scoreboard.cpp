#include "worker/scoreboard.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <utility>

namespace girin {

void CrashNote::reset() {
    signo = 0;
    code = 0;
    tid = 0;
    told = 0;
    address = 0;
}

void ScoreboardSlot::reset() {
    pid = 0;
    generation = 0;
    turns = 0;
    last_tick_ns = 0;
    callback_start_ns = 0;
    accepting = 0;
    connections = 0;
    requests_in_flight = 0;
    requests = 0;
    accepted = 0;
    errors_5xx = 0;
    program = 0;
    crash.reset();
    request.reset();
    busy_ns = 0;
    lag_ns = 0;
    latency_sum_us = 0;
    for (auto& count : latency) count = 0;
}

void ScoreboardSlot::count_latency(std::int64_t microseconds, std::uint64_t times) {
    constexpr auto kRelaxed = std::memory_order_relaxed;
    std::size_t bucket = 0;
    while (bucket < kLatencyBounds_us.size() && microseconds > kLatencyBounds_us[bucket]) ++bucket;
    latency[bucket].store(latency[bucket].load(kRelaxed) + times, kRelaxed);
    const std::uint64_t sum_us = static_cast<std::uint64_t>(microseconds) * times;
    latency_sum_us.store(latency_sum_us.load(kRelaxed) + sum_us, kRelaxed);
}

Result<Scoreboard> Scoreboard::create(std::size_t slots) {
    const std::size_t bytes = slots * sizeof(ScoreboardSlot);
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return Error::from_errno(errno, "map the scoreboard");
    Scoreboard board;
    board.slots_ = {static_cast<ScoreboardSlot*>(memory), slots};  // zeroed pages are valid atomics
    return board;
}

Scoreboard::Scoreboard(Scoreboard&& other) noexcept : slots_(std::exchange(other.slots_, {})) {}

Scoreboard& Scoreboard::operator=(Scoreboard&& other) noexcept {
    std::swap(slots_, other.slots_);
    return *this;
}

Scoreboard::~Scoreboard() {
    if (!slots_.empty()) ::munmap(slots_.data(), slots_.size_bytes());
}

}  // namespace girin
