#include "files.hpp"

#include <girin/girin.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <string>
#include <system_error>

#include "query.hpp"

namespace notes {
namespace {

constexpr std::size_t kPieceBytes = 256 * 1024;  // written at once
constexpr std::size_t kLongestName = 100;

/// A file that grows beside its final place; gone with this object, unless it was kept.
class Growing {
  public:
    explicit Growing(std::filesystem::path target) : target_(std::move(target)), path_(target_) {
        static std::atomic<unsigned> count = 0;
        path_ += "." + std::to_string(::getpid()) + "-" + std::to_string(++count) + ".part";
        fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd_ < 0) fail("open");
    }
    Growing(const Growing&) = delete;
    Growing& operator=(const Growing&) = delete;
    ~Growing() {
        if (fd_ < 0) return;
        ::close(fd_);
        ::unlink(path_.c_str());
    }

    void append_blocking(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
            if (written < 0 && errno != EINTR) fail("write");
            bytes.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
        }
    }
    void keep_blocking() {
        if (::fsync(fd_) != 0) fail("sync");
        if (::rename(path_.c_str(), target_.c_str()) != 0) fail("rename");
        ::close(fd_);
        fd_ = -1;
    }

  private:
    [[noreturn]] void fail(const char* action) const {
        throw std::system_error(errno, std::generic_category(), std::string(action) + " " + path_.string());
    }

    std::filesystem::path target_, path_;
    int fd_ = -1;
};

// What runs on the pool goes on when its request is cancelled, and so has its own share of all that it uses.
using SharedFile = std::shared_ptr<Growing>;

SharedFile open_blocking(const std::filesystem::path& target) { return std::make_shared<Growing>(target); }
void append_blocking(const SharedFile& file, const std::string& piece) { file->append_blocking(piece); }
void keep_blocking(const SharedFile& file) { file->keep_blocking(); }

girin::HttpError too_large() {
    girin::HttpError error(413, "{\"error\":\"the file is too large\"}\n");
    error.type("application/json");
    return error;
}

}  // namespace

bool is_file_name(std::string_view name) {
    const auto is_fine = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    };
    return !name.empty() && name.size() <= kLongestName && name.front() != '.' && std::ranges::all_of(name, is_fine);
}

girin::Coro<std::uint64_t> receive_file(girin::Request& request, std::filesystem::path target, std::uint64_t most_bytes) {
    const auto announced = request.header("content-length");
    const auto length = announced ? parse_id(*announced) : std::nullopt;
    if (length && static_cast<std::uint64_t>(*length) > most_bytes) throw too_large();  // before it is sent

    const SharedFile file = co_await girin::run_in_executor(&open_blocking, target);
    std::uint64_t bytes = 0;
    std::string piece;
    for (;;) {
        const std::string_view read = co_await request.read();  // valid until the next one
        bytes += read.size();
        if (bytes > most_bytes) throw too_large();
        piece.append(read);
        if (piece.empty()) break;
        if (!read.empty() && piece.size() < kPieceBytes) continue;
        co_await girin::run_in_executor(&append_blocking, file, std::move(piece));
        piece.clear();
        if (read.empty()) break;
    }
    co_await girin::run_in_executor(&keep_blocking, file);
    co_return bytes;
}

}  // namespace notes
