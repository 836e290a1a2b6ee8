#include "worker/process/scoreboard.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

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
    turns = 0;
    last_tick_ns = 0;
    callback_start_ns = 0;
    leaving_since_ns = 0;
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
    pool.reset();
}

void ScoreboardSlot::count_latency(std::int64_t microseconds, std::uint64_t times) {
    constexpr auto kRelaxed = std::memory_order_relaxed;
    std::size_t bucket = 0;
    while (bucket < kLatencyBounds_us.size() && microseconds > kLatencyBounds_us[bucket]) ++bucket;
    latency[bucket].store(latency[bucket].load(kRelaxed) + times, kRelaxed);
    const std::uint64_t sum_us = static_cast<std::uint64_t>(microseconds) * times;
    latency_sum_us.store(latency_sum_us.load(kRelaxed) + sum_us, kRelaxed);
}

namespace {

std::size_t page_bytes() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

/// So many bytes of memory as a file; none where the kernel refuses that.
UniqueFd make_file(std::size_t bytes) {
    UniqueFd file(::memfd_create("girin-scoreboard", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (file && ::ftruncate(file.get(), static_cast<off_t>(bytes)) != 0) file.reset();
    return file;
}

}  // namespace

Result<Scoreboard> Scoreboard::create(std::size_t slots) {
    Scoreboard board;
    const std::size_t page = page_bytes();
    board.count_ = slots;
    board.stride_ = (sizeof(ScoreboardSlot) + page - 1) / page * page;
    board.file_ = make_file(board.bytes());
    const int flags = MAP_SHARED | (board.file_ ? 0 : MAP_ANONYMOUS);
    void* memory = ::mmap(nullptr, board.bytes(), PROT_READ | PROT_WRITE, flags, board.file_.get(), 0);
    if (memory == MAP_FAILED) return Error::from_errno(errno, "map the scoreboard");
    board.first_ = static_cast<std::byte*>(memory);  // zeroed pages are valid atomics
    constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
    if (board.file_ && ::fcntl(board.file_.get(), F_ADD_SEALS, kSeals) != 0) board.file_.reset();
    return board;
}

/// A mapping of a sealed file that is made without the right to write never gets it; one that has it can be given up but
/// taken back.
Result<void> Scoreboard::make_readable_only(std::size_t from, std::size_t to) {
    if (from == to) return {};
    const bool done = file_ ? ::mmap(first_ + from, to - from, PROT_READ, MAP_SHARED | MAP_FIXED, file_.get(),
                                     static_cast<off_t>(from)) != MAP_FAILED
                            : ::mprotect(first_ + from, to - from, PROT_READ) == 0;
    if (!done) return Error::from_errno(errno, "lock the scoreboard");
    return {};
}

Result<void> Scoreboard::hold_still() {
    if (bytes() > 0 && ::mprotect(first_, bytes(), PROT_READ) != 0) return Error::from_errno(errno, "lock the scoreboard");
    return {};
}

Result<void> Scoreboard::keep_writable(std::optional<std::size_t> own) {
    const std::size_t from = own ? *own * stride_ : bytes();
    const std::size_t to = own ? from + stride_ : bytes();
    if (auto below = make_readable_only(0, from); !below) return below;
    if (auto above = make_readable_only(to, bytes()); !above) return above;
    if (from != to && ::mprotect(first_ + from, to - from, PROT_READ | PROT_WRITE) != 0) {  // after hold_still()
        return Error::from_errno(errno, "open a line of the scoreboard");
    }
    file_.reset();
    return {};
}

Scoreboard::Scoreboard(Scoreboard&& other) noexcept { *this = std::move(other); }

Scoreboard& Scoreboard::operator=(Scoreboard&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(first_, other.first_);
    std::swap(count_, other.count_);
    std::swap(stride_, other.stride_);
    return *this;
}

Scoreboard::~Scoreboard() {
    if (first_ != nullptr) ::munmap(first_, bytes());
}

}  // namespace girin
