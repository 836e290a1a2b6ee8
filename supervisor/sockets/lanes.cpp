#include "supervisor/sockets/lanes.hpp"

#include <algorithm>

namespace girin {

std::size_t choose_lane(const Workers& workers, std::uint32_t generation, std::size_t lanes) {
    std::vector<bool> taken(lanes), taken_by_siblings(lanes);
    for (const auto& [slot, worker] : workers) {
        if (worker.lane >= lanes || !worker.accepting) continue;
        taken[worker.lane] = true;
        if (worker.generation == generation) taken_by_siblings[worker.lane] = true;
    }
    const auto orphan = std::ranges::find(taken, false);
    if (orphan != taken.end()) return static_cast<std::size_t>(orphan - taken.begin());
    const auto leaving = std::ranges::find(taken_by_siblings, false);
    return static_cast<std::size_t>(leaving - taken_by_siblings.begin());
}

bool is_alone_in_lane(const Workers& workers, std::size_t slot) {
    const auto own = workers.find(slot);
    return own != workers.end() && std::ranges::none_of(workers, [&](const auto& entry) {
        const auto& [other, worker] = entry;
        return other != slot && worker.accepting && !worker.asked_to_stop && worker.lane == own->second.lane;
    });
}

std::vector<bool> served_lanes(const Workers& workers, std::size_t lanes) {
    std::vector<bool> served(lanes);
    for (const auto& [slot, worker] : workers) {
        if (worker.ready_at && worker.accepting && worker.lane < lanes && !worker.lagging) served[worker.lane] = true;
    }
    return served;
}

}  // namespace girin
