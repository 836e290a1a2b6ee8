// Logs that the master opens for workers, and the way that they take through the channel.

#include "supervisor/crew/log_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "loop/base/line_sink.hpp"
#include "tests/support/temp_dir.hpp"

namespace girin {
namespace {

using test::read_file;
using test::TempDir;

const Identity kNobodyElse;

Settings settings_with(const std::string& access, const std::string& error = "-") {
    Settings settings;
    settings.access_logfile = access;
    settings.error_logfile = error;
    return settings;
}

TEST(LogFiles, AreOpenedUnderTheirNamesAndAnewAfterARotation) {
    const TempDir dir;
    auto logs = LogFiles::open(settings_with(dir / "a", dir / "e"), kNobodyElse);
    ASSERT_TRUE(logs) << logs.error().message();
    EXPECT_EQ(logs->pack().message.value, 0) << "nothing is new yet";
    std::filesystem::rename(dir / "a", dir / "a.1");
    ASSERT_TRUE(logs->reopen());
    EXPECT_TRUE(std::filesystem::exists(dir / "a"));
    EXPECT_EQ(logs->pack().message.value, 3);
    EXPECT_EQ(logs->pack().descriptors, (std::vector<int>{logs->error_fd(), logs->access_fd()}));
    EXPECT_EQ(logs->pack(LogFiles::Which::error_only).descriptors, std::vector<int>{logs->error_fd()});
}

TEST(LogFiles, ThatAreNoFilesStayAsTheyAre) {
    auto logs = LogFiles::open(settings_with("-", "-"), kNobodyElse);
    ASSERT_TRUE(logs);
    EXPECT_GE(logs->access_fd(), 0);
    EXPECT_TRUE(logs->reopen());
    EXPECT_TRUE(logs->pack().descriptors.empty());
    const auto none = LogFiles::open(settings_with("", "-"), kNobodyElse);
    ASSERT_TRUE(none);
    EXPECT_EQ(none->access_fd(), -1);
}

TEST(LogFiles, ThatCannotBeOpenedAnewGoOnAsTheyWere) {
    const TempDir dir;
    std::filesystem::create_directory(dir / "logs");
    auto logs = LogFiles::open(settings_with(dir / "logs/a", dir / "logs/e"), kNobodyElse);
    ASSERT_TRUE(logs);
    const int error = logs->error_fd();
    std::filesystem::rename(dir / "logs", dir / "moved");
    EXPECT_FALSE(logs->reopen());
    EXPECT_EQ(logs->error_fd(), error);
    EXPECT_TRUE(logs->pack().descriptors.empty());
    EXPECT_FALSE(LogFiles::open(settings_with(dir / "logs/a"), kNobodyElse));
}

TEST(LogFiles, GoThroughTheChannelAndCanBeWrittenTo) {
    const TempDir dir;
    auto channel = make_channel_pair();
    ASSERT_TRUE(channel);
    auto logs = LogFiles::open(settings_with(dir / "a"), kNobodyElse);
    ASSERT_TRUE(logs && logs->reopen());
    const auto parcel = logs->pack();
    ASSERT_TRUE(send_message(channel->first.get(), parcel.message, parcel.descriptors));
    ASSERT_TRUE(send_message(channel->first.get(), Message(MessageKind::quit)));
    Message message;
    std::vector<UniqueFd> descriptors;
    ASSERT_EQ(receive_message(channel->second.get(), message, descriptors), Received::message);
    EXPECT_EQ(message.kind, MessageKind::reopen_logs);
    ASSERT_EQ(descriptors.size(), 1u);
    EXPECT_NE(::fcntl(descriptors[0].get(), F_GETFD) & FD_CLOEXEC, 0);
    LineSink sink;
    sink.use(std::move(descriptors[0]));
    EXPECT_TRUE(sink.write("a line\n"));
    EXPECT_EQ(read_file(dir / "a"), "a line\n");
    ASSERT_EQ(receive_message(channel->second.get(), message, descriptors), Received::message);
    EXPECT_EQ(message.kind, MessageKind::quit);
    EXPECT_TRUE(descriptors.empty());
}

TEST(LogFiles, AreOpenedWithTheRightsOfTheirOwner) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may act as another user";
    const TempDir dir;
    const auto daemon = find_identity("daemon", "");
    ASSERT_TRUE(daemon);
    std::filesystem::permissions(dir.path(), std::filesystem::perms(0777));
    const auto opened = open_log_as(*daemon, dir / "new");
    ASSERT_TRUE(opened) << opened.error().message();
    struct stat about {};
    ASSERT_EQ(::fstat(opened->get(), &about), 0);
    EXPECT_EQ(about.st_uid, daemon->uid);
    EXPECT_EQ(about.st_gid, daemon->gid);
    const std::string roots = dir.write("roots", "");
    std::filesystem::permissions(roots, std::filesystem::perms(0600));
    std::filesystem::create_symlink(roots, dir / "trap");
    EXPECT_FALSE(open_log_as(*daemon, dir / "trap"));
    EXPECT_TRUE(open_log_as(Identity(), roots)) << "the master's own rights are back";
    // FAULTS 7: 21, where only root may write, root opens: workers get the descriptor.
    std::filesystem::create_directory(dir / "roots-only");
    EXPECT_TRUE(open_log_as(*daemon, dir / "roots-only/log"));
}

}  // namespace
}  // namespace girin
