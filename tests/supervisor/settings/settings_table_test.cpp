// Walks the table: names, ranges, and every value from text and back.

#include "supervisor/settings/settings_table.hpp"

#include <set>

#include "supervisor/settings/settings_print.hpp"
#include "supervisor/settings/settings_value.hpp"
#include "tests/supervisor/settings/settings_fixture.hpp"

namespace girin {
namespace {

using test::error_of;
using test::file_of;
using test::parse;

bool reads(const SettingRow& row, const std::string& text) {
    Settings settings;
    return static_cast<bool>(read_value(row, text, settings));
}

std::string in_smallest_unit(const SettingRow& row, std::uint64_t value) {
    switch (row.unit) {
        case SettingUnit::milliseconds: return std::to_string(value) + "ms";
        case SettingUnit::octal: {
            std::string digits;
            for (; value != 0 || digits.empty(); value /= 8)
                digits.insert(digits.begin(), static_cast<char>('0' + value % 8));
            return digits;
        }
        default: return std::to_string(value);
    }
}

TEST(SettingsTable, HasNoNameTwice) {
    std::set<std::string> flags, letters, keys, variables;
    for (const SettingRow& row : setting_rows()) {
        EXPECT_TRUE(flags.insert(std::string(row.flag)).second) << row.flag;
        if (!row.other_flag.empty()) {
            EXPECT_TRUE(flags.insert(std::string(row.other_flag)).second) << row.other_flag;
        }
        if (row.short_flag != 0) {
            EXPECT_TRUE(letters.insert(std::string(1, row.short_flag)).second) << row.short_flag;
        }
        if (!file_key(row).empty()) {
            EXPECT_TRUE(keys.insert(file_key(row)).second) << row.flag;
        }
        if (!row.other_file_key.empty()) {
            EXPECT_TRUE(keys.insert(std::string(row.other_file_key)).second) << row.flag;
        }
        if (!environment_variable(row).empty()) {
            EXPECT_TRUE(variables.insert(environment_variable(row)).second) << row.flag;
        }
    }
}

TEST(SettingsTable, KeepsSectionsTogether) {
    std::set<std::string_view> closed;
    std::string_view section;
    for (const SettingRow& row : setting_rows()) {
        if (row.section != section) {
            EXPECT_TRUE(closed.insert(row.section).second) << row.flag;
        }
        section = row.section;
    }
}

TEST(SettingsTable, SaysWhatEachRowIs) {
    for (const SettingRow& row : setting_rows()) {
        EXPECT_FALSE(row.summary.empty()) << row.flag;
        EXPECT_TRUE(row.summary.ends_with('.')) << row.flag;
        EXPECT_LE(row.summary.size(), 110u) << row.flag;
        EXPECT_TRUE(row.details.empty() || row.details.ends_with('.')) << row.flag;
        EXPECT_EQ(row.unit != SettingUnit::none, row.max != 0) << row.flag;
        EXPECT_EQ(find_flag(row.flag), &row);
        if (!file_key(row).empty()) {
            EXPECT_EQ(find_file_key(file_key(row)), &row);
        }
        if (has_value(row)) {
            EXPECT_EQ(&row_of(row.field), &row);
        }
    }
}

TEST(SettingsTable, DerivesNamesFromTheFlag) {
    const SettingRow& row = row_of(&Settings::limit_request_field_size);
    EXPECT_EQ(file_key(row), "limit_request_field_size");
    EXPECT_EQ(environment_variable(row), "GIRIN_LIMIT_REQUEST_FIELD_SIZE");
    EXPECT_EQ(find_file_key("limit-request-field-size"), &row);
    EXPECT_EQ(file_key(row_of(&Settings::config)), "");
    EXPECT_EQ(environment_variable(*find_flag("help")), "");
    EXPECT_EQ(find_file_key("help"), nullptr);
    EXPECT_EQ(find_file_key(""), nullptr);
}

TEST(SettingsTable, TakesItsDefaults) {
    for (const SettingRow& row : setting_rows()) {
        for (const std::string& text : value_texts(row, Settings()))
            EXPECT_TRUE(reads(row, text)) << row.flag << ' ' << text;
    }
    EXPECT_TRUE(check_together(Settings()));
}

TEST(SettingsTable, HoldsItsRanges) {
    for (const SettingRow& row : setting_rows()) {
        if (row.unit == SettingUnit::none) continue;
        EXPECT_TRUE(reads(row, in_smallest_unit(row, row.min))) << row.flag;
        EXPECT_TRUE(reads(row, in_smallest_unit(row, row.max))) << row.flag;
        EXPECT_FALSE(reads(row, in_smallest_unit(row, row.max + 1))) << row.flag;
        EXPECT_FALSE(reads(row, "99999999999999999999999999")) << row.flag;
        EXPECT_FALSE(reads(row, "-1")) << row.flag;
        if (row.min > 0) {
            EXPECT_FALSE(reads(row, in_smallest_unit(row, row.min - 1))) << row.flag;
        }
    }
}

TEST(SettingsTable, RefusesWhatIsNoNumber) {
    for (const SettingRow& row : setting_rows()) {
        if (row.unit == SettingUnit::none) continue;
        for (const char* text :
             {"", " ", "x", "1x", "1 1", "+1", "0x10", "1e3", "--1", "1.", ".", "nan", "inf", "1,5"}) {
            if (row.unit == SettingUnit::milliseconds && std::string_view(text) == "1.") continue;
            EXPECT_FALSE(reads(row, text)) << row.flag << " '" << text << "'";
        }
    }
}

TEST(SettingsTable, LeavesAFieldAloneWhenItRefuses) {
    for (const SettingRow& row : setting_rows()) {
        Settings settings;
        if (!read_value(row, "\x01=,*", settings)) {
            EXPECT_EQ(settings, Settings()) << row.flag;
        }
    }
}

TEST(SettingsValue, ReadsTimes) {
    struct Case {
        const char* text;
        int ms;
    };
    for (const Case& c : {Case{"0", 0},
                          {"30", 30'000},
                          {"0.5", 500},
                          {"1.001", 1'001},
                          {"250ms", 250},
                          {"2s", 2'000},
                          {"1.5m", 90'000},
                          {"24h", 86'400'000},
                          {"2S", 2'000},
                          {"0s", 0}}) {
        Settings settings;
        ASSERT_TRUE(read_value(row_of(&Settings::timeout), c.text, settings)) << c.text;
        EXPECT_EQ(settings.timeout.count(), c.ms) << c.text;
    }
    EXPECT_FALSE(reads(row_of(&Settings::timeout), "0.0001"));
    EXPECT_FALSE(reads(row_of(&Settings::timeout), "5d"));
}

TEST(SettingsValue, ReadsSizes) {
    struct Case {
        const char* text;
        std::uint64_t bytes;
    };
    for (const Case& c :
         {Case{"0", 0}, {"4094", 4094}, {"8k", 8192}, {"8K", 8192}, {"3m", 3u << 20}, {"5g", 5ull << 30}}) {
        Settings settings;
        ASSERT_TRUE(read_value(row_of(&Settings::limit_request_body), c.text, settings)) << c.text;
        EXPECT_EQ(settings.limit_request_body, c.bytes) << c.text;
    }
    EXPECT_FALSE(reads(row_of(&Settings::limit_request_body), "18446744073709551615g"));
    EXPECT_FALSE(reads(row_of(&Settings::limit_request_body), "1kb"));
}

TEST(SettingsValue, ReadsSwitchesAndModes) {
    for (const char* text : {"true", "YES", "on", "1"}) {
        Settings settings;
        ASSERT_TRUE(read_value(row_of(&Settings::daemon), text, settings)) << text;
        EXPECT_TRUE(settings.daemon) << text;
    }
    for (const char* text : {"false", "No", "off", "0"}) EXPECT_TRUE(reads(row_of(&Settings::daemon), text)) << text;
    EXPECT_FALSE(reads(row_of(&Settings::daemon), "maybe"));
    for (const char* text : {"22", "022", "0o22", "0022"}) {
        Settings settings;
        ASSERT_TRUE(read_value(row_of(&Settings::umask), text, settings)) << text;
        EXPECT_EQ(settings.umask, 022u) << text;
    }
}

TEST(SettingsValue, ReadsARangeOfWorkers) {
    Settings settings;
    const SettingRow& row = row_of(&Settings::workers);
    ASSERT_TRUE(read_value(row, "2:8", settings));
    EXPECT_EQ(settings.workers, 2u);
    EXPECT_EQ(settings.workers_most, 8u);
    EXPECT_EQ(value_text(row, settings), "2:8");
    ASSERT_TRUE(read_value(row, "5", settings));
    EXPECT_EQ(value_text(row, settings), "5");
    for (const char* text : {"8:2", "0:4", "2:", ":4", "2:x", "auto:4", "2:4:6", "2:2000"}) {
        EXPECT_FALSE(reads(row, text)) << text;
    }
}

TEST(SettingsValue, AddsToLists) {
    Settings settings;
    clear_list(row_of(&Settings::bind), settings);
    ASSERT_TRUE(read_value(row_of(&Settings::bind), ":1, [::1]:2", settings));
    ASSERT_TRUE(read_value(row_of(&Settings::bind), "unix:/a", settings));
    EXPECT_EQ(value_text(row_of(&Settings::bind), settings), "0.0.0.0:1, [::1]:2, unix:/a");
    EXPECT_FALSE(read_value(row_of(&Settings::bind), ":3,,:4", settings));
    EXPECT_FALSE(read_value(row_of(&Settings::bind), ":3,:x", settings));
    EXPECT_EQ(settings.bind.size(), 3u);
    ASSERT_TRUE(read_value(row_of(&Settings::env), "A=1,2\nB=", settings));
    EXPECT_EQ(settings.env, (std::vector<std::string>{"A=1,2", "B="}));
}

// Every value away from its default.
std::vector<std::string> everything_changed() {
    // clang-format off
    return {
        "-w7:9", "-b", ":0", "-b", "unix:/run/a b#c.sock", "--backlog=64", "--reuse-port", "--threads=5",
        "--worker-connections=9", "--max-requests=1000", "--max-requests-jitter=50", "--scale-down-after=1m", "--affinity=0,2-3",
        "--max-lifetime=24h",
        "--max-lifetime-jitter=90m", "--max-memory=2g", "--reload-on-change",
        "-t", "0.25", "--lag-warning=3", "--request-timeout=9", "--boot-timeout=90", "--graceful-timeout=2m", "--keep-alive=0",
        "--close-spread=20", "--header-timeout=1500ms", "--body-timeout=1h", "--min-rate=100", "--min-rate-grace=5",
        "--write-timeout=7", "--half-close-timeout=0",
        "--limit-request-line=8k", "--limit-request-fields=0", "--limit-request-field_size=1m",
        "--limit-request-body=3g", "--limit-body-memory=1g", "--capture-output", "--forwarded-allow-ips=10.0.0.0/8,::1",
        "--forwarded-header=none", "--soak=0",
        "--roll-back-window=1m", "--surge=4",
        "--log-level", "debug", "--log-format", "json", "--log-file", "/var/log/girin.log",
        "--access-logfile=-", "--access-logformat", "%(h)s \"%(r)s\" # %(s)s",
        "--control-socket=/run/c", "--control-socket-mode=660", "--admin-bind=:9000", "--admin-allow-actions",
        "--admin-hosts=ops,shop.example",
        "--statsd-host=stats:8125", "--statsd-prefix=shop",
        "-p", "/run/girin.pid", "-n", " a \"name\" # here ", "-D", "-u", "www", "-g", "33", "-m", "027",
        "--chroot=/srv/jail", "--no-new-privs", "--drop-capabilities",
        "--chdir", "/srv", "-e", "A=x, y", "-e", "B=\"q\"\\", "--exec-ready=notify", "--exec-port=9000", "--exec-stop-signal=INT",
        "--on-starting=./migrate", "--on-ready", "curl -d \"$GIRIN_LISTEN\" http://ops/ # now", "--on-reload=a; b",
        "--on-worker-exit=echo '$GIRIN_CAUSE'", "--on-degraded=page", "--hook-timeout=1m",
        "--preload", "./libshop.so:other",
    };
    // clang-format on
}

TEST(SettingsTable, TakesAShareOfTheMemory) {
    SettingsInput input = test::input_of({"--max-memory=25%", "demo"});
    input.usable_memory = 4000;
    const auto parsed = parse_settings(input, SettingsFile());
    ASSERT_TRUE(parsed) << error_of(parsed);
    EXPECT_EQ(parsed->settings.max_memory, 1000u);
    EXPECT_EQ(value_text(row_of(&Settings::max_memory), parsed->settings), "25%");
    const SettingsFile file = test::file_of("max_memory = 50%\n");
    EXPECT_EQ(parse_settings(test::input_of({"--max-memory=1m", "demo"}), file)->settings.max_memory, 1024u * 1024);
    EXPECT_EQ(error_of(parse({"--max-memory=101%", "demo"})),
              "--max-memory: '101%' is not a share: whole numbers from 1% to 100% are (command line)");
    EXPECT_EQ(error_of(parse({"--max-memory=5%", "demo"})), "max-memory: this machine doesn't say how much a share is");
}

TEST(SettingsTable, TakesWhatStandsAfterDashesForACommand) {
    const auto first = parse({"--exec", "-w", "3", "--", "node", "--port=7", " a # b,", "", "--"});
    ASSERT_TRUE(first) << error_of(first);
    EXPECT_EQ(first->settings.exec, (std::vector<std::string>{"node", "--port=7", " a # b,", "", "--"}));
    EXPECT_EQ(first->settings.workers, 3U);
    const auto again = parse({}, {}, file_of(config_text(*first)));
    ASSERT_TRUE(again) << error_of(again) << "\n" << config_text(*first);
    EXPECT_EQ(again->settings.exec, first->settings.exec) << config_text(*first);
}

TEST(SettingsTable, ReadsAgainWhatIsPrinted) {
    const auto first = parse(everything_changed());
    ASSERT_TRUE(first) << error_of(first);
    for (const SettingRow& row : setting_rows()) {
        if (has_value(row) && row.flag != "config" && row.flag != "exec") {  // exec and an application can't both be
            EXPECT_NE(value_texts(row, first->settings), value_texts(row, Settings()))
                << row.flag << " isn't covered here";
        }
    }
    auto again = parse({}, {}, file_of(config_text(*first)));
    ASSERT_TRUE(again) << error_of(again) << "\n" << config_text(*first);
    again->settings.config = first->settings.config;
    EXPECT_EQ(again->settings, first->settings) << config_text(*first) << "\n" << config_text(*again);
}

TEST(SettingsTable, ReadsItsDefaultsAgain) {
    const auto first = parse({"demo"});
    ASSERT_TRUE(first) << error_of(first);
    auto again = parse({}, {}, file_of(config_text(*first)));
    ASSERT_TRUE(again) << error_of(again);
    again->settings.config.clear();
    EXPECT_EQ(again->settings, first->settings);
}

}  // namespace
}  // namespace girin
