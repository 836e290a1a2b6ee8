// Where lines go: whole or not at all.

#include "loop/base/line_sink.hpp"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

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

}  // namespace
}  // namespace girin
