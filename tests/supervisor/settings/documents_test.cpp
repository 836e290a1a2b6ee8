// Help and documents: complete, and the committed ones are those that the table prints today.

#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "supervisor/settings/command_table.hpp"
#include "supervisor/settings/guides.hpp"
#include "supervisor/settings/settings_documents.hpp"
#include "supervisor/settings/settings_print.hpp"
#include "tests/supervisor/settings/settings_fixture.hpp"

namespace girin {
namespace {

using test::error_of;
using test::file_of;
using test::parse;

std::string committed(const std::string& name) {
    std::ifstream file(std::string(GIRIN_DEPLOY_DIR) + "/" + name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

TEST(Documents, AreCommittedAsPrinted) {
    EXPECT_EQ(committed("girin.1"), man_page()) << "print it anew: girin --print-docs man > deploy/girin.1";
    EXPECT_EQ(committed("settings.md"), settings_reference()) << "girin --print-docs markdown > deploy/settings.md";
    EXPECT_EQ(committed("girin.conf.example"), sample_file())
        << "girin --print-docs sample > deploy/girin.conf.example";
}

TEST(Documents, TellEachCommand) {
    const std::string help = help_text(), manual = man_page();
    for (const CommandRow& row : command_rows()) {
        EXPECT_NE(help.find("\n  " + command_synopsis(row) + "\n"), std::string::npos) << row.name;
        EXPECT_NE(manual.find(row.summary), std::string::npos) << row.name;
    }
}

TEST(Documents, TellWhereTheGuidesLie) {
    for (const Guide& guide : guides()) {
        EXPECT_NE(help_text().find("\n  " + std::string(guide.file) + "\n"), std::string::npos) << guide.file;
        EXPECT_NE(man_page().find("\n.B " + std::string(guide.file) + "\n"), std::string::npos) << guide.file;
        const std::string source = std::string(GIRIN_DEPLOY_DIR) + "/../" + std::string(guide.file);
        EXPECT_TRUE(std::filesystem::exists(source)) << source;
    }
}

TEST(Documents, TellEachExitCode) {
    for (const ExitCodeMeaning& row : exit_codes()) EXPECT_NE(man_page().find(row.meaning.substr(0, 20)), std::string::npos);
}

TEST(Documents, TellEachSetting) {
    const std::string help = help_text(), reference = settings_reference(), sample = sample_file();
    for (const SettingRow& row : setting_rows()) {
        EXPECT_NE(help.find(flags_text(row)), std::string::npos) << row.flag;
        EXPECT_NE(reference.find("### `" + flags_text(row) + "`"), std::string::npos) << row.flag;
        if (!file_key(row).empty()) {
            EXPECT_NE(sample.find("\n#" + file_key(row) + " = "), std::string::npos) << row.flag;
        }
    }
}

TEST(Documents, FitATerminal) {
    for (const std::string& line : lines_of(help_text())) EXPECT_LE(line.size(), 80u) << line;
}

TEST(Documents, GiveASampleThatSetsNothing) {
    const auto parsed = parse({"demo"}, {}, file_of(sample_file()));
    ASSERT_TRUE(parsed) << error_of(parsed);
    for (const SettingSource& source : parsed->sources)
        EXPECT_NE(source.kind, SettingSource::Kind::file) << source.where;
}

TEST(Documents, GiveASampleOfTheDefaults) {
    std::string text;
    for (const std::string& line : lines_of(sample_file())) {
        const bool is_setting = line.size() > 1 && line[0] == '#' && std::isalpha(static_cast<unsigned char>(line[1]));
        text += (is_setting ? line.substr(1) : line) + "\n";
    }
    auto parsed = parse({"demo"}, {}, file_of(text));
    ASSERT_TRUE(parsed) << error_of(parsed);
    auto defaults = parse({"demo"});
    defaults->settings.config = parsed->settings.config;
    EXPECT_EQ(parsed->settings, defaults->settings);
}

TEST(Documents, AnswerWhatTheCommandLineAsksFor) {
    EXPECT_EQ(answer_text(*parse({"demo"})), std::nullopt);
    EXPECT_EQ(answer_text(*parse({"demo", "--check-config"})), std::nullopt);
    EXPECT_EQ(answer_text(*parse({"--help"})), help_text());
    EXPECT_EQ(answer_text(*parse({"--version"})), "girin " + std::string(girin_version()) + "\n");
    EXPECT_EQ(answer_text(*parse({"--print-docs=man"})), man_page());
    EXPECT_EQ(answer_text(*parse({"--print-docs=markdown"})), settings_reference());
    EXPECT_EQ(answer_text(*parse({"--print-docs=sample"})), sample_file());
}

TEST(Documents, ShowEachValueWithItsSource) {
    const auto parsed = parse({"demo", "--print-config", "-t9"}, {"GIRIN_SOAK=4"}, file_of("\nbind = :1\nbind = :2\n"));
    ASSERT_TRUE(parsed) << error_of(parsed);
    const std::string text = *answer_text(*parsed);
    const auto shows = [&](const std::string& value, const std::string& source) {
        for (const std::string& line : lines_of(text)) {
            if (line.starts_with(value + " ") && line.ends_with(" # " + source)) return true;
        }
        return false;
    };
    EXPECT_TRUE(shows("timeout = 9s", "command line")) << text;
    EXPECT_TRUE(shows("soak = 4s", "environment GIRIN_SOAK")) << text;
    EXPECT_TRUE(shows("bind = 0.0.0.0:1", "girin.conf:2")) << text;
    EXPECT_TRUE(shows("bind = 0.0.0.0:2", "girin.conf:2")) << text;
    EXPECT_TRUE(shows("workers = 3", "default")) << text;
    EXPECT_TRUE(text.starts_with("# settings file: /nowhere/girin.conf (default)\n")) << text;
}

}  // namespace
}  // namespace girin
