#pragma once

// The line between a master and its successor: short texts, one a message, never waited for.

#include <optional>
#include <string>
#include <string_view>

namespace girin {

// From the predecessor.
inline constexpr std::string_view kTakeOver = "take";
inline constexpr std::string_view kGiveUp = "give up";
inline constexpr std::string_view kFinish = "finish";  // it was a rehearsal, and is over
// From the successor; `kUnwell` is followed by a reason.
inline constexpr std::string_view kReady = "ready";
inline constexpr std::string_view kUnwell = "unwell ";
inline constexpr std::string_view kTaken = "taken";
inline constexpr std::string_view kTakenInPart = "taken in part";  // some of the sockets are nobody's any more

/// A peer that is gone doesn't hear it, and its end is told otherwise.
void say(int fd, std::string_view text);

struct HeardLine {
    std::optional<std::string> text;  // none: nothing waits
    bool closed = false;              // and nothing will come: the other side is gone

    HeardLine() = default;
};
HeardLine hear(int fd);

}  // namespace girin
