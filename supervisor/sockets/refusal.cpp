#include "supervisor/sockets/refusal.hpp"

#include <linux/filter.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "girin/base/unique_fd.hpp"
#include "worker/process/listener_socket.hpp"

namespace girin {
namespace {

// A socket's filter sees the packet from its TCP header on.
constexpr std::uint32_t kFlagsOffset = 13;
constexpr std::uint32_t kSyn = 0x02;
constexpr std::uint32_t kWholePacket = 0xffffffff;

Result<void> attach_filter(int fd) {
    std::array<sock_filter, 4> code = {{
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlagsOffset),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kSyn, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, kWholePacket),
    }};
    sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
        return Error::from_errno(errno, "refuse new connections");
    }
    return {};
}

}  // namespace

Result<void> drop_connection_attempts(int fd) {
    if (attach_filter(fd)) return {};
    return refuse_by_hops(fd);
}

Result<void> can_drop_connection_attempts() {
    const UniqueFd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return probe ? drop_connection_attempts(probe.get()) : Result<void>();  // no IPv4: nobody knows
}

}  // namespace girin
