// Which changes of a file are seen, and when they count.

#include "supervisor/survey/file_watch.hpp"

#include <poll.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/deadline.hpp"
#include "tests/support/temp_dir.hpp"

namespace girin {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using test::TempDir;

const TimePoint kNow = TimePoint(1000s);

/// Whether something has come by now, in the test's own time.
bool sees_change(FileWatch& watch) {
    watch.read_pending(kNow);
    return watch.take_change(kNow + FileWatch::kQuiet);
}

class FileWatchTest : public testing::Test {
  protected:
    FileWatch open(const std::string& file) {
        auto watch = FileWatch::open(file);
        EXPECT_TRUE(watch) << watch.error().message();
        return std::move(*watch);
    }

    const TempDir dir_;
    const std::string file_ = dir_.write("libshop.so", "old");
};

TEST_F(FileWatchTest, SeesAFileThatIsWrittenOver) {
    FileWatch watch = open(file_);
    EXPECT_FALSE(sees_change(watch));
    std::ofstream(file_) << "new";
    EXPECT_TRUE(sees_change(watch));
    EXPECT_FALSE(sees_change(watch));
}

TEST_F(FileWatchTest, SeesAFileThatIsRenamedIntoPlace) {
    FileWatch watch = open(file_);
    dir_.write("libshop.so", "new");
    EXPECT_TRUE(sees_change(watch));
}

TEST_F(FileWatchTest, SeesNothingOfOtherFiles) {
    FileWatch watch = open(file_);
    dir_.write("libshop.so.tmp", "something");
    std::ifstream(file_).get();
    EXPECT_FALSE(sees_change(watch));
}

TEST_F(FileWatchTest, SeesTheFileBehindALinkAndTheLinkItself) {
    fs::create_directory(dir_.path() / "v1");
    fs::create_directory(dir_.path() / "v2");
    dir_.write("v1/libshop.so", "1");
    dir_.write("v2/libshop.so", "2");
    fs::create_symlink("v1/libshop.so", dir_.path() / "current.so");
    FileWatch watch = open(dir_ / "current.so");
    dir_.write("v2/libshop.so", "3");
    EXPECT_FALSE(sees_change(watch));
    dir_.write("v1/libshop.so", "4");
    EXPECT_TRUE(sees_change(watch));
    fs::create_symlink("v2/libshop.so", dir_.path() / "next.so");
    fs::rename(dir_.path() / "next.so", dir_.path() / "current.so");
    EXPECT_TRUE(sees_change(watch));
}

TEST_F(FileWatchTest, WaitsUntilTheFileIsLeftAlone) {
    FileWatch watch = open(file_);
    std::ofstream(file_) << "a";
    watch.read_pending(kNow);
    EXPECT_EQ(watch.deadline(), kNow + FileWatch::kQuiet);
    std::ofstream(file_) << "b";
    watch.read_pending(kNow + 200ms);
    EXPECT_FALSE(watch.take_change(kNow + FileWatch::kQuiet));
    EXPECT_TRUE(watch.take_change(kNow + 200ms + FileWatch::kQuiet));
    EXPECT_EQ(watch.deadline(), std::nullopt);
}

TEST_F(FileWatchTest, WaitsForAFileThatIsNotThereYet) {
    FileWatch watch = open(dir_ / "later.so");
    dir_.write("later.so", "first");
    EXPECT_TRUE(sees_change(watch));
    EXPECT_FALSE(FileWatch::open(dir_ / "nowhere/later.so"));
}

TEST_F(FileWatchTest, CanBeWaitedFor) {
    FileWatch watch = open(file_);
    pollfd entry{watch.fd(), POLLIN, 0};
    EXPECT_EQ(::poll(&entry, 1, 0), 0);
    std::ofstream(file_) << "new";
    EXPECT_EQ(::poll(&entry, 1, 5000), 1);
    EXPECT_EQ(FileWatch().fd(), -1);
}

}  // namespace
}  // namespace girin
