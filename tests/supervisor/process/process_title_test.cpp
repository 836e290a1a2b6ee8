// What ps shows, seen from outside.

#include "supervisor/process/process_title.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include <gtest/gtest.h>

namespace girin {
namespace {

std::string read_proc(const char* file) {
    std::ifstream in(std::string("/proc/self/") + file);
    return std::string(std::istreambuf_iterator<char>(in), {});
}

TEST(ProcessTitle, IsMadeOfRoleAndName) {
    EXPECT_EQ(make_process_title("master", "shop"), "girin: master [shop]");
    EXPECT_EQ(make_process_title("worker 2", ""), "girin: worker 2");
}

TEST(ProcessTitle, WritesOverArgumentsAndLeavesTheEnvironmentReadable) {
    // A stand-in for what the kernel lays out: arguments, then environment, back to back.
    std::vector<char> area;
    for (const char* text : {"girin", "-w", "4"}) area.insert(area.end(), text, text + std::strlen(text) + 1);
    char* argv[] = {area.data(), area.data() + 6, area.data() + 9, nullptr};
    ProcessTitle title(3, argv);
    title.set("a title");
    EXPECT_STREQ(area.data(), "a title");
    EXPECT_STREQ(argv[1], "-w");
    title.set("a title that is longer than the place for it");
    EXPECT_STREQ(area.data(), "a title th");
    EXPECT_NE(::getenv("PATH"), nullptr);
}

TEST(ProcessTitle, SetsTheShortName) {
    const std::string before = read_proc("comm");
    ProcessTitle().set("girin: worker 2 [shop]");
    EXPECT_EQ(read_proc("comm"), "girin:worker 2\n");
    ProcessTitle().set(before.substr(0, before.size() - 1));
}

}  // namespace
}  // namespace girin
