// Which file is read, and reading it anew for a reload.

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/supervisor/settings/settings_fixture.hpp"

namespace girin {
namespace {

using test::error_of;

class SettingsLoad : public ::testing::Test {
  protected:
    SettingsLoad() {
        char name[] = "/tmp/girin-load-XXXXXX";
        directory_ = ::mkdtemp(name);
    }
    ~SettingsLoad() override { std::filesystem::remove_all(directory_); }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(directory_ + "/" + name) << text;
    }
    SettingsInput input(std::vector<std::string> arguments, std::vector<std::string> environment = {}) const {
        SettingsInput in = test::input_of(std::move(arguments), std::move(environment));
        in.working_directory = directory_;
        return in;
    }
    static std::string source(const Result<ParsedSettings>& parsed) {
        return parsed ? parsed->source_of(row_of(&Settings::workers)).to_text() : error_of(parsed);
    }

    std::string directory_;
};

TEST_F(SettingsLoad, NeedsNoFile) {
    const auto parsed = load_settings(input({"demo"}));
    ASSERT_TRUE(parsed) << error_of(parsed);
    EXPECT_EQ(parsed->settings.config, "");
}

TEST_F(SettingsLoad, FindsGirinConfInTheWorkingDirectory) {
    write("girin.conf", "workers = 8\n");
    const auto parsed = load_settings(input({"demo"}));
    ASSERT_TRUE(parsed) << error_of(parsed);
    EXPECT_EQ(source(parsed), "girin.conf:1");
    EXPECT_EQ(parsed->settings.config, directory_ + "/girin.conf");
}

TEST_F(SettingsLoad, PrefersTheFileThatIsNamed) {
    write("girin.conf", "workers = 8\n");
    write("a.conf", "\nworkers = 8\n");
    write("b.conf", "\n\nworkers = 8\n");
    EXPECT_EQ(source(load_settings(input({"demo"}, {"GIRIN_CONFIG=a.conf"}))), "a.conf:2");
    EXPECT_EQ(source(load_settings(input({"demo", "-c", "b.conf"}, {"GIRIN_CONFIG=a.conf"}))), "b.conf:3");
    EXPECT_EQ(source(load_settings(input({"demo", "-c", directory_ + "/b.conf"}))), directory_ + "/b.conf:3");
    EXPECT_EQ(source(load_settings(input({"demo", "-c", "/dev/null"}))), "default");
}

TEST_F(SettingsLoad, WantsANamedFileToBeThere) {
    EXPECT_EQ(source(load_settings(input({"demo", "-c", "none.conf"}))), "open none.conf: no such file or directory");
    EXPECT_EQ(source(load_settings(input({"demo", "-c", "."}))), "read .: it is a directory");
    auto again = input({"demo"});
    again.file_required = true;
    EXPECT_EQ(source(load_settings(again)), "open girin.conf: no such file or directory");
}

TEST_F(SettingsLoad, GivesHelpWithoutTheFile) {
    EXPECT_EQ(load_settings(input({"--help", "-c", "none.conf"}))->answer, SettingsAnswer::help);
}

TEST_F(SettingsLoad, ReadsTheFileAnew) {
    const auto same = input({"demo"});
    write("girin.conf", "workers = 8\n");
    EXPECT_EQ(load_settings(same)->settings.workers, 8u);
    write("girin.conf", "workers = 9\n");
    EXPECT_EQ(load_settings(same)->settings.workers, 9u);
    write("girin.conf", "workers = x\n");
    EXPECT_EQ(source(load_settings(same)), "girin.conf:1: workers: 'x' is not a whole number, nor auto");
}

TEST(SettingsInput, IsThisProcess) {
    ASSERT_EQ(::setenv("GIRIN_TEST_MARK", "x", 1), 0);
    const char* arguments[] = {"girin", "-w4", "demo", nullptr};
    const SettingsInput input = SettingsInput::of_process(3, arguments);
    EXPECT_EQ(input.arguments, (std::vector<std::string>{"-w4", "demo"}));
    EXPECT_NE(std::find(input.environment.begin(), input.environment.end(), "GIRIN_TEST_MARK=x"),
              input.environment.end());
    EXPECT_EQ(input.working_directory, std::filesystem::current_path().string());
    EXPECT_GE(input.usable_cores, 1u);
}

}  // namespace
}  // namespace girin
