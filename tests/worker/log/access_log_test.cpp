#include "worker/log/access_log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "girin/base/unique_fd.hpp"
#include "tests/support/temp_dir.hpp"

using namespace girin;
using girin::test::read_file;
using girin::test::TempDir;

namespace {

AccessLogOptions options_for(const std::string& file, const std::string& format = "%(m)s %(U)s") {
    AccessLogOptions options;
    options.enabled = true;
    options.file = file;
    options.format = format;
    return options;
}

AccessRecord get(std::string_view path) {
    AccessRecord record;
    record.method = "GET";
    record.path = path;
    return record;
}

}  // namespace

TEST(AccessLog, IsDisabledUntilItIsOpened) {
    AccessLog log;
    EXPECT_FALSE(log.is_enabled());
    log.add(get("/"));
    EXPECT_TRUE(log.is_empty());
    ASSERT_TRUE(log.open(AccessLogOptions()));
    EXPECT_FALSE(log.is_enabled());
}

TEST(AccessLog, GathersLinesUntilItIsFlushed) {
    const TempDir directory;
    AccessLog log;
    ASSERT_TRUE(log.open(options_for(directory / "access.log")));
    EXPECT_TRUE(log.is_enabled());
    log.add(get("/one"));
    log.add(get("/two"));
    EXPECT_EQ(read_file(directory / "access.log"), "");
    log.flush();
    EXPECT_EQ(read_file(directory / "access.log"), "GET /one\nGET /two\n");
}

TEST(AccessLog, WritesWhatIsLeftWhenItEnds) {
    const TempDir directory;
    {
        AccessLog log;
        ASSERT_TRUE(log.open(options_for(directory / "access.log")));
        log.add(get("/last"));
    }
    EXPECT_EQ(read_file(directory / "access.log"), "GET /last\n");
}

TEST(AccessLog, DoesNotGatherForEver) {
    const TempDir directory;
    AccessLog log;
    ASSERT_TRUE(log.open(options_for(directory / "access.log")));
    const std::string path(1000, 'x');
    for (int i = 0; i < 100; ++i) log.add(get(path));
    EXPECT_GE(std::filesystem::file_size(directory / "access.log"), 50'000U);
}

TEST(AccessLog, FollowsARotation) {
    const TempDir directory;
    AccessLog log;
    ASSERT_TRUE(log.open(options_for(directory / "access.log")));
    log.add(get("/before"));
    std::filesystem::rename(directory / "access.log", directory / "access.log.1");
    auto opened = open_for_sink(directory / "access.log");  // by the master
    ASSERT_TRUE(opened);
    log.use(std::move(*opened));
    log.add(get("/after"));
    log.flush();
    EXPECT_EQ(read_file(directory / "access.log.1"), "GET /before\n");
    EXPECT_EQ(read_file(directory / "access.log"), "GET /after\n");
}

TEST(AccessLog, RefusesABadFormatAndStaysAsItWas) {
    const TempDir directory;
    AccessLog log;
    ASSERT_TRUE(log.open(options_for(directory / "access.log")));
    EXPECT_FALSE(log.open(options_for(directory / "other.log", "%(z)s")));
    EXPECT_FALSE(std::filesystem::exists(directory / "other.log"));
    log.add(get("/still"));
    log.flush();
    EXPECT_EQ(read_file(directory / "access.log"), "GET /still\n");
}

TEST(AccessLog, RefusesAFileThatCannotBeOpened) {
    AccessLog log;
    const auto opened = log.open(options_for("/nowhere/access.log"));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().message(), "open log file /nowhere/access.log: no such file or directory");
    EXPECT_FALSE(log.is_enabled());
}

/// Workers share a pipe: no write may be cut in the middle of a line, and a full pipe must not make anybody wait.
TEST(AccessLog, WritesWholeLinesToAPipeAndNeverWaits) {
    const TempDir directory;
    const std::string fifo = directory / "pipe";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    const UniqueFd reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    ASSERT_TRUE(reader);
    AccessLog log;
    ASSERT_TRUE(log.open(options_for(fifo)));
    const std::string path(999, 'x');
    for (int i = 0; i < 1000; ++i) log.add(get(path));  // a megabyte: far more than a pipe takes
    log.flush();
    EXPECT_GT(log.dropped(), 0U);
    std::string got(2 << 20, 0);
    const ssize_t size = ::read(reader.get(), got.data(), got.size());
    ASSERT_GT(size, 0);
    EXPECT_EQ(size % 1004, 0);
    EXPECT_EQ(got[static_cast<std::size_t>(size) - 1], '\n');
}
