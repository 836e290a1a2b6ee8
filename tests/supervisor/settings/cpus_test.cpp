// Usable cores over made-up kernel files, as machines and containers show them.

#include "supervisor/settings/cpus.hpp"

#include <gtest/gtest.h>

#include <map>

namespace girin {
namespace {

using Files = std::map<std::string, std::string>;

std::size_t cores(std::size_t allowed, const Files& files) {
    return usable_cores(allowed, [&](const std::string& path) -> std::optional<std::string> {
        const auto file = files.find(path);
        if (file == files.end()) return std::nullopt;
        return file->second;
    });
}

TEST(UsableCores, AreThoseOfTheAffinityWithoutACgroup) {
    EXPECT_EQ(cores(8, {}), 8u);
    EXPECT_EQ(cores(1, {}), 1u);
    EXPECT_EQ(cores(0, {}), 1u);
}

TEST(UsableCores, FollowAQuotaOfVersion2) {
    const auto with = [](std::string quota) {
        return cores(8, {{"/proc/self/cgroup", "0::/shop\n"}, {"/sys/fs/cgroup/shop/cpu.max", std::move(quota)}});
    };
    EXPECT_EQ(with("max 100000\n"), 8u);
    EXPECT_EQ(with("200000 100000\n"), 2u);
    EXPECT_EQ(with("150000 100000\n"), 2u);
    EXPECT_EQ(with("5000 100000\n"), 1u);
    EXPECT_EQ(with("50000 10000\n"), 5u);
    EXPECT_EQ(with("3200000 100000\n"), 8u);
}

TEST(UsableCores, FollowTheTightestOfTheCgroupsAbove) {
    EXPECT_EQ(cores(8, {{"/proc/self/cgroup", "0::/a/b/c\n"},
                        {"/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n"},
                        {"/sys/fs/cgroup/a/b/cpu.max", "600000 100000\n"},
                        {"/sys/fs/cgroup/a/cpu.max", "300000 100000\n"}}),
              3u);
}

TEST(UsableCores, FollowAContainersOwnRoot) {
    EXPECT_EQ(cores(8, {{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/cpu.max", "400000 100000\n"}}), 4u);
    // Without a cgroup namespace the path is the host's and isn't there; the mount's root is ours.
    EXPECT_EQ(cores(8, {{"/proc/self/cgroup", "0::/docker/0123\n"}, {"/sys/fs/cgroup/cpu.max", "400000 100000\n"}}),
              4u);
}

TEST(UsableCores, FollowAQuotaOfVersion1) {
    const auto with = [](std::string mount, std::string quota) {
        return cores(8, {{"/proc/self/cgroup", "12:cpuset:/x\n4:cpu,cpuacct:/docker/01\n1:name=systemd:/y\n"},
                         {"/sys/fs/cgroup/" + mount + "/cpu.cfs_quota_us", std::move(quota)},
                         {"/sys/fs/cgroup/" + mount + "/cpu.cfs_period_us", "100000\n"}});
    };
    EXPECT_EQ(with("cpu,cpuacct/docker/01", "250000\n"), 3u);
    EXPECT_EQ(with("cpu/docker/01", "100000\n"), 1u);
    EXPECT_EQ(with("cpu,cpuacct", "200000\n"), 2u);
    EXPECT_EQ(with("cpu/docker/01", "-1\n"), 8u);
}

TEST(UsableCores, AreNotLimitedByWhatCannotBeUnderstood) {
    for (const char* text :
         {"", "\n", "max", "x y\n", "0 100000\n", "100000\n", "100000 0\n", "99999999999999999999 1\n", "1e5 1\n"}) {
        EXPECT_EQ(cores(8, {{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/cpu.max", text}}), 8u) << text;
    }
    for (const char* text : {"", "garbage", "::::", "0:", "0::", "\n\n"}) {
        EXPECT_EQ(cores(8, {{"/proc/self/cgroup", text}}), 8u) << text;
    }
}

TEST(UsableCores, AreAtLeastOneOfThisMachine) {
    EXPECT_GE(usable_cores(), 1u);
}

}  // namespace
}  // namespace girin
