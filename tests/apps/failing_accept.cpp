// A kernel that refuses to accept, for one program alone: preloaded, accept4() fails with the errno that the file
// FAILING_ACCEPT_FILE has as its first 64 bits, unless that is 0, and counts how often in the second.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

namespace {

struct Orders {
    std::atomic<std::int64_t> error;
    std::atomic<std::int64_t> refused;
};

/// Null: no file; then all is well.
Orders* map_orders() {
    const char* path = std::getenv("FAILING_ACCEPT_FILE");
    const int fd = path ? ::open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return nullptr;
    void* mapped = ::mmap(nullptr, sizeof(Orders), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ::close(fd);
    return mapped == MAP_FAILED ? nullptr : static_cast<Orders*>(mapped);
}

}  // namespace

#define GIRIN_EXPORTED extern "C" [[gnu::visibility("default")]]

GIRIN_EXPORTED int accept4(int fd, sockaddr* peer, socklen_t* size, int flags) {
    static Orders* const orders = map_orders();
    if (orders && orders->error != 0) {
        orders->refused.fetch_add(1);
        errno = static_cast<int>(orders->error);
        return -1;
    }
    return static_cast<int>(::syscall(SYS_accept4, fd, peer, size, flags));
}
