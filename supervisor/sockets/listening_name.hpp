#pragma once

// The name under which a service manager keeps one of our listening sockets (systemd's FDNAME), so that the next master
// knows it again: its lane, and which file belongs to it. The address is the kernel's to tell.

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace girin {

struct ListeningName {
    std::size_t lane = 0;
    dev_t device = 0;  // of a Unix socket's file
    ino_t inode = 0;   // 0: it has none

    ListeningName() = default;
};

/// "girin.0.0.0.127.0.0.1-8000": what is needed to know it again, and the address so that no two have the same name
/// and people can read it. Without colons and longer parts than a manager takes.
std::string to_text(const ListeningName& name, std::string_view address);
/// Nothing: not one of ours.
std::optional<ListeningName> parse_listening_name(std::string_view text);

}  // namespace girin
