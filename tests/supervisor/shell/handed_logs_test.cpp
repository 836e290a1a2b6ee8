// Logs that the master opens for workers, and the way that they take through the channel.

#include "supervisor/handed_logs.hpp"

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

TEST(HandedLogs, AreOpenedOnceForAll) {
    const TempDir dir;
    HandedLogs logs(kNobodyElse, "-");
    const auto first = logs.pack(settings_with(dir / "a"));
    const auto second = logs.pack(settings_with(dir / "a"));
    EXPECT_EQ(first.message.value, static_cast<std::int64_t>(HandedLog::access));
    EXPECT_EQ(first.descriptors.size(), 1u);
    EXPECT_EQ(first.descriptors, second.descriptors);
}

TEST(HandedLogs, AreNoneWhereNothingHasAFileOrItCantBeOpened) {
    HandedLogs logs(kNobodyElse, "/var/log/ours");
    for (const char* access : {"", "-", "/nowhere/log"}) {
        const auto parcel = logs.pack(settings_with(access, "/var/log/another"));
        EXPECT_EQ(parcel.message.value, 0) << access;
        EXPECT_TRUE(parcel.descriptors.empty()) << access;
    }
}

TEST(HandedLogs, BringTheMastersOwnToo) {
    const TempDir dir;
    HandedLogs logs(kNobodyElse, "/var/log/ours");
    const auto parcel = logs.pack(settings_with(dir / "a", "/var/log/ours"));
    EXPECT_EQ(parcel.message.value, 3);
    EXPECT_EQ(parcel.descriptors.size(), 2u);
}

TEST(HandedLogs, GoThroughTheChannelAndCanBeWrittenTo) {
    const TempDir dir;
    auto channel = make_channel_pair();
    ASSERT_TRUE(channel);
    HandedLogs logs(kNobodyElse, "-");
    const auto parcel = logs.pack(settings_with(dir / "a"));
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

TEST(HandedLogs, AreOpenedWithTheRightsOfTheirOwner) {
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
    EXPECT_TRUE(open_log_as(Identity(), dir / "trap")) << "the master's own rights are back";
}

}  // namespace
}  // namespace girin
