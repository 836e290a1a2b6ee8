#pragma once

// The channel between master and worker: one SOCK_SEQPACKET pair a worker, one message a packet, both ends in this
// file. The end of the master's side tells a worker that its master is gone. Not here: waiting (each side has its own
// wait).

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "girin/base/unique_fd.hpp"

namespace girin {

enum class MessageKind : std::uint8_t {
    // worker → master
    ready,         // application started and listeners armed
    boot_failed,   // text: why; the worker exits next
    recycle,       // text: why; the worker serves on and asks for a replacement ("max-requests", "SIGTERM")
    draining,      // no newcomer is wanted any more: the worker only takes what is queued, if that; its lane is steered away
    crashed,       // from its crash handler; the scoreboard has the rest, and it waits for CrashNote::told
    // master → worker
    drain,         // stop accepting, finish within value milliseconds, exit 0
    quit,          // close everything now, exit 0
    reopen_logs,   // value: which of them come along, opened anew by the master (HandedLog)
    log_level,     // text: the least that is logged from now on
    // monitor → master, on a channel of their own
    request,       // value: a number to be answered with; text: what is asked (supervisor/control/control_desk.hpp)
    // master → monitor
    answer,        // value: the request's number; text: what came of it
    // worker → master; the kinds' numbers stay, since a binary may have another's workers (upgrade/elders.hpp)
    leaving,       // its loop has ended, and it clears away
    // master → its own monitor
    taken,         // value: the request's number; it was read, and an answer follows
    // worker → master
    listeners_closed,  // what is queued there is nobody's of this worker from now on; a program of --exec never says so
};
inline constexpr MessageKind kLastMessageKind = MessageKind::listeners_closed;

/// The text of a `drain` to a worker that nobody comes after: the server stops, or its queue was its alone. The
/// master has seen to it that the queue doesn't grow, and the worker takes what is left in it.
inline constexpr const char* kDrainLast = "last";

/// What a `reopen_logs` brings along, in this order.
enum class HandedLog : std::uint8_t { error = 1, access = 2 };

struct Message {
    MessageKind kind{};
    std::int64_t value = 0;
    std::string text;  // cut to kMaxText when sent: see cut_message_text

    static constexpr std::size_t kMaxText = 4000;

    Message() = default;
    explicit Message(MessageKind k, std::int64_t v = 0, std::string t = {})
        : kind(k), value(v), text(std::move(t)) {}
};

/// `text`, or where it is too long what fits of it, whole characters, and "…".
std::string cut_message_text(std::string text);

/// Never blocks. Errors: the peer is gone (EPIPE), or its queue is full (EAGAIN). The peer gets `descriptors` as its own,
/// kMostDescriptors at most.
inline constexpr std::size_t kMostDescriptors = 2;
Result<void> send_message(int channel_fd, const Message& message, std::span<const int> descriptors = {});

/// The same for a kind alone, from a signal handler: async-signal-safe. False: it was not sent.
bool send_bare_message(int channel_fd, MessageKind kind) noexcept;

enum class Received { message, nothing_yet, closed };
/// Never blocks. `closed` also when a packet isn't one of ours.
Received receive_message(int channel_fd, Message& message);
/// The same, for who takes descriptors; those of this message alone.
Received receive_message(int channel_fd, Message& message, std::vector<UniqueFd>& descriptors);

}  // namespace girin
