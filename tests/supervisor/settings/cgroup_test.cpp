// The memory that cgroups leave us, over made-up kernel files.

#include "supervisor/settings/cgroup.hpp"

#include <gtest/gtest.h>

#include <map>

namespace girin {
namespace {

using Files = std::map<std::string, std::string>;
using Bytes = std::optional<std::uint64_t>;

Bytes limit_of(const Files& files) {
    return memory_limit([&](const std::string& path) -> std::optional<std::string> {
        const auto file = files.find(path);
        if (file == files.end()) return std::nullopt;
        return file->second;
    });
}

TEST(MemoryLimit, IsNoneWithoutACgroup) {
    EXPECT_EQ(limit_of({}), std::nullopt);
    EXPECT_EQ(limit_of({{"/proc/self/cgroup", "nonsense"}}), std::nullopt);
}

TEST(MemoryLimit, IsTheTightestOfTheCgroupsAbove) {
    EXPECT_EQ(limit_of({{"/proc/self/cgroup", "0::/a/b\n"},
                        {"/sys/fs/cgroup/a/b/memory.max", "max\n"},
                        {"/sys/fs/cgroup/a/memory.max", "536870912\n"},
                        {"/sys/fs/cgroup/memory.max", "1073741824\n"}}),
              Bytes(536870912));
    EXPECT_EQ(limit_of({{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/memory.max", "max\n"}}), std::nullopt);
}

TEST(MemoryLimit, IsThatOfVersion1Too) {
    const auto with = [](std::string limit) {
        return limit_of({{"/proc/self/cgroup", "9:cpu,cpuacct:/x\n4:memory:/docker/01\n"},
                         {"/sys/fs/cgroup/memory/docker/01/memory.limit_in_bytes", std::move(limit)}});
    };
    EXPECT_EQ(with("268435456\n"), Bytes(268435456));
    EXPECT_EQ(with("9223372036854771712\n"), std::nullopt) << "which means none";
}

}  // namespace
}  // namespace girin
