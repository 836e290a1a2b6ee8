// Names to numbers, and the refusals.

#include "supervisor/process/privileges.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

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

TEST(Environment, IsSetByNameAndValue) {
    ASSERT_TRUE(set_environment({"GIRIN_TEST_A=1", "GIRIN_TEST_B=x=y"}));
    EXPECT_STREQ(::getenv("GIRIN_TEST_A"), "1");
    EXPECT_STREQ(::getenv("GIRIN_TEST_B"), "x=y");
    EXPECT_FALSE(set_environment({"=1"}));
    EXPECT_EQ(set_environment({"NOVALUE"}).error().message(), "environment entry 'NOVALUE': not NAME=VALUE");
}

TEST(Directory, ThatDoesNotExistIsNamed) {
    EXPECT_EQ(change_directory("/nowhere").error().message(), "change to directory /nowhere: no such file or directory");
}

}  // namespace
}  // namespace girin
