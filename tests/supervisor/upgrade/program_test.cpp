// How this program was started, as far as it can be known from within.

#include "supervisor/upgrade/program.hpp"

#include <filesystem>

#include <gtest/gtest.h>

namespace girin {
namespace {

std::string own_binary() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

TEST(ProgramStart, KnowsItsBinaryWhateverItIsCalled) {
    const std::string own = own_binary();
    for (const std::string& name : {own, std::string("a name that nobody has"), std::string("/bin/sh")}) {
        const char* const arguments[] = {name.c_str(), "-w", "2"};
        const auto start = ProgramStart::of_process(3, arguments);
        EXPECT_EQ(start.path, own) << name;
        EXPECT_EQ(start.arguments, (std::vector<std::string>{name, "-w", "2"}));
    }
}

TEST(ProgramStart, KeepsTheWayItWasStartedThrough) {
    const std::string own = own_binary();
    const std::string relative = std::filesystem::relative(own).string();
    const std::string through = "./" + relative;
    const char* const arguments[] = {through.c_str()};
    const auto start = ProgramStart::of_process(1, arguments);
    EXPECT_EQ(start.path, std::filesystem::current_path().string() + "/" + through) << "links on the way may change";
}

TEST(ProgramStart, SeesThroughTheMarkOfAReplacedBinary) {
    EXPECT_EQ(without_deleted_mark("/usr/bin/girin (deleted)"), "/usr/bin/girin");
    EXPECT_EQ(without_deleted_mark("/usr/bin/girin"), "/usr/bin/girin");
}

}  // namespace
}  // namespace girin
