// girin top in a terminal: what it shows there, and that it gives the terminal back however it ends.

#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

/// A terminal, seen from the side of the one who sits at it.
class Screen {
  public:
    Screen(unsigned short rows, unsigned short columns) {
        winsize size{};
        size.ws_row = rows;
        size.ws_col = columns;
        int person = -1;
        int program = -1;
        if (::openpty(&person, &program, nullptr, nullptr, &size) != 0) throw std::runtime_error("there is no terminal");
        person_.reset(person);
        program_.reset(program);
        ::fcntl(person, F_SETFL, O_NONBLOCK);
        ::fcntl(person, F_SETFD, FD_CLOEXEC);
        ::fcntl(program, F_SETFD, FD_CLOEXEC);
    }

    int program_side() const { return program_.get(); }
    void resize(unsigned short rows, unsigned short columns) const {
        winsize size{};
        size.ws_row = rows;
        size.ws_col = columns;
        ::ioctl(person_.get(), TIOCSWINSZ, &size);
    }
    void type(char key) const { EXPECT_EQ(::write(person_.get(), &key, 1), 1); }
    /// Lines are edited, keys are echoed, ^C is a signal: as shells expect it.
    bool is_as_usual() const {
        termios now{};
        ::tcgetattr(program_.get(), &now);
        constexpr tcflag_t kUsual = ICANON | ECHO | ISIG;
        return (now.c_lflag & kUsual) == kUsual;
    }

    /// Everything shown from `from` on.
    std::string shown(std::size_t from = 0) {
        char buffer[4096];
        for (ssize_t count = 0; (count = ::read(person_.get(), buffer, sizeof buffer)) > 0;) {
            shown_.append(buffer, static_cast<std::size_t>(count));
        }
        return shown_.substr(from);
    }
    [[nodiscard]] testing::AssertionResult shows(const std::string& words, std::size_t from = 0) {
        auto seen = eventually(20s, words, [&] { return shown(from).find(words) != std::string::npos; });
        return seen ? std::move(seen) : std::move(seen) << "; shown:\n" << shown_;
    }

  private:
    UniqueFd person_;
    UniqueFd program_;
    std::string shown_;
};

class Top : public testing::Test {
  protected:
    Top() : girin_(dir_, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", "--control-socket", dir_ / "c", "demo"}, 2)) {}

    Command top() const {
        Command command = girin_command({"top", "--control-socket", dir_ / "c"});
        command.stdin_fd = command.stdout_fd = screen_.program_side();
        return command;
    }
    /// It has ended well, and everything is as before.
    void expect_given_back(ChildProcess& top) {
        const auto exit = top.wait_exit(15s);
        ASSERT_TRUE(exit);
        EXPECT_EQ(*exit, (ExitStatus{0, 0})) << top.standard_error();
        EXPECT_TRUE(screen_.is_as_usual());
        const std::string shown = screen_.shown();
        EXPECT_TRUE(shown.ends_with("\033[?25h\033[?1049l")) << shown;  // the cursor, and what stood there before
    }

    const TempDir dir_;
    Screen screen_{24, 80};
    GirinProcess girin_;
};

TEST_F(Top, ShowsTheServerUntilQIsPressed) {
    ChildProcess top(this->top());
    EXPECT_TRUE(screen_.shows("\033[?1049h"));
    EXPECT_TRUE(screen_.shows("pid " + std::to_string(girin_.pid()) + ": serving, 2 of 2 workers ready"));
    EXPECT_TRUE(screen_.shows("SLOT"));
    EXPECT_TRUE(screen_.shows("q: quit"));
    EXPECT_FALSE(screen_.is_as_usual());
    const std::size_t before = screen_.shown().size();
    girin_.ttin();
    EXPECT_TRUE(screen_.shows("3 of 3 workers ready", before));  // it is live
    screen_.type('q');
    expect_given_back(top);
}

TEST_F(Top, FollowsTheWindowsSize) {
    ChildProcess top(this->top());
    EXPECT_TRUE(screen_.shows("q: quit"));
    EXPECT_EQ(screen_.shown().find("LAST EXIT"), std::string::npos);
    screen_.resize(40, 200);
    top.signal(SIGWINCH);  // it isn't the terminal's foreground group here
    EXPECT_TRUE(screen_.shows("LAST EXIT"));
    screen_.type('q');
    expect_given_back(top);
}

TEST_F(Top, GivesTheTerminalBackAtControlCAndSignals) {
    for (const int number : {0, SIGTERM, SIGINT, SIGHUP}) {
        ChildProcess top(this->top());
        EXPECT_TRUE(screen_.shows("q: quit", screen_.shown().size()));
        if (number == 0) screen_.type('\003');
        if (number != 0) top.signal(number);
        expect_given_back(top);
    }
}

TEST_F(Top, EndsWithTheServer) {
    ChildProcess top(this->top());
    EXPECT_TRUE(screen_.shows("q: quit"));
    EXPECT_TRUE(girin_.stop());
    const auto exit = top.wait_exit(15s);
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, 1);
    EXPECT_TRUE(screen_.is_as_usual());
    EXPECT_TRUE(top.standard_error().starts_with("girin top: ")) << top.standard_error();
}

}  // namespace
}  // namespace girin::test
