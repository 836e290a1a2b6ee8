#include "girin/base/clock.hpp"

#include <cstdio>

namespace girin {

std::string to_text(Duration duration) {
    const double seconds = std::chrono::duration<double>(duration).count();
    char text[32];
    // Each limit is where the unit above it would be printed, rounded as it is.
    if (seconds < 0.0009995) {
        std::snprintf(text, sizeof text, "%.0f us", seconds * 1e6);
    } else if (seconds < 0.9995) {
        std::snprintf(text, sizeof text, "%.3g ms", seconds * 1e3);
    } else if (seconds < 120) {
        std::snprintf(text, sizeof text, "%.3g s", seconds);
    } else {
        std::snprintf(text, sizeof text, "%.0f min", seconds / 60);
    }
    return text;
}

}  // namespace girin
