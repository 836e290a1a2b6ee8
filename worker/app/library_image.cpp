#include "worker/app/library_image.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "loop/base/place.hpp"
#include "worker/app/library_place.hpp"

namespace girin {
namespace {

/// Never waits: a FIFO with a library's name is opened without a writer, then refused.
Result<UniqueFd> open_regular(const std::string& file) {
    UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd) return Error::from_errno(errno, "open", file);
    struct stat about {};
    if (::fstat(fd.get(), &about) != 0) return Error::from_errno(errno, "look at", file);
    if (S_ISDIR(about.st_mode)) return Error(file + ": is a directory, not a shared object");
    if (!S_ISREG(about.st_mode)) return Error(file + ": is not a regular file");
    return fd;
}

/// To the end of the file, as far as it reaches when we get there.
Result<std::size_t> copy_all(int from, int to, const std::string& file) {
    constexpr std::size_t kMost = 1u << 30;
    std::size_t total = 0;
    for (;;) {
        const ssize_t copied = ::sendfile(to, from, nullptr, kMost);
        if (copied == 0) return total;
        if (copied > 0) {
            total += static_cast<std::size_t>(copied);
        } else if (errno != EINTR) {
            return Error::from_errno(errno, "copy", file);
        }
    }
}

Result<std::span<const std::byte>> map_to_read(int fd, std::size_t size, const std::string& file) {
    if (size == 0) return std::span<const std::byte>();
    void* start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (start == MAP_FAILED) return Error::from_errno(errno, "map", file);
    return std::span(static_cast<const std::byte*>(start), size);
}

std::string base_name(const std::string& file) {
    constexpr std::size_t kLongestName = 200;  // the kernel takes 249 bytes
    return file.substr(file.find_last_of('/') + 1).substr(0, kLongestName);
}

/// Hosts may forbid memory files that could be executed (sysctl vm.memfd_noexec); ours is only ever mapped, and
/// kernels before 6.3 don't know the flag that says so.
UniqueFd make_memory_file(const std::string& name) {
    constexpr unsigned kNoExecSeal = 8;  // MFD_NOEXEC_SEAL, younger than our oldest headers; allows sealing too
    UniqueFd fd(::memfd_create(name.c_str(), MFD_CLOEXEC | kNoExecSeal));
    if (!fd && errno == EINVAL) fd.reset(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
    return fd;
}

Result<void> write_patch(int memory, const FilePatch& patch, const std::string& file) {
    const ssize_t written = ::pwrite(memory, patch.bytes.data(), patch.bytes.size(), static_cast<off_t>(patch.offset));
    if (written == static_cast<ssize_t>(patch.bytes.size())) return {};
    return Error::from_errno(written < 0 ? errno : ENOSPC, "tell its place to the copy of", file);
}

/// So that the copy finds what the original would find beside itself.
Result<void> give_place(int memory, std::size_t size, const std::string& file) {
    const auto bytes = map_to_read(memory, size, file);
    if (!bytes) return bytes.error();
    const auto patches = place_patches(*bytes, directory_of(absolute_path(file)));
    if (!bytes->empty()) ::munmap(const_cast<std::byte*>(bytes->data()), bytes->size());
    if (!patches) return Error(file + ": " + patches.error().message());
    for (const FilePatch& patch : *patches) {
        if (auto written = write_patch(memory, patch, file); !written) return written;
    }
    return {};
}

Result<void> copy_and_seal(int from, int memory, const std::string& file) {
    const auto copied = copy_all(from, memory, file);
    if (!copied) return copied.error();
    if (auto placed = give_place(memory, *copied, file); !placed) return placed;
    constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
    if (::fcntl(memory, F_ADD_SEALS, kSeals) != 0) return Error::from_errno(errno, "seal the copy of", file);
    return {};
}

Result<UniqueFd> copy_to_memory(int from, const std::string& file) {
    auto memory = LibraryCopy::make(file);
    if (!memory) return memory.error();
    if (auto copied = copy_and_seal(from, memory->get(), file); !copied) return copied.error();
    return std::move(*memory);
}

bool is_same_file(const std::string& path, int fd) {
    struct stat by_path {}, by_fd {};
    return ::stat(path.c_str(), &by_path) == 0 && ::fstat(fd, &by_fd) == 0 && by_path.st_dev == by_fd.st_dev &&
           by_path.st_ino == by_fd.st_ino;
}

/// By our pid, so that others can follow it too; unless /proc is another pid namespace's, where that pid is somebody
/// else.
std::string path_of_descriptor(int fd) {
    const std::string tail = "/fd/" + std::to_string(fd);
    const std::string path = "/proc/" + std::to_string(::getpid()) + tail;
    return is_same_file(path, fd) ? path : "/proc/self" + tail;
}

std::string absolute(const std::string& file) {
    char* resolved = ::realpath(file.c_str(), nullptr);
    const std::string path = resolved ? resolved : file;
    std::free(resolved);
    return path;
}

}  // namespace

bool load_in_place_wanted() {
    const char* wish = std::getenv("GIRIN_LOAD_IN_PLACE");
    return (wish != nullptr && std::string_view(wish) == "1") || !why_no_copies().empty();
}

const std::string& why_no_copies() {
    static const std::string refused = [] {
        if (::access("/proc/self/fd", F_OK) != 0) return std::string("/proc isn't mounted");
        if (make_memory_file("girin")) return std::string();
        const bool by_filter = errno == EPERM || errno == ENOSYS || errno == EACCES;
        return by_filter ? Error::from_errno(errno, "memfd_create").message() : std::string();
    }();
    return refused;
}

Result<LibraryImage> LibraryImage::take(const std::string& file) {
    auto original = open_regular(file);
    if (!original) return original.error();
    const bool in_place = load_in_place_wanted();
    auto fd = in_place ? std::move(original) : copy_to_memory(original->get(), file);
    if (!fd) return fd.error();
    std::string path = in_place ? absolute(file) : path_of_descriptor(fd->get());
    return map(std::move(*fd), std::move(path), file);
}

Result<LibraryImage> LibraryImage::of_copy(int copy, const std::string& file) {
    auto fd = duplicate(copy);
    if (!fd) return fd.error().within("open the copy of " + file);
    std::string path = path_of_descriptor(fd->get());
    return map(std::move(*fd), std::move(path), file);
}

Result<LibraryImage> LibraryImage::map(UniqueFd fd, std::string path, const std::string& file) {
    struct stat about {};
    if (::fstat(fd.get(), &about) != 0) return Error::from_errno(errno, "look at", file);
    const auto bytes = map_to_read(fd.get(), static_cast<std::size_t>(about.st_size), file);
    if (!bytes) return bytes.error();
    return LibraryImage(std::move(fd), *bytes, std::move(path));
}

Result<UniqueFd> LibraryCopy::make(const std::string& file) {
    UniqueFd memory = make_memory_file(base_name(file));
    if (!memory) return Error::from_errno(errno, "make a private copy of", file);
    return memory;
}

Result<void> LibraryCopy::fill(int copy, const std::string& file) {
    const auto original = open_regular(file);
    if (!original) return original.error();
    return copy_and_seal(original->get(), copy, file);
}

LibraryImage::LibraryImage(LibraryImage&& other) noexcept
    : fd_(std::move(other.fd_)), bytes_(std::exchange(other.bytes_, {})), path_(std::move(other.path_)) {}

LibraryImage::~LibraryImage() {
    if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace girin
