#include "loop/base/clock.hpp"

#include <cstdio>

namespace girin {

std::string to_text(Duration duration) {
    const double seconds = std::chrono::duration<double>(duration).count();
    char text[32];
    if (seconds < 0.001) {
        std::snprintf(text, sizeof text, "%.0f us", seconds * 1e6);
    } else if (seconds < 1) {
        std::snprintf(text, sizeof text, "%.3g ms", seconds * 1e3);
    } else if (seconds < 120) {
        std::snprintf(text, sizeof text, "%.3g s", seconds);
    } else {
        std::snprintf(text, sizeof text, "%.0f min", seconds / 60);
    }
    return text;
}

}  // namespace girin
