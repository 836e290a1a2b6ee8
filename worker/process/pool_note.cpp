#include "worker/process/pool_note.hpp"

namespace girin {

void JobNote::reset() noexcept {
    tid = 0;
    extended = 0;
    since_ns = 0;
    deadline_ns = 0;
    request.reset();
}

void PoolNote::reset() noexcept {
    if (threads.load(std::memory_order_relaxed) == 0) return;  // never used: its pages need not exist
    busy = 0;
    waiting = 0;
    queued = 0;
    oldest_queued_ns = 0;
    last_progress_ns = 0;
    for (JobNote& job : jobs) job.reset();
    threads = 0;
}

bool PoolNote::stands_still(std::int64_t now_ns, std::int64_t for_ns) const noexcept {
    constexpr auto kRelaxed = std::memory_order_relaxed;
    const std::uint32_t all = threads.load(kRelaxed);
    const bool is_full = all != 0 && (busy.load(kRelaxed) >= all || queued.load(kRelaxed) > 0);
    return is_full && now_ns - last_progress_ns.load(kRelaxed) >= for_ns;
}

bool PoolNote::is_stuck(std::int64_t now_ns, std::int64_t for_ns) const noexcept {
    return waiting.load(std::memory_order_relaxed) == 0 && stands_still(now_ns, for_ns);
}

}  // namespace girin
