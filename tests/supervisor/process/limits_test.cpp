// What a container's limits look like at the start.

#include "supervisor/process/limits.hpp"

#include <gtest/gtest.h>

namespace girin {
namespace {

TEST(ProcessLimits, AreToldInOneLine) {
    ProcessLimits limits;
    EXPECT_EQ(limits_text(limits), "");
    limits.usable_cores = 2;
    limits.machine_cores = 8;
    limits.memory_bytes = std::uint64_t{512} << 20;
    limits.descriptors = 1024;
    EXPECT_EQ(limits_text(limits), "Limits: 2 of 8 processors, 512 MiB of memory, 1024 descriptors in a process");
    limits.usable_cores = 8;
    limits.memory_bytes.reset();
    EXPECT_EQ(limits_text(limits), "Limits: 1024 descriptors in a process");
}

TEST(ProcessLimits, AreDoubtedForMoreConnectionsThanDescriptors) {
    ProcessLimits limits;
    EXPECT_FALSE(connections_doubt(limits, 1'000'000));
    limits.descriptors = 1016;
    EXPECT_FALSE(connections_doubt(limits, 1000));
    EXPECT_EQ(connections_doubt(limits, 1001),
              "worker-connections 1001: a process may have only 1016 descriptors open; raise that (ulimit -n, "
              "LimitNOFILE=), or set fewer");
}

TEST(ProcessLimits, AreThoseOfThisProcess) {
    const ProcessLimits limits = read_limits();
    EXPECT_GE(limits.usable_cores, 1u);
    EXPECT_GE(limits.machine_cores, 1u);
    EXPECT_TRUE(!limits.memory_bytes || *limits.memory_bytes > 0);
}

}  // namespace
}  // namespace girin
