#pragma once

// What a master hands to its successor: a text with a version, in memory that both have, and the descriptors that it
// names. Not here: the successor's process (successor.hpp), which sockets are used (handed_sockets.hpp).

#include <cstdint>
#include <string>
#include <vector>

#include "girin/base/unique_fd.hpp"
#include "supervisor/sockets/handed_sockets.hpp"
#include "supervisor/sockets/listeners.hpp"

namespace girin {

/// One of a predecessor's sockets. The descriptor is borrowed.
struct HandoverSocket {
    int fd = -1;
    std::size_t lane = 0;
    bool foreign = false;
    dev_t file_device = 0;
    ino_t file_inode = 0;
    std::string bind;     // "127.0.0.1:0"
    std::string address;  // as the kernel has it: "127.0.0.1:41234"

    HandoverSocket() = default;
};

/// A worker that goes on while its master becomes another binary. The descriptor is borrowed; -1: it has closed its own.
struct Elder {
    pid_t pid = 0;
    int channel_fd = -1;
    bool is_monitor = false;

    Elder() = default;
    Elder(pid_t own_pid, int fd, bool monitor = false) : pid(own_pid), channel_fd(fd), is_monitor(monitor) {}
};

struct Handover {
    int channel_fd = -1;     // to the predecessor
    bool rehearsal = false;  // which will execute the binary itself if all is well
    int pidfile_fd = -1;     // locked; -1: it has none
    std::string pidfile;
    std::vector<HandoverSocket> sockets;
    std::vector<HandoverSocket> control;  // the monitor's

    bool in_place = false;      // the predecessor was this process: there is no channel, but its workers are our children
    int binary_fd = -1;         // what it ran, to go back to; -1: there is no way back
    std::string failure;        // why the binary that was tried meanwhile has failed
    std::vector<Elder> elders;
    int requests_fd = -1;               // to the monitor among them; -1: nobody waits there for an answer
    std::vector<std::uint64_t> askers;  // who has asked for the upgrade there, by their requests' numbers

    Handover() = default;
};

/// Names the number of the descriptor that the text is read from, in a successor's environment.
inline constexpr const char* kHandoverVariable = "GIRIN_HANDOVER";
inline constexpr int kHandoverVersion = 3;

std::vector<HandoverSocket> to_handover(const ListenerSet& listeners);

/// Errors: a path with a tab or a line's end in it, which can't be told.
Result<std::string> to_text(const Handover& handover);
/// Errors: another version, or not such a text; then nothing is known of its descriptors.
Result<Handover> parse_handover(const std::string& text);

/// Descriptor of memory with this text. Errors: no memory or descriptors; more than a megabyte.
Result<UniqueFd> write_to_memory(const std::string& text);
/// All of it. Errors: no such memory, more than a megabyte, or not to be read whole.
Result<std::string> read_memory(int fd);

/// Sockets that a handover names, each checked against what the kernel says of it. Errors: one isn't what it should be.
Result<HandedSockets> take_sockets(const std::vector<HandoverSocket>& all);

}  // namespace girin
