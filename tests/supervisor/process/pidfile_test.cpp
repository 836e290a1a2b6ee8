// The pidfile's lock, and what stale or strange files do to it.

#include "supervisor/process/pidfile.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.hpp"

namespace girin {
namespace {

using test::read_file;
using test::TempDir;

std::string own_pid_line() { return std::to_string(::getpid()) + "\n"; }

TEST(Pidfile, HoldsThePidOfItsMaster) {
    const TempDir dir;
    const auto file = Pidfile::create(dir / "girin.pid");
    ASSERT_TRUE(file) << file.error().message();
    EXPECT_EQ(read_file(dir / "girin.pid"), own_pid_line());
}

TEST(Pidfile, TakesOverWhateverAStaleOneContains) {
    const TempDir dir;
    for (const char* content : {"", "garbage", "1\n", "999999999999999999999999\n"}) {
        dir.write("girin.pid", content);
        const auto file = Pidfile::create(dir / "girin.pid");
        ASSERT_TRUE(file) << file.error().message();
        EXPECT_EQ(read_file(dir / "girin.pid"), own_pid_line());
    }
}

TEST(Pidfile, RefusesASecondMasterAndNamesTheFirst) {
    const TempDir dir;
    const auto first = Pidfile::create(dir / "girin.pid");
    ASSERT_TRUE(first);
    const auto second = Pidfile::create(dir / "girin.pid");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().message(), "pidfile " + (dir / "girin.pid") + ": another girin (pid " +
                                            std::to_string(::getpid()) + ") is running with it");
    EXPECT_EQ(read_file(dir / "girin.pid"), own_pid_line());
}

// FAULTS 7: 24, whoever can read the file can lock it, and is no master for that.
TEST(Pidfile, TakesNoStrangersLockForAMasters) {
    const TempDir dir;
    dir.write("girin.pid", "999999999\n");
    const UniqueFd reader(::open((dir / "girin.pid").c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::flock(reader.get(), LOCK_SH), 0);
    const auto file = Pidfile::create(dir / "girin.pid");
    ASSERT_TRUE(file) << file.error().message();
    EXPECT_EQ(read_file(dir / "girin.pid"), own_pid_line());
    EXPECT_FALSE(Pidfile::create(dir / "girin.pid")) << "a master's lock still is one";
}

TEST(Pidfile, IsRemovedWhereItWasMade) {
    const TempDir dir;
    const auto former = std::filesystem::current_path();
    std::filesystem::current_path(dir.path());
    {
        const auto file = Pidfile::create("girin.pid");
        std::filesystem::current_path(former);
        EXPECT_TRUE(file && std::filesystem::exists(dir / "girin.pid"));
    }
    EXPECT_FALSE(std::filesystem::exists(dir / "girin.pid"));
}

TEST(Pidfile, IsRemovedWithItsOwner) {
    const TempDir dir;
    { const auto file = Pidfile::create(dir / "girin.pid"); }
    EXPECT_FALSE(std::filesystem::exists(dir / "girin.pid"));
}

TEST(Pidfile, OutlivesAChildThatInheritedIt) {
    const TempDir dir;
    auto file = Pidfile::create(dir / "girin.pid");
    ASSERT_TRUE(file);
    const pid_t child = ::fork();
    if (child == 0) {
        file->remove();
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    EXPECT_EQ(read_file(dir / "girin.pid"), own_pid_line());
}

TEST(Pidfile, LeavesAFileThatReplacedItsOwn) {
    const TempDir dir;
    {
        const auto file = Pidfile::create(dir / "girin.pid");
        ASSERT_TRUE(file);
        dir.write("girin.pid", "somebody else's\n");
    }
    EXPECT_EQ(read_file(dir / "girin.pid"), "somebody else's\n");
}

TEST(Pidfile, NeverFollowsALink) {
    const TempDir dir;
    dir.write("precious", "keep me");
    std::filesystem::create_symlink(dir / "precious", dir / "girin.pid");
    EXPECT_FALSE(Pidfile::create(dir / "girin.pid"));
    EXPECT_EQ(read_file(dir / "precious"), "keep me");
}

TEST(Pidfile, RefusesWhatIsNoPlainFile) {
    const TempDir dir;
    ASSERT_EQ(::mkfifo((dir / "girin.pid").c_str(), 0600), 0);
    const auto file = Pidfile::create(dir / "girin.pid");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().message(), "open pidfile " + (dir / "girin.pid") + ": not a plain file");
}

TEST(Pidfile, TellsWhyItCantBeOpened) {
    const auto file = Pidfile::create("/nowhere/at/all/girin.pid");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().message(), "open pidfile /nowhere/at/all/girin.pid: no such file or directory");
}

}  // namespace
}  // namespace girin
