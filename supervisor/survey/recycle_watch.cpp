#include "supervisor/survey/recycle_watch.hpp"

#include <array>
#include <string_view>

namespace girin {

std::optional<std::string> RecycleWatch::look(std::size_t slot, TimePoint ready_since, TimePoint now,
                                              std::optional<std::uint64_t> resident) {
    Seen& worker = seen(slot, ready_since);
    const bool is_large = needs_memory() && resident && *resident > limits_.memory_bytes;
    worker.samples_over = is_large ? worker.samples_over + 1 : 0;
    if (worker.samples_over >= kSamples) {
        return "max-memory: it holds " + size_text(*resident) + ", more than " + size_text(limits_.memory_bytes);
    }
    if (limits_.lifetime > Duration::zero() && now - ready_since >= worker.lifetime) {
        return "max-lifetime: it is ready since " + to_text(now - ready_since);
    }
    return std::nullopt;
}

RecycleWatch::Seen& RecycleWatch::seen(std::size_t slot, TimePoint ready_since) {
    Seen& worker = seen_[slot];
    if (worker.ready_since != ready_since) {
        worker = Seen();
        worker.ready_since = ready_since;
        worker.lifetime = draw_lifetime();
    }
    return worker;
}

Duration RecycleWatch::draw_lifetime() {
    const auto more = static_cast<std::uint64_t>(limits_.lifetime_jitter.count());
    return limits_.lifetime + Duration(static_cast<std::int64_t>(random_() % (more + 1)));
}

std::string size_text(std::uint64_t bytes) {
    constexpr std::array<std::string_view, 4> kUnits = {"bytes", "KiB", "MiB", "GiB"};
    std::size_t unit = 0;
    for (; unit + 1 < kUnits.size() && bytes >= 10 * 1024; ++unit) bytes /= 1024;
    return std::to_string(bytes) + " " + std::string(kUnits[unit]);
}

}  // namespace girin
