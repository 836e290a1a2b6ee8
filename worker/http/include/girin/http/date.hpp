#pragma once

// The Date field's value (RFC 9110 §5.6.7), made once a second.

#include <array>
#include <ctime>
#include <string_view>

namespace girin {

inline constexpr std::size_t kHttpDateBytes = 29;  // "Sun, 06 Nov 1994 08:49:37 GMT"
using HttpDate = std::array<char, kHttpDateBytes>;

/// IMF-fixdate of a time in years 1970–9999; a time outside is moved to the nearest inside.
HttpDate http_date(std::time_t time);

class DateCache {
  public:
    /// Valid until the next call. The wall clock is the caller's to read, once a turn.
    std::string_view at(std::time_t now) {
        if (now != second_) {
            date_ = http_date(now);
            second_ = now;
        }
        return {date_.data(), date_.size()};
    }
    /// The time that at() was called with last.
    std::time_t second() const { return second_; }

  private:
    std::time_t second_ = 0;
    HttpDate date_ = http_date(0);
};

}  // namespace girin
