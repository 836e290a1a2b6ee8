// Where values come from: every setting from every place, and which place wins.

#include "supervisor/settings/settings_value.hpp"
#include "tests/supervisor/settings/settings_fixture.hpp"

namespace girin {
namespace {

using test::error_of;
using test::file_of;
using test::parse;
using Kind = SettingSource::Kind;

// A text that the row takes and that isn't its default.
std::string another(const SettingRow& row) {
    if (row.unit == SettingUnit::octal) return "077";
    if (row.unit == SettingUnit::milliseconds) return "77s";
    if (row.unit != SettingUnit::none) return "77";
    if (is_switch(row)) return "true";
    if (row.flag == "application") return "./libshop.so";
    if (row.flag == "affinity") return "7,77";
    if (row.flag == "bind") return "127.0.0.1:77";
    if (row.flag == "env") return "A=77";
    if (row.flag == "forwarded-allow-ips") return "10.0.0.77";
    if (row.flag == "forwarded-header") return "Forwarded";
    if (row.flag == "log-level") return "error";
    if (row.flag == "statsd-host") return "stats.example:77";
    if (row.flag == "log-format") return "json";
    if (row.flag == "exec-ready") return "notify";
    if (row.flag == "exec-stop-signal") return "INT";
    return "text77";
}

bool is_ordinary(const SettingRow& row) {
    return has_value(row) && row.flag != "config";
}

void expect_set(const SettingRow& row, const Result<ParsedSettings>& parsed, const SettingSource& source) {
    ASSERT_TRUE(parsed) << row.flag << ": " << error_of(parsed);
    Settings wanted;
    clear_list(row, wanted);
    ASSERT_TRUE(read_value(row, another(row), wanted));
    EXPECT_EQ(value_texts(row, parsed->settings), value_texts(row, wanted)) << row.flag;
    EXPECT_NE(value_texts(row, parsed->settings), value_texts(row, Settings())) << row.flag;
    EXPECT_EQ(parsed->source_of(row), source) << row.flag << " from " << parsed->source_of(row).to_text();
}

// The application that a run needs, unless the row is about it.
std::vector<std::string> demo_beside(const SettingRow& row) {
    const bool stands_alone = row.flag == "application" || row.flag == "exec";
    return stands_alone ? std::vector<std::string>{} : std::vector<std::string>{"demo"};
}

std::vector<std::string> option(const std::string& flag, const SettingRow& row) {
    auto arguments = demo_beside(row);
    if (is_switch(row)) {
        arguments.push_back(flag);
    } else if (row.flag == "application") {
        arguments.push_back(another(row));
    } else {
        arguments.insert(arguments.end(), {flag, another(row)});
    }
    return arguments;
}

TEST(SettingsSources, LetTheCommandLineSetEach) {
    for (const SettingRow& row : setting_rows()) {
        if (!is_ordinary(row)) continue;
        const SettingSource source(Kind::command_line, "");
        expect_set(row, parse(option("--" + std::string(row.flag), row)), source);
        if (!row.other_flag.empty()) expect_set(row, parse(option("--" + std::string(row.other_flag), row)), source);
        if (row.short_flag != 0) expect_set(row, parse(option(std::string("-") + row.short_flag, row)), source);
    }
}

TEST(SettingsSources, LetTheEnvironmentSetEach) {
    for (const SettingRow& row : setting_rows()) {
        if (!is_ordinary(row)) continue;
        const std::string name = environment_variable(row);
        expect_set(row, parse(demo_beside(row), {name + "=" + another(row)}), SettingSource(Kind::environment, name));
    }
}

TEST(SettingsSources, LetTheFileSetEach) {
    for (const SettingRow& row : setting_rows()) {
        if (!is_ordinary(row)) continue;
        const SettingSource source(Kind::file, "girin.conf:2");
        expect_set(row, parse(demo_beside(row), {}, file_of("\n" + file_key(row) + " = " + another(row))), source);
        expect_set(row, parse(demo_beside(row), {}, file_of("\n" + std::string(row.flag) + " = " + another(row))),
                   source);
        if (row.other_file_key.empty()) continue;
        expect_set(row,
                   parse(demo_beside(row), {}, file_of("\n" + std::string(row.other_file_key) + "=" + another(row))),
                   source);
    }
}

TEST(SettingsSources, AreDefaultsOtherwise) {
    const auto parsed = parse({"demo"});
    ASSERT_TRUE(parsed) << error_of(parsed);
    EXPECT_EQ(parsed->settings.workers, 3u);
    EXPECT_EQ(parsed->source_of(row_of(&Settings::workers)).to_text(), "default");
    Settings wanted;
    wanted.workers = 3;
    wanted.application = "demo";
    EXPECT_EQ(parsed->settings, wanted);
}

TEST(SettingsSources, PreferTheCommandLineThenEnvironmentThenFileThenPlatform) {
    const SettingRow& row = row_of(&Settings::workers);
    const auto file = file_of("workers = 11\n");
    const std::vector<std::string> both = {"WEB_CONCURRENCY=12", "GIRIN_WORKERS=13"};

    auto parsed = parse({"demo", "-w14"}, both, file);
    ASSERT_TRUE(parsed) << error_of(parsed);
    EXPECT_EQ(parsed->settings.workers, 14u);
    EXPECT_EQ(parsed->source_of(row).to_text(), "command line");

    parsed = parse({"demo"}, both, file);
    ASSERT_TRUE(parsed) << error_of(parsed);
    EXPECT_EQ(parsed->settings.workers, 13u);
    EXPECT_EQ(parsed->source_of(row).to_text(), "environment GIRIN_WORKERS");

    parsed = parse({"demo"}, {"WEB_CONCURRENCY=12"}, file);
    ASSERT_TRUE(parsed) << error_of(parsed);
    EXPECT_EQ(parsed->settings.workers, 11u);
    EXPECT_EQ(parsed->source_of(row).to_text(), "girin.conf:1");

    parsed = parse({"demo"}, {"WEB_CONCURRENCY=12"});
    ASSERT_TRUE(parsed) << error_of(parsed);
    EXPECT_EQ(parsed->settings.workers, 12u);
    EXPECT_EQ(parsed->source_of(row).to_text(), "environment WEB_CONCURRENCY");
}

TEST(SettingsSources, ReplaceListsAndNeverMixThem) {
    const auto file = file_of("bind = :1\nbind = :2\n");
    const SettingRow& row = row_of(&Settings::bind);
    const auto bound = [&](const Result<ParsedSettings>& parsed) {
        return parsed ? value_text(row, parsed->settings) : error_of(parsed);
    };
    EXPECT_EQ(bound(parse({"demo"}, {"PORT=99"})), "0.0.0.0:99");
    EXPECT_EQ(bound(parse({"demo"}, {"PORT=99"}, file)), "0.0.0.0:1, 0.0.0.0:2");
    EXPECT_EQ(bound(parse({"demo"}, {"GIRIN_BIND=:3,:4"}, file)), "0.0.0.0:3, 0.0.0.0:4");
    EXPECT_EQ(bound(parse({"demo", "-b", ":5", "--bind=:6"}, {"GIRIN_BIND=:3"}, file)), "0.0.0.0:5, 0.0.0.0:6");
}

TEST(SettingsSources, TakeTheLastOfAnOptionGivenTwice) {
    const auto parsed = parse({"-w2", "demo", "--workers", "5", "--daemon", "--no-daemon"});
    ASSERT_TRUE(parsed) << error_of(parsed);
    EXPECT_EQ(parsed->settings.workers, 5u);
    EXPECT_FALSE(parsed->settings.daemon);
}

TEST(SettingsSources, LetASwitchBeTurnedOffAgain) {
    const auto parsed =
        parse({"demo", "--no-reuse-port"}, {"GIRIN_PRELOAD=no"}, file_of("reuse_port = true\npreload = true\n"));
    ASSERT_TRUE(parsed) << error_of(parsed);
    EXPECT_FALSE(parsed->settings.reuse_port);
    EXPECT_FALSE(parsed->settings.preload);
}

TEST(SettingsSources, IgnoreEmptyAndForeignVariables) {
    const auto parsed = parse({"demo"}, {"GIRIN_WORKERS=", "PORT=", "GIRIN_SHOP_PASSWORD=x", "BROKEN", "=x", ""});
    ASSERT_TRUE(parsed) << error_of(parsed);
    EXPECT_EQ(parsed->settings.workers, 3u);
}

TEST(SettingsSources, ResolveAutoWorkersFromAnySource) {
    for (const auto& parsed : {parse({"demo", "-w", "auto"}), parse({"demo"}, {"GIRIN_WORKERS=auto"}),
                               parse({"demo"}, {}, file_of("workers = auto"))}) {
        ASSERT_TRUE(parsed) << error_of(parsed);
        EXPECT_EQ(parsed->settings.workers, 3u);
    }
    auto input = test::input_of({"demo"});
    input.usable_cores = 100'000;
    EXPECT_EQ(parse_settings(input, SettingsFile())->settings.workers, row_of(&Settings::workers).max);
}

TEST(SettingsSources, KnowWhatTheCommandLineAsksFor) {
    EXPECT_EQ(parse({"demo"})->answer, SettingsAnswer::run);
    EXPECT_EQ(parse({"demo", "--check-config"})->answer, SettingsAnswer::check_config);
    EXPECT_EQ(parse({"--print-config"})->answer, SettingsAnswer::print_config);
    EXPECT_EQ(parse({"--version"})->answer, SettingsAnswer::version);
    EXPECT_EQ(parse({"-h", "-v", "--print-config"})->answer, SettingsAnswer::help);
    const auto documents = parse({"--print-docs", "man"});
    EXPECT_EQ(documents->answer, SettingsAnswer::print_docs);
    EXPECT_EQ(documents->docs_format, "man");
}

TEST(SettingsSources, GiveHelpWhateverElseIsWrong) {
    const auto parsed = parse({"--help", "-w", "many"}, {"GIRIN_WROKERS=1"}, file_of("nonsense"));
    ASSERT_TRUE(parsed) << error_of(parsed);
    EXPECT_EQ(parsed->answer, SettingsAnswer::help);
}

}  // namespace
}  // namespace girin
