// Lists of processors.

#include "supervisor/settings/cpu_list.hpp"

#include <gtest/gtest.h>

namespace girin {
namespace {

const CpuList kAllowed = {0, 1, 2, 3, 8, 9};

TEST(CpuList, IsReadFromNumbersAndRanges) {
    EXPECT_EQ(*choose_cpus("auto", kAllowed), kAllowed);
    EXPECT_EQ(*choose_cpus("2", kAllowed), CpuList{2});
    EXPECT_EQ(*choose_cpus("8-9,0,2-3,2", kAllowed), (CpuList{0, 2, 3, 8, 9}));
}

TEST(CpuList, RefusesWhatIsNone) {
    for (const char* text : {"", ",", "1,", ",1", "all", "1-", "-1", "3-1", "1;2", "99999", "0-8192", "1 2"}) {
        EXPECT_FALSE(check_cpu_list(text)) << text;
    }
    EXPECT_EQ(check_cpu_list("3-1").error().message(),
              "'3-1' is no list of processors: auto, or numbers and ranges such as 0,2,4-7");
}

TEST(CpuList, RefusesProcessorsThatAreNotOurs) {
    EXPECT_EQ(choose_cpus("2-4", kAllowed).error().message(), "affinity: processor 4 isn't one that we may use");
}

TEST(CpuList, IsSharedOutEvenly) {
    EXPECT_EQ(least_taken_cpu({2, 4, 6}, {}), 2U);
    EXPECT_EQ(least_taken_cpu({2, 4, 6}, {2}), 4U);
    EXPECT_EQ(least_taken_cpu({2, 4, 6}, {2, 4, 6, 4, 2}), 6U);
    EXPECT_EQ(least_taken_cpu({2, 4, 6}, {4, 6, 9}), 2U);
}

}  // namespace
}  // namespace girin
