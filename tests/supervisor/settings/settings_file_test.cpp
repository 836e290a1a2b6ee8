// The settings file's grammar, and reading it from a disk.

#include "supervisor/settings/settings_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace girin {
namespace {

std::string flat(const Result<std::vector<FileEntry>>& entries) {
    if (!entries) return "error " + entries.error().message();
    std::string text;
    for (const FileEntry& entry : *entries) {
        text += std::to_string(entry.line) + " " + entry.key + "=<" + entry.value + ">;";
    }
    return text;
}

std::string parsed(std::string_view text) {
    return flat(parse_settings_file(text, "girin.conf"));
}

TEST(SettingsFile, ReadsNamesAndValues) {
    EXPECT_EQ(parsed(""), "");
    EXPECT_EQ(parsed("workers = 4"), "1 workers=<4>;");
    EXPECT_EQ(parsed("\tworkers=4\n\n  bind = :80 \n"), "1 workers=<4>;3 bind=<:80>;");
    EXPECT_EQ(parsed("env = A=b=c"), "1 env=<A=b=c>;");
    EXPECT_EQ(parsed("pid ="), "1 pid=<>;");
    EXPECT_EQ(parsed("[girin]\nworkers = 4\n"), "2 workers=<4>;");
}

TEST(SettingsFile, SkipsComments) {
    EXPECT_EQ(parsed("# one\n; two\n   # three\nworkers = 4 # four\n"), "4 workers=<4>;");
    EXPECT_EQ(parsed("pid = a#b"), "1 pid=<a#b>;");
    EXPECT_EQ(parsed("pid = # nothing"), "1 pid=<>;");
    EXPECT_EQ(parsed("pid = a;b ; c"), "1 pid=<a;b ; c>;");
    EXPECT_EQ(parsed("[girin] # ours"), "");
}

TEST(SettingsFile, ReadsQuotes) {
    EXPECT_EQ(parsed(R"(name = " a # b "  # comment)"), "1 name=< a # b >;");
    EXPECT_EQ(parsed(R"(name = "a\"b\\c\n\td")"), "1 name=<a\"b\\c\n\td>;");
    EXPECT_EQ(parsed(R"(name = 'a\n"b')"), "1 name=<a\\n\"b>;");
    EXPECT_EQ(parsed(R"(name = "")"), "1 name=<>;");
    EXPECT_EQ(parsed(R"(format = %(h)s "%(r)s")"), "1 format=<%(h)s \"%(r)s\">;");
}

TEST(SettingsFile, TakesAByteOrderMarkAndWindowsLineEnds) {
    EXPECT_EQ(parsed("\xEF\xBB\xBFworkers = 4\r\nbind = \":80\"\r\n\r\n"), "1 workers=<4>;2 bind=<:80>;");
}

TEST(SettingsFile, SaysWhichLineIsWrong) {
    EXPECT_EQ(parsed("\nworkers 4\n"), "error girin.conf:2: 'workers 4' is not NAME = VALUE");
    EXPECT_EQ(parsed("= 4"), "error girin.conf:1: a name is missing before '='");
    EXPECT_EQ(parsed("name = \"a"), "error girin.conf:1: a quote is opened and not closed");
    EXPECT_EQ(parsed("name = \"a\\\""), "error girin.conf:1: a quote is opened and not closed");
    EXPECT_EQ(parsed("name = 'a' b"), "error girin.conf:1: 'b' stands after the closing quote");
    EXPECT_EQ(parsed("[other]"), "error girin.conf:1: '[other]' is not a section of ours: only [girin] is");
    EXPECT_EQ(parsed(std::string_view("a = 1\nb\0= 2", 11)), "error girin.conf:2: a NUL byte: this is not a text file");
}

TEST(SettingsFile, WritesValuesThatItReadsAgain) {
    for (const std::string value : {"", "4", " a ", "a # b", "#", "a#b", "\"", "'", "a\\b", "\\", "a\\n", "x\ny", "\t",
                                    "\r", "%(h)s \"%(r)s\"", "[girin]", "= =", "; no comment"}) {
        const auto entries = parse_settings_file("name = " + file_value(value) + " # source\n", "girin.conf");
        ASSERT_TRUE(entries) << value << ": " << entries.error().message();
        ASSERT_EQ(entries->size(), 1u) << value;
        EXPECT_EQ(entries->front().value, value) << file_value(value);
    }
}

class SettingsFileOnDisk : public ::testing::Test {
  protected:
    SettingsFileOnDisk() {
        char name[] = "/tmp/girin-settings-XXXXXX";
        directory_ = ::mkdtemp(name);
    }
    ~SettingsFileOnDisk() override { std::filesystem::remove_all(directory_); }

    std::string write(const std::string& text) const {
        const std::string path = directory_ + "/girin.conf";
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }
    static std::string message(const std::string& path) {
        const auto text = read_settings_file(path, "girin.conf");
        return text ? "(no error)" : text.error().message();
    }

    std::string directory_;
};

TEST_F(SettingsFileOnDisk, IsReadWhole) {
    const std::string text(100'000, '#');
    const auto read = read_settings_file(write(text), "girin.conf");
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, text);
}

TEST_F(SettingsFileOnDisk, SaysWhyItCannotBeRead) {
    EXPECT_EQ(message(directory_ + "/none"), "open girin.conf: no such file or directory");
    EXPECT_EQ(message(directory_), "read girin.conf: it is a directory");
    EXPECT_EQ(message(write(std::string(kLargestSettingsFileBytes + 1, '#'))), "read girin.conf: larger than 1 MiB");
}

TEST_F(SettingsFileOnDisk, IsRefusedWithoutPermission) {
    const std::string path = write("workers = 4\n");
    ASSERT_EQ(::chmod(path.c_str(), 0), 0);
    // Root may read everything, so a test that runs as root is nobody for a moment.
    constexpr uid_t kNobody = 65534;
    const bool is_root = ::geteuid() == 0;
    if (is_root) {
        ASSERT_EQ(::seteuid(kNobody), 0);
    }
    const std::string told = message(path);
    if (is_root) {
        ASSERT_EQ(::seteuid(0), 0);
    }
    EXPECT_EQ(told, "open girin.conf: permission denied");
}

TEST_F(SettingsFileOnDisk, DoesNotHangOnAFifo) {
    const std::string path = directory_ + "/fifo";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const auto text = read_settings_file(path, "girin.conf");
    ASSERT_TRUE(text);
    EXPECT_EQ(*text, "");
}

}  // namespace
}  // namespace girin
