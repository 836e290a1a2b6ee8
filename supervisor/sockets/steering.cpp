#include "supervisor/sockets/steering.hpp"

#include <linux/filter.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace girin {
namespace {

std::vector<std::uint32_t> marked_of(const std::vector<bool>& live) {
    std::vector<std::uint32_t> marked;
    for (std::size_t i = 0; i < live.size(); ++i) {
        if (live[i]) marked.push_back(static_cast<std::uint32_t>(i));
    }
    return marked;
}

/// "n = random % size; if n == 0 return marked[0]; if n == 1 return marked[1]; …"
std::vector<sock_filter> make_program(const std::vector<std::uint32_t>& marked) {
    std::vector<sock_filter> program;
    program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM)));
    program.push_back(BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, static_cast<std::uint32_t>(marked.size())));
    for (std::uint32_t i = 0; i < marked.size(); ++i) {
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, i, 0, 1));
        program.push_back(BPF_STMT(BPF_RET | BPF_K, marked[i]));
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K, marked.front()));
    return program;
}

Result<void> spread_over_all(int fd) {
    const int on = 1;
    if (::setsockopt(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &on, sizeof on) == 0) return {};
    if (errno == ENOENT || errno == EINVAL) return {};  // there was no filter
    return Error::from_errno(errno, "spread connections over all sockets");
}

}  // namespace

Result<void> steer_reuse_port_group(int fd, const std::vector<bool>& live) {
    const std::vector<std::uint32_t> marked = marked_of(live);
    if (marked.empty() || marked.size() == live.size()) return spread_over_all(fd);
    std::vector<sock_filter> code = make_program(marked);
    if (code.size() > BPF_MAXINSNS) return Error("steer connections: too many sockets for one filter");
    sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) != 0) {
        return Error::from_errno(errno, "steer connections");
    }
    return {};
}

}  // namespace girin
