#pragma once

// What master and zygote say to each other: one SOCK_SEQPACKET pair, one message a packet. Orders go with the descriptors
// of the worker that is to be forked; reports are those of a process that runs an application's code, and so may be
// anything: what is no report of ours ends the conversation. Not here: what is done about a report (zygotes.hpp).

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "girin/log.hpp"
#include "girin/base/unique_fd.hpp"
#include "worker/process/listener_socket.hpp"

namespace girin {

/// Fork a worker. On the wire its descriptors follow in this order: channel, logs, listeners.
struct ZygoteOrder {
    std::uint64_t number = 0;
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    std::optional<unsigned> cpu;  // the one processor to run on
    LogLevel log_level = LogLevel::info;
    int channel_fd = -1;     // the worker's end
    int error_log_fd = -1;   // -1: there is none
    int access_log_fd = -1;
    std::vector<ListenerSocket> listeners;

    /// What the kernel lets one packet carry, less some.
    static constexpr std::size_t kMostDescriptors = 250;
    static constexpr std::size_t kMostText = 60'000;  // of all addresses

    ZygoteOrder() = default;
};

/// Errors: more listeners, or longer addresses, than a packet takes; the zygote is gone, or doesn't read. Never blocks;
/// descriptors are borrowed, and the zygote gets copies.
Result<void> send_order(int channel_fd, const ZygoteOrder& order);

/// What a received order holds beside its numbers.
struct ReceivedOrder {
    ZygoteOrder order;
    std::vector<UniqueFd> descriptors;  // those that it names

    ReceivedOrder() = default;
};

/// Blocks until there is one. None: the master is gone, or has closed the channel.
std::optional<ReceivedOrder> receive_order_blocking(int channel_fd);

enum class ZygoteSays : std::uint8_t {
    loaded,       // the application is there, and no thread with it
    not_loaded,   // value: exit code of a worker that couldn't; text: why; it ends next
    forked,       // number: of the order; value: the worker's pid
    not_forked,   // number: of the order; text: why
};
inline constexpr ZygoteSays kLastOfZygoteSays = ZygoteSays::not_forked;

struct ZygoteReport {
    ZygoteSays says = ZygoteSays::loaded;
    std::uint64_t number = 0;
    std::int64_t value = 0;
    std::string text;  // cut to kMostText

    static constexpr std::size_t kMostText = 4000;

    ZygoteReport() = default;
    ZygoteReport(ZygoteSays what, std::uint64_t order, std::int64_t v = 0, std::string t = {})
        : says(what), number(order), value(v), text(std::move(t)) {}
};

std::vector<std::byte> pack(const ZygoteReport& report);
/// Pure; nothing: it is none. Control characters in its text are blanks afterwards.
std::optional<ZygoteReport> unpack_report(std::span<const std::byte> packet);

/// False: the master is gone.
bool send_report(int channel_fd, const ZygoteReport& report);

enum class ReceivedReport { report, nothing_yet, closed, broken };
/// Never blocks. `broken`: what was said is no report. Takes no descriptors.
ReceivedReport receive_report(int channel_fd, ZygoteReport& report);

/// A pair of ends, the master's first. Errors: no more descriptors.
Result<std::pair<UniqueFd, UniqueFd>> make_zygote_pair();

/// The first packet on a new worker's channel, and the only one of its kind: it is the master's child from now on. Until
/// then it touches nothing that isn't its own.
bool send_go(int channel_fd);
/// Blocks until it has come. False: the master has let go of this worker, or is gone.
bool receive_go_blocking(int channel_fd);

}  // namespace girin
