// Workers that are replaced because of their age, their size or their work, and code that is reloaded because its file
// changed: the replacement always comes first.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using load::LoadThread;

/// Follows the log: the least and the most workers that were ready and not told to go, once all were.
struct ReadyRange {
    std::size_t least = 0;
    std::size_t most = 0;
};

ReadyRange ready_range(const std::string& log, std::size_t workers) {
    ReadyRange range;
    std::size_t ready = 0;
    bool complete = false;
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);) {
        if (line.find("is ready after") != line.npos) ++ready;
        if (line.find("(replaced)") != line.npos) --ready;  // the end of one that was told to drain
        if (!complete && ready == workers) {
            complete = true;
            range = {ready, ready};
        }
        if (complete) range = {std::min(range.least, ready), std::max(range.most, ready)};
    }
    return range;
}

class Recycling : public testing::Test {
  protected:
    const TempDir dir_;
};

TEST_F(Recycling, ByAgeReplacesEachInTurn) {
    GirinProcess girin(dir_, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", "--max-lifetime", "1", "demo"}, 2));
    const std::vector<pid_t> first = girin.workers();
    LoadThread load(load_on(girin.endpoint(), "/", 100));
    EXPECT_TRUE(girin.wait_for_log("asks to be replaced: max-lifetime: it is ready since ")) << girin.log();
    EXPECT_TRUE(girin.becomes_ready(4, 0, 20s)) << girin.log();
    EXPECT_TRUE(eventually(20s, "other workers", [&] {
        const std::vector<pid_t> now = girin.workers();
        return std::ranges::none_of(first, [&](pid_t pid) { return std::ranges::find(now, pid) != now.end(); });
    }));
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
    EXPECT_GE(ready_range(girin.log(), 2).least, 2U) << girin.log();
}

TEST_F(Recycling, BySizeReplacesTheOneThatGrew) {
    const GirinCommand command({"-w", "2", "-b", "127.0.0.1:0", "--max-memory", "400m", app("misbehaving")}, 2);
    GirinProcess girin(dir_, command);
    EXPECT_EQ(get(girin.endpoint(), "/leak/440000000").body, "ok");
    const auto line = girin.wait_for_log("asks to be replaced: max-memory: it holds ", 20s);
    ASSERT_TRUE(line) << girin.log();
    EXPECT_NE(line->find(", more than 400 MiB"), std::string::npos) << *line;
    ASSERT_TRUE(girin.becomes_ready(3, 0)) << girin.log();
    EXPECT_TRUE(girin.workers_become(2));
    for (const pid_t worker : girin.workers()) EXPECT_LT(rss_bytes(worker).value_or(0), 400u << 20);
    EXPECT_EQ(count_of(girin.log(), "asks to be replaced"), 1U) << girin.log();
}

/// Issue 3, T31: a herd that reaches its limit together is replaced one by one.
TEST_F(Recycling, OfAHerdKeepsAllPlacesReady) {
    const std::size_t workers = in_short_or_long(6U, 16U);
    const std::string limit = std::to_string(in_short_or_long(40, 1000));
    const GirinCommand command({"-w", std::to_string(workers), "-b", "127.0.0.1:0", "--max-requests", limit, "demo"},
                               workers);
    GirinProcess girin(dir_, command);
    LoadThread load(load_on(girin.endpoint(), "/", 300));
    EXPECT_TRUE(girin.becomes_ready(2 * workers, 0, in_short_or_long(40'000ms, 110'000ms))) << girin.log();
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
    const ReadyRange range = ready_range(girin.log(), workers);
    EXPECT_GE(range.least, workers) << girin.log();
}

/// One would be replaced after its first request, and after 300 with odds of 3 in 1,000.
TEST_F(Recycling, ByRequestsHasItsJitter) {
    GirinProcess girin(dir_, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--max-requests", "1", "--max-requests-jitter",
                                           "100000", "demo"}));
    HttpClient client(girin.endpoint());
    for (int i = 0; i < 300; ++i) EXPECT_EQ(client.get("/").status, 200);
    EXPECT_EQ(count_of(girin.log(), "asks to be replaced"), 0U) << girin.log();
}

TEST_F(Recycling, SpreadsTheEndOfKeptConnections) {
    GirinProcess girin(dir_, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--soak", "0.1", "--keep-alive", "60",
                                           "--graceful-timeout", "60", "--close-spread", "60", "demo"}));
    const std::vector<pid_t> old = girin.workers();
    std::vector<HttpClient> clients;
    for (int i = 0; i < 12; ++i) {
        clients.emplace_back(girin.endpoint());
        EXPECT_TRUE(clients.back().get("/").keeps_connection);
    }
    girin.hup();
    ASSERT_TRUE(girin.wait_for_log("generation 2 serves", 20s)) << girin.log();
    ASSERT_TRUE(eventually(10s, "a newcomer at the new worker", [&] {
        return get(girin.endpoint(), "/info").body.find(std::to_string(old.at(0))) == std::string::npos;
    }));
    std::size_t kept = 0;
    for (HttpClient& client : clients) kept += client.get("/").keeps_connection;
    EXPECT_GE(kept, 6U) << "a sixtieth of them ends in a second";
}

// --- --reload-on-change

class ReloadOnChange : public testing::Test {
  protected:
    void replace_by_rename(const std::string& name) {
        fs::copy_file(app(name), library_ + ".new", fs::copy_options::overwrite_existing);
        fs::rename(library_ + ".new", library_);
    }

    void overwrite_in_place(const std::string& name) {
        std::ofstream file(library_, std::ios::binary | std::ios::trunc);
        file << std::ifstream(app(name), std::ios::binary).rdbuf();
    }

    GirinCommand command(std::size_t ready) const {
        return GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--soak", "0.1", "--reload-on-change", "./shop.so"}, ready);
    }

    [[nodiscard]] testing::AssertionResult answers(const GirinProcess& girin, const std::string& body) const {
        return eventually(15s, "an answer of " + body, [&] { return get(girin.endpoint(), "/").body == body; });
    }

    const TempDir dir_;
    const std::string library_ = dir_ / "shop.so";
};

TEST_F(ReloadOnChange, BringsNewCodeAndOutlivesBrokenCode) {
    replace_by_rename("version1");
    GirinProcess girin(dir_, command(1));
    EXPECT_EQ(get(girin.endpoint(), "/").body, "v1");
    replace_by_rename("version2");
    EXPECT_TRUE(answers(girin, "v2")) << girin.log();
    const std::size_t mark = girin.mark();
    replace_by_rename("constructor_throws");
    EXPECT_TRUE(girin.wait_for_log("serves on: ", 15s, mark)) << girin.log();
    EXPECT_EQ(get(girin.endpoint(), "/").body, "v2");
    overwrite_in_place("version1");
    EXPECT_TRUE(answers(girin, "v1")) << girin.log();
}

TEST_F(ReloadOnChange, WaitsForCodeThatStarts) {
    replace_by_rename("constructor_throws");
    GirinProcess girin(dir_, command(0));
    ASSERT_TRUE(girin.wait_for_log("failed to start: ")) << girin.log();
    replace_by_rename("version1");
    ASSERT_TRUE(girin.becomes_ready(1, 0)) << girin.log();
    EXPECT_TRUE(answers(girin, "v1"));
    ASSERT_TRUE(girin.wait_for_log(" serves", 15s)) << girin.log();
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0}));
}

}  // namespace
}  // namespace girin::test
