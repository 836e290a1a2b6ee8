// What a reload changes, and what it may not.

#include "supervisor/settings/settings_change.hpp"

#include <gtest/gtest.h>

#include "supervisor/settings/settings_table.hpp"

namespace girin {
namespace {

TEST(SettingsChange, IsEmptyForTheSame) {
    EXPECT_TRUE(changes_between(Settings(), Settings()).empty());
}

TEST(SettingsChange, TellsEachInTheTablesOrder) {
    Settings before, after;
    before.workers = 2;
    after.workers = 4;
    after.user = "www";
    after.bind = {BindAddress::tcp("::1", 80), BindAddress::unix_socket("/a")};
    const auto changes = changes_between(before, after);
    ASSERT_EQ(changes.size(), 3u);
    EXPECT_EQ(changes[0].to_text(), "bind: 127.0.0.1:8000 to [::1]:80, unix:/a");
    EXPECT_TRUE(changes[0].reloadable);
    EXPECT_EQ(changes[1].to_text(), "workers: 2 to 4");
    EXPECT_EQ(changes[2].to_text(), "user: nothing to www");
    EXPECT_FALSE(changes[2].reloadable);
}

TEST(SettingsChange, SeesAListsItemsAndNotItsText) {
    Settings before, after;
    before.env = {"A=1, B=2"};
    after.env = {"A=1", "B=2"};
    EXPECT_EQ(changes_between(before, after).size(), 1u);
}

// FAULTS 19: values of variables stood in the log.
TEST(SettingsChange, TellsVariablesByNameOnly) {
    Settings before, after;
    before.env = {"TOKEN=secret1", "MODE=fast"};
    after.env = {"TOKEN=secret2", "MORE=secret3"};
    EXPECT_EQ(changes_between(before, after).at(0).to_text(), "env: TOKEN, MODE to TOKEN (changed), MORE");
    after.env.clear();
    EXPECT_EQ(changes_between(before, after).at(0).to_text(), "env: TOKEN, MODE to nothing");
}

// FAULTS 19, a sibling: commands of hooks and --exec stood in the log, with the tokens among their arguments.
TEST(SettingsChange, TellsOfCommandsOnlyThatTheyChanged) {
    Settings before, after;
    before.on_starting = before.on_ready = before.on_reload = before.on_worker_exit = before.on_degraded = "call secret1";
    before.exec = {"serve", "--token", "secret1"};
    after.on_starting = after.on_ready = after.on_reload = after.on_worker_exit = after.on_degraded = "call secret2";
    after.exec = {"serve", "--token", "secret2"};
    const auto changes = changes_between(before, after);
    ASSERT_EQ(changes.size(), 6u);
    for (const SettingChange& change : changes) {
        EXPECT_EQ(change.to_text(), std::string(change.name) + ": a command to another command");
    }
    EXPECT_EQ(changes_between(Settings(), after).at(0).to_text(), "exec: nothing to a command");
    EXPECT_EQ(changes_between(after, Settings()).at(0).to_text(), "exec: a command to nothing");
}

TEST(SettingsChange, KeepsWhatNeedsARestart) {
    Settings running, wanted;
    running.pid = "/run/a.pid";
    wanted.pid = "/run/b.pid";
    wanted.daemon = true;
    wanted.umask = 022;
    wanted.workers = 9;
    wanted.log_level = LogLevel::debug;
    const Settings kept = keep_unreloadable(running, wanted);
    EXPECT_EQ(kept.pid, "/run/a.pid");
    EXPECT_FALSE(kept.daemon);
    EXPECT_EQ(kept.umask, std::nullopt);
    EXPECT_EQ(kept.workers, 9u);
    EXPECT_EQ(kept.log_level, LogLevel::debug);
    for (const SettingChange& change : changes_between(running, kept)) EXPECT_TRUE(change.reloadable) << change.name;
}

}  // namespace
}  // namespace girin
