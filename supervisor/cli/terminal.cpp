#include "supervisor/cli/terminal.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

namespace girin {
namespace {

void write_all(const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t written = ::write(STDOUT_FILENO, text.data() + done, text.size() - done);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        done += static_cast<std::size_t>(written);
    }
}

}  // namespace

volatile sig_atomic_t Terminal::asked_to_end_ = 0;

bool Terminal::is_there() { return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1; }

Terminal::Terminal() {
    ::tcgetattr(STDIN_FILENO, &former_);
    termios raw = former_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);  // ^C is a key: the screen is given back first
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    struct sigaction wake{};
    wake.sa_flags = SA_RESTART;  // poll() ends all the same
    wake.sa_handler = [](int) {};  // so that a wait for a key ends when the window changes
    ::sigaction(SIGWINCH, &wake, nullptr);
    struct sigaction end{};
    end.sa_flags = SA_RESTART;
    end.sa_handler = [](int) { asked_to_end_ = 1; };  // and likewise before we go: the screen is given back first
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) ::sigaction(number, &end, nullptr);
    write_all("\033[?1049h\033[?25l");
}

Terminal::~Terminal() {
    write_all("\033[?25h\033[?1049l");
    ::tcsetattr(STDIN_FILENO, TCSANOW, &former_);
}

Terminal::Size Terminal::size() const {
    winsize window{};
    Size size;
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_row == 0 || window.ws_col == 0) return size;
    size.rows = window.ws_row;
    size.columns = window.ws_col;
    return size;
}

void Terminal::show(const std::string& text) const {
    std::string screen = "\033[H";
    for (const char c : text) screen += c == '\n' ? std::string("\033[K\r\n") : std::string(1, c);
    write_all(screen + "\033[J");
}

char Terminal::wait_key(std::chrono::milliseconds limit) const {
    constexpr char kInterrupt = 3;
    pollfd ready{STDIN_FILENO, POLLIN, 0};
    const int polled = ::poll(&ready, 1, static_cast<int>(limit.count()));
    if (asked_to_end_ != 0) return kQuit;
    if (polled <= 0) return 0;
    char key = 0;
    if (::read(STDIN_FILENO, &key, 1) != 1 || key == kInterrupt) return kQuit;  // the terminal is gone, or ^C
    return key;
}

}  // namespace girin
