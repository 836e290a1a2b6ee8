// The words of a command, and of what its program says.

#include <filesystem>

#include <gtest/gtest.h>

#include "supervisor/exec/exec_command.hpp"
#include "supervisor/exec/notify_receiver.hpp"
#include "supervisor/settings/stop_signal.hpp"
#include "tests/support/temp_dir.hpp"

namespace girin {
namespace {

using Words = std::vector<std::string>;

TEST(ExecCommand, HasItsPlaceFilledIn) {
    const Words words = {"a", "--fd={fd}", "{slot}{slot}", "{port}", "{other}"};
    EXPECT_EQ(fill_in(words, ExecPlace(3, 12, 9012)), Words({"a", "--fd=3", "1212", "9012", "{other}"}));
    EXPECT_EQ(fill_in({"{fd} {port}"}, ExecPlace()), Words({"{fd} {port}"}));
}

TEST(ExecCommand, IsLookedForAsAShellDoes) {
    EXPECT_TRUE(find_program_blocking("sh"));
    EXPECT_TRUE(find_program_blocking("/bin/sh"));
    EXPECT_EQ(find_program_blocking("no-such").error().message(), "command 'no-such' was not found in PATH");
    EXPECT_EQ(find_program_blocking("/no/such").error().message(), "command '/no/such' was not found");
    EXPECT_EQ(find_program_blocking("/tmp").error().message(), "command '/tmp' is not a program: it is no file");
}

TEST(ExecCommand, IsLookedForWithinAnotherRootDirectory) {
    const test::TempDir root;
    std::filesystem::create_directory(root / "bin");
    std::filesystem::permissions(root.write("bin/real", ""), std::filesystem::perms::owner_all);
    std::filesystem::create_symlink("/bin/real", root / "bin/linked");  // means another file outside
    root.write("bin/text", "");
    const std::string path = root.path();
    EXPECT_TRUE(find_program_blocking("/bin/real", path));
    EXPECT_TRUE(find_program_blocking("real", path));
    EXPECT_TRUE(find_program_blocking("linked", path));
    EXPECT_EQ(find_program_blocking("/bin/sh", path).error().message(),
              "command '/bin/sh' was not found in the root directory " + path);
    EXPECT_EQ(find_program_blocking("text", path).error().message(), "command 'text' is not executable");
    EXPECT_EQ(find_program_blocking("no-such", path).error().message(),
              "command 'no-such' was not found in PATH in the root directory " + path);
}

TEST(Notification, IsReadByItsLines) {
    const NotifyNews read = parse_notification("READY=1\nSTATUS=serves 2\nMAINPID=7\nnonsense\n\nWATCHDOG=1");
    EXPECT_TRUE(read.ready && read.alive && !read.stopping);
    EXPECT_EQ(read.status, "serves 2");
    EXPECT_EQ(parse_notification("READY=0\nRELOADING=1\nXREADY=1"), NotifyNews());
}

TEST(StopSignal, HasTwoSpellings) {
    EXPECT_EQ(parse_stop_signal("TERM"), parse_stop_signal("SIGTERM"));
    EXPECT_FALSE(parse_stop_signal("KILL"));
}

}  // namespace
}  // namespace girin
