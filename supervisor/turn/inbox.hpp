#pragma once

// What is to be dealt with next: events, on which the Fleet decides, and orders, which all parts hear. First in, first
// out, so that what follows from one thing comes after what was put before. Not here: dealing with it (supervisor.hpp).

#include <deque>
#include <optional>
#include <utility>
#include <variant>

#include "supervisor/fleet/fleet_event.hpp"
#include "supervisor/turn/order.hpp"

namespace girin {

class Inbox {
  public:
    using Item = std::variant<FleetEvent, Order>;

    void put(FleetEvent event) { items_.emplace_back(std::move(event)); }
    void put(Order order) { items_.emplace_back(std::move(order)); }

    std::optional<Item> next() {
        if (items_.empty()) return std::nullopt;
        std::optional<Item> item(std::move(items_.front()));
        items_.pop_front();
        return item;
    }
    bool empty() const { return items_.empty(); }

  private:
    std::deque<Item> items_;
};

}  // namespace girin
