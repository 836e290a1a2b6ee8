#include "supervisor/upgrade/predecessor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "supervisor/upgrade/execute.hpp"

namespace girin {

Result<std::optional<Predecessor>> Predecessor::take() {
    std::optional<Predecessor> taken;
    const char* const value = std::getenv(kHandoverVariable);
    if (!value) return taken;
    int number = -1;
    std::from_chars(value, value + std::strlen(value), number);
    ::unsetenv(kHandoverVariable);
    const auto text = read_memory(number);
    if (!text) return text.error();
    const UniqueFd memory(number);
    auto handover = parse_handover(*text);
    if (!handover) return handover.error();
    taken.emplace();
    taken->channel_.reset(handover->channel_fd);
    for (const int fd : descriptors_of(*handover)) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    taken->handover_ = std::move(*handover);
    return taken;
}

}  // namespace girin
