#include "worker/app/elf_library.hpp"

#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "tests/support/temp_dir.hpp"

using namespace girin;
using girin::test::read_file;

namespace {

std::string minimal() { return read_file(GIRIN_TEST_APPS "/minimal.so"); }

std::string refusal(const std::string& file) {
    const auto library = read_elf_library(std::as_bytes(std::span(file)));
    return library ? "" : library.error().message();
}

template <class T>
std::string with(std::string file, std::size_t offset, T value) {
    std::memcpy(file.data() + offset, &value, sizeof value);
    return file;
}

}  // namespace

TEST(ElfLibrary, ReadsDependenciesAndExports) {
    const std::string file = read_file(GIRIN_TEST_APPS "/needs_beside.so");
    const auto library = read_elf_library(std::as_bytes(std::span(file)));
    ASSERT_TRUE(library) << library.error().message();
    EXPECT_EQ(library->search_path, "$ORIGIN/beside");
    EXPECT_EQ(std::count(library->needed.begin(), library->needed.end(), "libapp_beside.so"), 1);
    ASSERT_EQ(library->applications.size(), 1U);
    EXPECT_EQ(library->applications[0].name, "app");
    EXPECT_GE(library->applications[0].object.size(), 12U);
}

TEST(ElfLibrary, RefusesAnotherMachine) {
    EXPECT_TRUE(refusal(with<std::uint16_t>(minimal(), offsetof(Elf64_Ehdr, e_machine), EM_MIPS))
                    .starts_with("is built for mips, this girin for "));
}

TEST(ElfLibrary, RefusesAnotherByteOrderAndWordSize) {
    const std::string file = minimal();
    const char other_order = file[EI_DATA] == ELFDATA2LSB ? ELFDATA2MSB : ELFDATA2LSB;
    const char other_class = file[EI_CLASS] == ELFCLASS64 ? ELFCLASS32 : ELFCLASS64;
    EXPECT_EQ(refusal(with(file, EI_DATA, other_order)), "is built for a machine of another byte order");
    EXPECT_EQ(refusal(with(file, EI_CLASS, other_class)), "is built for another word size than this girin");
}

TEST(ElfLibrary, RefusesOtherKindsOfFile) {
    const auto of_type = [](std::uint16_t type) { return refusal(with(minimal(), offsetof(Elf64_Ehdr, e_type), type)); };
    EXPECT_EQ(of_type(ET_REL), "is an object file (.o), not a shared object: link it with -shared");
    EXPECT_EQ(of_type(ET_EXEC), "is a program, not a shared object: link it with -shared");
    EXPECT_EQ(of_type(ET_CORE), "is not a shared object (ELF type 4)");
    EXPECT_EQ(refusal("!<arch>\nfoo"), "is a static library (.a), not a shared object: link it with -shared");
    EXPECT_EQ(refusal(std::string("\x89PNG\r\n\x1a\n\0", 9)), "is not a shared object (no ELF file)");
}

TEST(ElfLibrary, RefusesEveryTruncation) {
    const std::string file = minimal();
    for (std::size_t size = 0; size < file.size(); size += 1 + size / 64) {
        EXPECT_NE(refusal(file.substr(0, size)), "") << size << " bytes";
    }
}

/// Nothing to expect but that it comes back: offsets and sizes of every kind, none to be believed.
TEST(ElfLibrary, SurvivesDamagedFiles) {
    const std::string whole = minimal();
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 2000; ++round) {
        std::string file = whole;
        for (int hits = 0; hits < 8; ++hits) {
            const std::size_t region = hits < 4 ? 1024 : file.size();
            file[random() % region] = static_cast<char>(random());
        }
        file.replace(0, 20, whole, 0, 20);  // what is checked first stays whole
        refusal(file);
    }
}
