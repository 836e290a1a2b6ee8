#include "supervisor/monitor/master_board.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

namespace girin {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr int kTries = 1000;

}  // namespace

struct MasterBoard::Memory {
    Published<MasterFacts> master;
    std::atomic<std::uint64_t> last_event;
    std::array<Published<EventFacts>, kEvents> events;
    std::atomic<std::uint64_t> handover;  // odd: a line is being taken over
    Published<WorkTotals> departed;
    // Behind it: one Published<SlotFacts> a slot.
};

std::string_view to_text(ExitKind kind) {
    constexpr std::array<std::string_view, kExitKinds> kTexts = {
        "finished", "left", "failed", "crashed", "killed_by_us", "out_of_memory", "killed_outside"};
    return kTexts[static_cast<std::size_t>(kind)];
}

void WorkTotals::add(const ScoreboardSlot& line) {
    requests += line.requests.load(kRelaxed);
    accepted += line.accepted.load(kRelaxed);
    errors_5xx += line.errors_5xx.load(kRelaxed);
    latency_sum_us += line.latency_sum_us.load(kRelaxed);
    for (std::size_t i = 0; i < latency.size(); ++i) latency[i] += line.latency[i].load(kRelaxed);
}

void WorkTotals::add(const WorkTotals& other) {
    requests += other.requests;
    accepted += other.accepted;
    errors_5xx += other.errors_5xx;
    latency_sum_us += other.latency_sum_us;
    for (std::size_t i = 0; i < latency.size(); ++i) latency[i] += other.latency[i];
}

MasterBoard::MasterBoard() = default;
MasterBoard::MasterBoard(MasterBoard&& other) noexcept = default;
MasterBoard& MasterBoard::operator=(MasterBoard&& other) noexcept = default;
MasterBoard::~MasterBoard() = default;

Result<MasterBoard> MasterBoard::create(std::size_t slots) {
    const std::size_t bytes = sizeof(Memory) + slots * sizeof(Published<SlotFacts>);
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return Error::from_errno(errno, "map the master's board");
    MasterBoard board;
    board.memory_ = std::unique_ptr<Memory, Unmap>(static_cast<Memory*>(memory), Unmap(bytes));  // zeroed pages are valid atomics
    board.slots_ = slots;
    board.published_slots_.resize(slots);
    return board;
}

void MasterBoard::Unmap::operator()(Memory* memory) const { ::munmap(static_cast<void*>(memory), bytes); }

Published<SlotFacts>* MasterBoard::slot_facts() const {
    return reinterpret_cast<Published<SlotFacts>*>(memory_.get() + 1);
}

void MasterBoard::publish(const MasterFacts& facts) {
    if (!memory_ || facts == published_) return;
    published_ = facts;
    memory_->master.store(facts);
}

void MasterBoard::publish(std::size_t slot, const SlotFacts& facts) {
    if (!memory_ || facts == published_slots_[slot]) return;
    published_slots_[slot] = facts;
    slot_facts()[slot].store(facts);
}

void MasterBoard::add_event(LogLevel level, std::string_view text, std::int64_t unix_ms) {
    if (!memory_) return;
    EventFacts event;
    event.number = memory_->last_event.load(kRelaxed) + 1;
    event.at_unix_ms = unix_ms;
    event.level = static_cast<std::uint8_t>(level);
    event.text = FixedText<480>(text);
    memory_->events[event.number % kEvents].store(event);
    memory_->last_event.store(event.number, std::memory_order_release);
}

void MasterBoard::take_over(ScoreboardSlot& line) {
    if (!memory_) return line.reset();
    WorkTotals departed = memory_->departed.load();
    departed.add(line);
    memory_->handover.fetch_add(1);
    memory_->departed.store(departed);
    line.reset();
    memory_->handover.fetch_add(1);
}

MasterFacts MasterBoard::master() const { return memory_->master.load(); }
SlotFacts MasterBoard::slot(std::size_t slot) const { return slot_facts()[slot].load(); }
std::uint64_t MasterBoard::last_event() const { return memory_->last_event.load(std::memory_order_acquire); }

std::vector<EventFacts> MasterBoard::events(std::uint64_t after) const {
    const std::uint64_t last = last_event();
    std::vector<EventFacts> events;
    for (std::uint64_t n = std::max(after, last > kEvents ? last - kEvents : 0) + 1; n <= last; ++n) {
        const EventFacts event = memory_->events[n % kEvents].load();
        if (event.number == n) events.push_back(event);  // else it was written over meanwhile
    }
    return events;
}

WorkTotals MasterBoard::totals(ScoreboardLines board) const {
    WorkTotals totals;
    for (int tries = 0; tries < kTries; ++tries) {
        if (tries > 0) std::this_thread::yield();
        const std::uint64_t before = memory_->handover.load();
        totals = memory_->departed.load();
        for (std::size_t slot = 0; slot < board.size(); ++slot) totals.add(board[slot]);
        std::atomic_thread_fence(std::memory_order_acquire);
        if (before % 2 == 0 && memory_->handover.load() == before) break;
    }
    return totals;
}

std::int64_t unix_time_ms() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace girin
