// Names to numbers, and the refusals.

#include "supervisor/process/privileges.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>

#include <gtest/gtest.h>

namespace girin {
namespace {

TEST(Privileges, ChangeNothingUnlessAsked) {
    const auto identity = find_identity("", "");
    ASSERT_TRUE(identity);
    EXPECT_FALSE(identity->changes_user());
    EXPECT_FALSE(identity->changes_group());
}

TEST(Privileges, NameAnUnknownUserOrGroup) {
    EXPECT_EQ(find_identity("nosuchuser", "").error().message(), "user 'nosuchuser': no such user");
    EXPECT_EQ(find_identity("", "nosuchgroup").error().message(), "group 'nosuchgroup': no such group");
}

TEST(Privileges, BringTheUsersGroups) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may change the user";
    const auto identity = find_identity("daemon", "");
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->uid, 1u);
    EXPECT_EQ(identity->gid, 1u);
    EXPECT_EQ(identity->groups, std::vector<gid_t>{1});
}

TEST(Privileges, TakeNumbersWithoutANameToo) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may change the user";
    const auto identity = find_identity("54321", "65432");
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->uid, 54321u);
    EXPECT_EQ(identity->gid, 65432u);
}

// FAULTS 17: a number without a name kept root's group.
TEST(Privileges, OfANumberWithoutANameAreNoneOfRoots) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may change the user";
    const auto identity = find_identity("54321", "");
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->gid, 54321u);
    EXPECT_EQ(identity->groups, std::vector<gid_t>{54321});
}

TEST(Privileges, AreGoneForGoodOnceGivenUp) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may change the user";
    const pid_t child = ::fork();
    if (child == 0) {
        const auto identity = find_identity("daemon", "");
        const bool became = identity && become(*identity) && ::getuid() == 1 && ::getegid() == 1;
        ::_exit(became && ::seteuid(0) != 0 && ::getgroups(0, nullptr) == 1 ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

/// Whether a child of ours, having done so, says this in its status.
bool child_has(const std::string& line, const std::function<bool()>& change) {
    const pid_t child = ::fork();
    if (child == 0) {
        std::ifstream status(change() ? "/proc/self/status" : "/dev/null");
        for (std::string text; std::getline(status, text);) {
            if (text == line) ::_exit(0);
        }
        ::_exit(1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status == 0;
}

TEST(Privileges, AreNotGainedOnceForbidden) {
    EXPECT_TRUE(child_has("NoNewPrivs:\t1", [] { return forbid_new_privileges().has_value(); }));
}

TEST(Capabilities, AreGoneOnceDropped) {
    const auto drop = [] { return drop_capability_bounds().has_value() && drop_capabilities().has_value(); };
    for (const char* set : {"CapPrm", "CapEff", "CapInh", "CapAmb"}) {
        EXPECT_TRUE(child_has(std::string(set) + ":\t0000000000000000", drop)) << set;
    }
    const auto may_change_bounds = [] { return ::prctl(PR_CAPBSET_DROP, 0, 0, 0, 0) == 0; };
    if (!child_has("Threads:\t1", may_change_bounds)) GTEST_SKIP() << "the bounding set isn't ours to change";
    EXPECT_TRUE(child_has("CapBnd:\t0000000000000000", drop));
}

TEST(Directory, ThatDoesNotExistIsNamed) {
    EXPECT_EQ(change_directory("/nowhere").error().message(), "change to directory /nowhere: no such file or directory");
}

}  // namespace
}  // namespace girin
