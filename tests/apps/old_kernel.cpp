// Runs a program as if the kernel were an old one, or a container's filter in the way: calls that came after Linux 5.8
// answer ENOSYS, and memfd_create() doesn't know MFD_NOEXEC_SEAL.
//   old_kernel PROGRAM [ARGUMENT…]

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <vector>

namespace {

constexpr unsigned kNoExecSeal = 8;
constexpr long kUnknown[] = {SYS_close_range, SYS_openat2, SYS_faccessat2, SYS_clone3, 441 /* epoll_pwait2 */};

sock_filter load(std::size_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset)); }

sock_filter answer(int error) { return BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)); }

/// The next instruction is for those that are alike, the one after it for all others.
sock_filter unless_equal_skip(long value) {
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(value), 0, 1);
}

std::vector<sock_filter> old_kernel() {
    std::vector<sock_filter> filter = {load(offsetof(seccomp_data, nr))};
    for (const long number : kUnknown) {
        filter.push_back(unless_equal_skip(number));
        filter.push_back(answer(ENOSYS));
    }
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(SYS_memfd_create), 0, 3));
    filter.push_back(load(offsetof(seccomp_data, args) + sizeof(__u64)));  // of little-endian words, the lower half
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kNoExecSeal, 0, 1));
    filter.push_back(answer(EINVAL));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    return filter;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    std::vector<sock_filter> filter = old_kernel();
    const sock_fprog program = {static_cast<unsigned short>(filter.size()), filter.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        std::perror("old_kernel: no filter may be set here");
        return 77;
    }
    ::execv(argv[1], argv + 1);
    std::perror("old_kernel: exec");
    return 1;
}
