// The corpus of the server's fuzz target, played without a fuzzer: in every build, by every compiler.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "tests/fuzz/server/session.hpp"

namespace girin::test {
namespace {

TEST(FuzzCorpus, OfTheServerIsPlayedWithoutAnObjection) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(GIRIN_FUZZ_CORPUS "/server")) {
        files.push_back(entry.path());
    }
    std::ranges::sort(files);
    ASSERT_FALSE(files.empty());
    for (const auto& file : files) {
        std::ostringstream input;
        input << std::ifstream(file, std::ios::binary).rdbuf();
        std::fprintf(stderr, "%s\n", file.filename().c_str());  // an objection ends the process
        play_session(input.str());
    }
}

}  // namespace
}  // namespace girin::test
