// Reloads: what commits, what rolls back, and that the old generation serves in between.

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/supervisor/shell/master_process.hpp"
#include "tests/support/endpoint.hpp"
#include "worker/process/channel.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

class ReloadTest : public testing::Test {
  protected:
    ReloadTest() {
        options_.settings.bind = {BindAddress::unix_socket(dir_ / "kept"), BindAddress::unix_socket(dir_ / "old")};
        options_.settings.boot_timeout = 5s;
    }

    bool serves(const std::string& name) const {
        return start_connect(Endpoint::unix_socket(dir_ / name)).has_value();
    }

    void start() {
        master_.emplace(dir_, options_);
        ASSERT_TRUE(master_->logs("First generation serves"));
        before_ = master_->workers();
    }

    void expect_unchanged() {
        EXPECT_EQ(master_->workers(), before_) << master_->log();
        EXPECT_TRUE(serves("kept"));
        EXPECT_TRUE(serves("old"));
    }

    /// The next reload finds another number of workers, an address that is new, and one no longer there.
    void change_all() {
        options_.read_settings = [this] {
            Settings settings = options_.settings;
            settings.bind = {BindAddress::unix_socket(dir_ / "new"), BindAddress::unix_socket(dir_ / "kept")};
            settings.workers = 3;
            return Result<Settings>(settings);
        };
    }

    TempDir dir_;
    MasterOptions options_;
    std::optional<MasterProcess> master_;
    std::vector<pid_t> before_;
};

TEST_F(ReloadTest, ReplacesAllWorkersAndKeepsTheAddresses) {
    start();
    master_->signal(SIGHUP);
    ASSERT_TRUE(master_->logs("generation 2 serves"));
    EXPECT_TRUE(master_->has_workers(2));
    for (const pid_t worker : master_->workers()) {
        EXPECT_EQ(std::count(before_.begin(), before_.end(), worker), 0);
    }
    EXPECT_TRUE(serves("kept"));
    EXPECT_TRUE(serves("old"));
}

TEST_F(ReloadTest, TakesNewAddressesAndDropsOldOnes) {
    change_all();
    start();
    master_->signal(SIGHUP);
    ASSERT_TRUE(master_->logs("generation 2 serves"));
    EXPECT_TRUE(master_->has_workers(3));
    EXPECT_TRUE(serves("kept"));
    EXPECT_TRUE(serves("new"));
    EXPECT_FALSE(std::filesystem::exists(dir_ / "old"));
    master_->signal(SIGTERM);
    EXPECT_EQ(master_->wait_exit(), 0);
    EXPECT_FALSE(std::filesystem::exists(dir_ / "kept"));
    EXPECT_FALSE(std::filesystem::exists(dir_ / "new"));
}

TEST_F(ReloadTest, IsRefusedWhenTheSettingsAreBad) {
    options_.read_settings = [] { return Result<Settings>(Error("workers: 'many' is no number")); };
    start();
    master_->signal(SIGHUP);
    ASSERT_TRUE(master_->logs("generation 1 serves on: workers: 'many' is no number"));
    expect_unchanged();
}

TEST_F(ReloadTest, SurvivesACrashInReadingTheSettings) {
    options_.check_settings = [](const Settings&, int) -> Result<void> {
        ::signal(SIGABRT, SIG_DFL);
        std::abort();
    };
    start();
    master_->signal(SIGHUP);
    ASSERT_TRUE(master_->logs("generation 1 serves on: checking the settings crashed: SIGABRT"));
    expect_unchanged();
}

TEST_F(ReloadTest, GivesUpASettingsCheckThatHangs) {
    options_.settings.boot_timeout = 300ms;
    options_.check_settings = [](const Settings&, int) -> Result<void> {
        for (;;) ::pause();
    };
    start();
    master_->signal(SIGHUP);
    ASSERT_TRUE(master_->logs("the new settings were not validated within 300 ms"));
    EXPECT_TRUE(master_->has_workers(2));
    expect_unchanged();
}

