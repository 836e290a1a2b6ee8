// Where lines go: whole or not at all.

#include "loop/base/line_sink.hpp"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace girin {
namespace {

std::string read_all(int fd) {
    std::string all;
    char piece[65536];
    for (ssize_t bytes; (bytes = ::read(fd, piece, sizeof piece)) > 0;) all.append(piece, static_cast<std::size_t>(bytes));
    return all;
}

class LineSinkOnAPipe : public testing::Test {
  protected:
    LineSinkOnAPipe() {
        auto pipe = make_pipe();
        if (!pipe) return;
        reader_ = std::move(pipe->first);
        static_cast<void>(set_nonblocking(reader_.get()));
        static_cast<void>(set_nonblocking(pipe->second.get()));
        sink_.use(std::move(pipe->second));
    }

    UniqueFd reader_;
    LineSink sink_;
};

// FAULTS 7: 25, a line over PIPE_BUF is whole or not there, however full the pipe is, and however others' lines lie in it.
TEST_F(LineSinkOnAPipe, TearsNoLine) {
    const std::string longer = std::string(3 * PIPE_BUF, 'x') + "\n";
    for (const std::size_t filler : {1UL, 100UL, PIPE_BUF / 2UL + 1, PIPE_BUF - 1UL}) {
        while (sink_.write(std::string(filler, '.') + "\n")) {
        }
        EXPECT_FALSE(sink_.write(longer));
        // Room comes bit by bit.
        std::string all;
        for (int i = 0; i < 200; ++i) {
            char piece[512];
            const ssize_t bytes = ::read(reader_.get(), piece, sizeof piece);
            if (bytes > 0) all.append(piece, static_cast<std::size_t>(bytes));
            static_cast<void>(sink_.write(longer));
        }
        all += read_all(reader_.get());
        std::size_t begin = 0;
        for (std::size_t end; (end = all.find('\n', begin)) != std::string::npos; begin = end + 1) {
            const std::size_t length = end - begin;
            EXPECT_TRUE(length == filler || length == longer.size() - 1) << length;
        }
        EXPECT_EQ(begin, all.size()) << "the last line has its end";
    }
    EXPECT_TRUE(sink_.write(longer)) << "an empty pipe takes it";
}

TEST_F(LineSinkOnAPipe, CountsWhatIsRefused) {
    while (sink_.write(std::string(100, '.') + "\n")) {
    }
    const std::uint64_t before = sink_.dropped();
    EXPECT_FALSE(sink_.write(std::string(2 * PIPE_BUF, 'x') + "\n"));
    EXPECT_EQ(sink_.dropped(), before + 1);
}

UniqueFd nameless_file() {
    std::string name = testing::TempDir() + "line-sink-XXXXXX";
    UniqueFd file(::mkstemp(name.data()));
    ::unlink(name.c_str());
    return file;
}

// FAULTS 15, a sibling: at a rotation the log's number was free for a moment, became a client's connection, and got the line
// of a thread that had read the number before.
TEST(LineSinkThatIsOpenedAnew, NeverGivesItsNumberToAnotherFile) {
    LineSink sink;
    sink.use(nameless_file());
    const int number = sink.fd();
    std::atomic<bool> ends = false;
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&] {
            while (!ends) sink.write("a line of the log\n");
        });
    }
    std::vector<UniqueFd> others;  // as connections are: the lowest number that is free
    for (int i = 0; i < 300; ++i) {
        sink.use(nameless_file());
        EXPECT_EQ(sink.fd(), number);
        others.push_back(nameless_file());
    }
    ends = true;
    for (std::thread& thread : threads) thread.join();
    for (const UniqueFd& other : others) EXPECT_EQ(::lseek(other.get(), 0, SEEK_END), 0) << "a log line is in another's file";
    EXPECT_EQ(::fcntl(number, F_GETFD), FD_CLOEXEC);
}

TEST(LineSinkThatIsOpenedAnew, WritesToEachAsItsKindWants) {
    LineSink sink;
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    ASSERT_TRUE(set_nonblocking(pipe->second.get()));
    sink.use(nameless_file());
    EXPECT_TRUE(sink.write("to the file\n"));
    sink.use(std::move(pipe->second));
    EXPECT_TRUE(sink.write("to the pipe\n"));
    char text[64];
    EXPECT_EQ(::read(pipe->first.get(), text, sizeof text), 12);
    pipe->first.reset();
    EXPECT_FALSE(sink.write("to nobody\n")) << "without a signal";
    sink.use(nameless_file());
    EXPECT_TRUE(sink.write("to a file again\n"));
    EXPECT_EQ(::lseek(sink.fd(), 0, SEEK_END), 16);
}

}  // namespace
}  // namespace girin
