// A root directory of one's own: who may enter, and that there is no way back.

#include "supervisor/process/root_directory.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.hpp"

namespace girin {
namespace {

/// The exit code of a child of ours.
int in_child(const std::function<int()>& work) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(work());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool may_chroot() {
    return in_child([] { return ::chroot("/") == 0 ? 0 : 1; }) == 0;
}

constexpr std::uint64_t kMayChroot = std::uint64_t{1} << CAP_SYS_CHROOT;

struct Rights {
    std::uint64_t permitted = 0;
    std::uint64_t effective = 0;
};

Rights own_rights() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct words[_LINUX_CAPABILITY_U32S_3] = {};
    if (::syscall(SYS_capget, &header, words) != 0) std::abort();
    const auto whole = [](std::uint32_t low, std::uint32_t high) { return std::uint64_t{high} << 32 | low; };
    return {whole(words[0].permitted, words[1].permitted), whole(words[0].effective, words[1].effective)};
}

bool exists(const char* path) { return ::access(path, F_OK) == 0; }

class RootDirectory : public testing::Test {
  protected:
    RootDirectory() {
        std::filesystem::permissions(dir_.path(), std::filesystem::perms(0755));
        dir_.write("inside", "");
    }
    void SetUp() override {
        if (::geteuid() != 0 || !may_chroot()) GTEST_SKIP() << "only root may change the root directory";
    }

    const test::TempDir dir_;
};

TEST(RootDirectoryCheck, NamesWhatIsNoDirectory) {
    const test::TempDir dir;
    const std::string file = dir.write("file", "");
    EXPECT_EQ(check_root_directory("/nowhere").error().message(), "chroot /nowhere: no such file or directory");
    EXPECT_EQ(check_root_directory(file).error().message(), "chroot " + file + ": not a directory");
}

TEST_F(RootDirectory, IsRootsToGive) {
    EXPECT_TRUE(check_root_directory(dir_.path()));
    const int refused = in_child([&] {
        const bool is_other = ::setresuid(1, 1, 1) == 0;
        const auto checked = check_root_directory(dir_.path());
        return is_other && !checked && checked.error().message().find("only root") != std::string::npos ? 0 : 1;
    });
    EXPECT_EQ(refused, 0);
}

TEST_F(RootDirectory, IsEnteredForGoodByWhoHasBecomeTheUserBefore) {
    const int result = in_child([&] {
        const auto identity = find_identity("daemon", "");
        const auto root = open_root_directory(dir_.path());
        if (!identity || !root) return 1;
        if (!become_with_root_ahead(*identity, false) || ::geteuid() != 1) return 2;
        if (own_rights().effective != 0 || own_rights().permitted != kMayChroot) return 3;
        if (::chroot("/") == 0) return 4;  // asleep
        if (!enter_root_directory(root->get())) return 5;
        if (own_rights().effective != 0 || own_rights().permitted != 0) return 6;
        if (!exists("/inside") || exists("/etc/passwd") || exists("../../../etc/passwd")) return 7;
        return ::chroot("/") == 0 ? 8 : 0;
    });
    EXPECT_EQ(result, 0);
}

TEST_F(RootDirectory, TakesFromRootNothingButTheWayOut) {
    const auto enter = [&](bool drop_others) -> int {
        const auto root = open_root_directory(dir_.path());
        const std::uint64_t before = own_rights().permitted;
        if (!root || !become_with_root_ahead(Identity(), drop_others) || !enter_root_directory(root->get())) return 1;
        const std::uint64_t kept = drop_others ? 0 : before & ~kMayChroot;
        return own_rights().permitted == kept && exists("/inside") && !exists("/etc/passwd") ? 0 : 2;
    };
    EXPECT_EQ(in_child([&] { return enter(false); }), 0);
    EXPECT_EQ(in_child([&] { return enter(true); }), 0);
}

TEST_F(RootDirectory, ThatTheUserMayNotEnterIsToldOf) {
    std::filesystem::permissions(dir_.path(), std::filesystem::perms(0700));
    const int result = in_child([&] {
        const auto identity = find_identity("daemon", "");
        const auto root = open_root_directory(dir_.path());
        if (!identity || !root || !become_with_root_ahead(*identity, false)) return 1;
        const auto entered = enter_root_directory(root->get());
        return !entered && entered.error().message() == "enter the root directory of --chroot: permission denied" ? 0 : 2;
    });
    EXPECT_EQ(result, 0);
}

TEST(TimeZone, IsKeptByItsName) {
    const int result = in_child([] {
        ::unsetenv("TZ");
        keep_time_zone();
        const std::string unnamed = ::getenv("TZ");
        ::setenv("TZ", "UTC-3", 1);
        keep_time_zone();
        return unnamed == ":/etc/localtime" && ::getenv("TZ") == std::string("UTC-3") && ::timezone == -3 * 3600 ? 0 : 1;
    });
    EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace girin
