#pragma once

// Delay: a length of time as an argument, in any unit of std::chrono: sleep_for(0.5s), timeout(20min, …).

#include <chrono>
#include <stdexcept>
#include <type_traits>

#include "girin/base/clock.hpp"

namespace girin {

/// Longer than a Duration can say: the longest. Errors: std::invalid_argument for one that is no number.
class Delay {
  public:
    template <class Rep, class Period>
    constexpr Delay(std::chrono::duration<Rep, Period> length) : length_(to_duration(length)) {}
    constexpr operator Duration() const noexcept { return length_; }

  private:
    template <class Rep, class Period>
    static constexpr Duration to_duration(std::chrono::duration<Rep, Period> length) {
        if constexpr (std::is_same_v<std::chrono::duration<Rep, Period>, Duration>) {
            return length;
        } else {
            const std::chrono::duration<double, std::nano> rough(length);
            if (rough.count() != rough.count()) throw std::invalid_argument("a length of time is a number");
            if (rough.count() >= double(Duration::max().count())) return Duration::max();
            if (rough.count() <= double(Duration::min().count())) return Duration::min();
            return std::chrono::duration_cast<Duration>(length);
        }
    }

    Duration length_;
};

}  // namespace girin
