#include "supervisor/process/daemon.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

namespace girin {
namespace {

constexpr int kDiedWithoutAWord = 1;

std::string read_all_blocking(int fd) {
    std::string all;
    char piece[1024];
    ssize_t bytes;
    while ((bytes = ::read(fd, piece, sizeof piece)) > 0 || (bytes < 0 && errno == EINTR)) {
        if (bytes > 0) all.append(piece, static_cast<std::size_t>(bytes));
    }
    return all;
}

[[noreturn]] void wait_and_exit(FdPair line, pid_t first_child) {
    line.second.reset();
    ::waitpid(first_child, nullptr, 0);
    const std::string outcome = read_all_blocking(line.first.get());
    const int code = outcome.empty() ? kDiedWithoutAWord : static_cast<unsigned char>(outcome[0]);
    std::string sentence = outcome.empty() ? "the daemon ended before it was ready" : outcome.substr(1);
    if (!sentence.empty()) std::fprintf(stderr, "girin: %s\n", sentence.c_str());
    std::fflush(nullptr);
    ::_exit(code);
}

void detach_standard_streams() {
    const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const int standard : {0, 1, 2}) {
        if (null) ::dup2(null.get(), standard);
    }
}

}  // namespace

void DaemonNotice::tell(int exit_code, const std::string& sentence) {
    if (!line_) return;
    // Shorter than a pipe takes at once, so this can't block on a slow reader.
    const std::string outcome = static_cast<char>(exit_code) + sentence.substr(0, 2000);
    [[maybe_unused]] const ssize_t written = ::write(line_.get(), outcome.data(), outcome.size());
    line_.reset();
}

Result<DaemonNotice> daemonize_blocking(const SignalsBlocked& blocked) {
    auto line = make_pipe();
    if (!line) return line.error();
    std::fflush(nullptr);
    const pid_t first = ::fork();
    if (first < 0) return Error::from_errno(errno, "fork");
    if (first > 0) blocked.restore();
    if (first > 0) wait_and_exit(std::move(*line), first);
    ::setsid();
    // The second fork: what isn't a session's leader can never get a terminal again.
    const pid_t second = ::fork();
    if (second != 0) ::_exit(0);
    line->first.reset();
    detach_standard_streams();
    return DaemonNotice(std::move(line->second));
}

}  // namespace girin