TEST_F(ReloadTest, IsRefusedWhenANewAddressIsTaken) {
    Endpoint taken = Endpoint::unix_socket(dir_ / "taken");
    const auto other = listen_on(taken);
    ASSERT_TRUE(other);
    options_.read_settings = [this] {
        Settings settings = options_.settings;
        settings.bind = {BindAddress::unix_socket(dir_ / "new"), BindAddress::unix_socket(dir_ / "taken")};
        return Result<Settings>(settings);
    };
    start();
    master_->signal(SIGHUP);
    ASSERT_TRUE(master_->logs("generation 1 serves on: bind unix:" + (dir_ / "taken") + ": another server listens there"));
    expect_unchanged();
    EXPECT_FALSE(std::filesystem::exists(dir_ / "new"));
}

TEST_F(ReloadTest, RollsBackWhenTheNewCodeFailsToStart) {
    options_.read_settings = [this] {
        Settings settings = options_.settings;
        settings.bind.push_back(BindAddress::unix_socket(dir_ / "new"));
        return Result<Settings>(settings);
    };
    options_.work = [](const Settings&, const WorkerPlace& place) {
        if (place.generation == 1) return obedient_worker(place);
        [[maybe_unused]] const auto sent =
            send_message(place.channel_fd, Message(MessageKind::boot_failed, 0, "the new code is broken"));
        return 1;
    };
    start();
    master_->signal(SIGHUP);
    ASSERT_TRUE(master_->logs("generation 1 serves on: the new code is broken"));
    EXPECT_TRUE(master_->has_workers(2));
    expect_unchanged();
    EXPECT_FALSE(std::filesystem::exists(dir_ / "new"));
}

TEST_F(ReloadTest, ReplacesAKilledOldWorkerWhileANewGenerationStarts) {
    options_.settings.soak = 60s;
    start();
    master_->signal(SIGHUP);
    ASSERT_TRUE(master_->logs("is ready after", 3));  // the canary
    ::kill(before_[0], SIGKILL);
    EXPECT_TRUE(master_->logs("was killed by SIGKILL from outside"));
    EXPECT_TRUE(master_->logs("starts, generation 1", 3)) << "respawned in the old generation";
    EXPECT_TRUE(master_->has_workers(3));
}

/// With all that was changed: the number of workers, an address that had been closed, one that had been opened.
TEST_F(ReloadTest, GoesBackWhenTheNewGenerationFailsAfterItsCommit) {
    options_.settings.error_logfile = dir_ / "log";
    change_all();
    start();
    master_->signal(SIGHUP);
    ASSERT_TRUE(master_->logs("generation 2 serves"));
    ASSERT_TRUE(master_->has_workers(3));
    EXPECT_FALSE(serves("old"));
    for (const pid_t worker : master_->workers()) ::kill(worker, SIGSEGV);
    ASSERT_TRUE(master_->logs("going back to generation 1, as generation 3")) << master_->log();
    ASSERT_TRUE(master_->logs("generation 3 serves, as generation 1 did")) << master_->log();
    EXPECT_TRUE(master_->has_workers(2));
    EXPECT_TRUE(serves("kept"));
    EXPECT_TRUE(serves("old"));
    EXPECT_FALSE(std::filesystem::exists(dir_ / "new"));
}

TEST_F(ReloadTest, CoalescesAStorm) {
    start();
    for (int i = 0; i < 60; ++i) {
        master_->signal(SIGHUP);
        if (i % 20 == 0) {
            ASSERT_TRUE(master_->logs("Received SIGHUP", static_cast<std::size_t>(i / 20 + 1)));
        }
    }
    EXPECT_TRUE(master_->logs("generation 2 serves"));
    EXPECT_TRUE(master_->has_workers(2));
    master_->signal(SIGTERM);
    EXPECT_EQ(master_->wait_exit(), 0);
}

TEST_F(ReloadTest, WorksWithALaneForEachWorker) {
    options_.settings.bind = {BindAddress::tcp("127.0.0.1", 0)};
    options_.settings.reuse_port = true;
    start();
    for (std::size_t generation = 2; generation < 5; ++generation) {
        master_->signal(SIGHUP);
        ASSERT_TRUE(master_->logs("generation " + std::to_string(generation) + " serves"));
    }
    master_->signal(SIGTTIN);
    EXPECT_TRUE(master_->has_workers(3));
    EXPECT_TRUE(start_connect(Endpoint::parse(master_->address())));
    EXPECT_EQ(master_->log().find("WARNING"), std::string::npos) << master_->log();
}

}  // namespace
}  // namespace girin::test
