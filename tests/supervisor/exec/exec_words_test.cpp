// The words of a command, and of what its program says.

#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "supervisor/exec/exec_command.hpp"
#include "supervisor/exec/notify_receiver.hpp"
#include "supervisor/settings/stop_signal.hpp"
#include "supervisor/systemd/notify_socket.hpp"
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

// FAULTS 7: what a program says of itself filled the log, as fast and as long as it liked.
TEST(StatusLimiter, AdmitsAFewLinesOfSomeLength) {
    StatusLimiter limiter;
    TimePoint now{std::chrono::seconds(1000)};
    std::size_t admitted = 0;
    for (int i = 0; i < 1000; ++i) admitted += limiter.admit("busy", now).has_value();
    EXPECT_EQ(admitted, StatusLimiter::kAtOnce);
    now += StatusLimiter::kInterval;
    EXPECT_EQ(limiter.admit("busy", now), "busy (990 before it are left out)");
    EXPECT_FALSE(limiter.admit("busy", now));
    now += StatusLimiter::kInterval;
    const auto longest = limiter.admit(std::string(StatusLimiter::kMostBytes - 1, 'x') + "äää", now);
    ASSERT_TRUE(longest);
    EXPECT_TRUE(longest->starts_with(std::string(StatusLimiter::kMostBytes - 1, 'x') + "… (1 ")) << *longest;
}

// FAULTS 7: anybody on the machine may send to an abstract address, and kept the keeper busy.
TEST(NotifyReceiver, SaysWhenStrangersFloodIt) {
    auto receiver = NotifyReceiver::open();
    ASSERT_TRUE(receiver);
    auto stranger = NotifySocket::open(receiver->address());
    ASSERT_TRUE(stranger);
    const auto say = [&](std::size_t times) {
        for (std::size_t i = 0; i < times; ++i) stranger->send("READY=1");
    };
    say(NotifyReceiver::kStrangersAtOnce - 1);
    EXPECT_FALSE(receiver->receive(1)) << "it isn't of that group";
    EXPECT_FALSE(receiver->is_flooded());
    say(NotifyReceiver::kStrangersAtOnce);
    EXPECT_FALSE(receiver->receive(1));
    EXPECT_TRUE(receiver->is_flooded());
    say(1);
    EXPECT_TRUE(receiver->receive(::getpgrp()));
    EXPECT_FALSE(receiver->is_flooded());
}

TEST(StopSignal, HasTwoSpellings) {
    EXPECT_EQ(parse_stop_signal("TERM"), parse_stop_signal("SIGTERM"));
    EXPECT_FALSE(parse_stop_signal("KILL"));
}

}  // namespace
}  // namespace girin
