// A status as people read it.

#include "supervisor/cli/status_text.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "supervisor/cli/slot_table.hpp"
#include "supervisor/cli/status_words.hpp"

namespace girin::test {
namespace {

namespace json = boost::json;

json::object parse(const std::string& text) { return json::parse(text).as_object(); }

const char* const kStatus = R"({"version": "0.1.0", "name": "shop", "pid": 7, "state": "serving", "generation": 2,
    "uptime_s": 90, "listeners": ["127.0.0.1:8000", "unix:/run/s"], "workers": {"wanted": 2, "ready": 1},
    "last_reload": {"generation": 3, "outcome": "rolled_back", "at_ms": 0, "reason": "no database"},
    "requests_in_flight": 1, "connections": 4, "requests_per_second": 20.1,
    "latency": {"p50_s": 0.0004, "p99_s": 0.0351},
    "totals": {"requests": 100, "errors_5xx": 3, "worker_exits": {"finished": 2, "crashed": 0, "killed_outside": 1}},
    "slots": [{"slot": 0, "pid": 8, "state": "ready", "generation": 2, "age_s": 200, "requests": 60, "lag_s": 0.002,
               "requests_per_second": 12.34, "requests_in_flight": 1, "connections": 3, "utilisation": 0.5,
               "latency": {"p50_s": 0.001, "p99_s": 1.25},
               "memory": {"rss_bytes": 10485760, "pss_bytes": null}, "exits": 1,
               "last_exit": {"cause": "was killed by SIGKILL from outside", "at_ms": 5}},
              {"slot": 1, "pid": null, "state": "waiting", "lag_s": 2.7, "age_s": null},
              {"slot": 2, "pid": null, "state": "empty", "last_exit": {"cause": "has finished", "at_ms": 4}}]})";

TEST(StatusText, TellsTheServer) {
    const std::vector<std::string> lines = server_lines(parse(kStatus));
    ASSERT_EQ(lines.size(), 5u);
    EXPECT_EQ(lines[0], "girin 0.1.0 [shop], pid 7: serving, 1 of 2 workers ready, generation 2, up 90 s");
    EXPECT_EQ(lines[1], "Listening at 127.0.0.1:8000, unix:/run/s");
    EXPECT_TRUE(lines[2].starts_with("Last reload: generation 3 rolled back ")) << lines[2];
    EXPECT_TRUE(lines[2].ends_with(" ago: no database")) << lines[2];
    EXPECT_TRUE(lines[3].starts_with("Worker exits: 2 finished, 1 killed outside; the last: slot 0 was killed by SIGKILL "))
        << lines[3];
    EXPECT_EQ(lines[4], "100 requests, 20.1 a second, 1 in flight; 4 connections; 3 server errors; p50 0.4 ms, p99 35 ms");
}

TEST(StatusText, HasARowForEachSlotThatSomebodyIsIn) {
    const auto rows = slot_table(parse(kStatus).at("slots").as_array(), kAnyWidth);
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_TRUE(rows[0].ends_with("EXITS  LAST EXIT")) << rows[0];
    EXPECT_NE(rows[1].find("12.3     1     3   50%   2 ms  1.2 s  10.0M    -"), std::string::npos) << rows[1];
    EXPECT_NE(rows[2].find("waiting"), std::string::npos) << rows[2];
    EXPECT_NE(rows[2].find("2.7 s      -"), std::string::npos) << rows[2];
}

TEST(StatusText, TellsWhatHoldsAWorkerUp) {
    const json::array slots = json::parse(R"([
        {"slot": 0, "state": "ready", "pool": {"threads": 4, "busy": 4, "queued": 7, "oldest_queued_s": 1.5},
         "held_by": {"request": "GET /report", "peer": "192.0.2.1:53", "for_s": 2.5, "where": "pool"}},
        {"slot": 1, "state": "ready", "pool": {"threads": 4, "busy": 1, "queued": 0, "oldest_queued_s": 0},
         "held_by": {"request": "GET /spin", "peer": "unix:", "for_s": 12, "where": "loop"}}])").as_array();
    EXPECT_EQ(held_lines(slots),
              (std::vector<std::string>{"Slot 0: GET /report from 192.0.2.1:53 has kept a thread of its pool for 2.5 s",
                                        "Slot 0: jobs for its pool wait, the first for 1.5 s",
                                        "Slot 1: GET /spin from unix: has kept its loop for 12 s"}));
    const auto rows = slot_table(slots, kAnyWidth);
    EXPECT_NE(rows[0].find(" POOL "), std::string::npos);
    EXPECT_NE(rows[1].find(" 4/4 +7 "), std::string::npos) << rows[1];
    EXPECT_NE(rows[2].find(" 1/4 "), std::string::npos) << rows[2];
}

TEST(StatusText, SaysWhatAStopWaitsFor) {
    EXPECT_EQ(waiting_text(parse(R"({"slots": [
                  {"slot": 0, "pid": 7, "state": "ready", "state_for_s": 9},
                  {"slot": 1, "pid": 8, "state": "draining", "state_for_s": 2, "requests_in_flight": 1, "connections": 3},
                  {"slot": 2, "pid": 9, "state": "starting", "state_for_s": 1.5}]})")),
              "worker 1 (pid 8) drains for 2.0 s, 1 request in flight, 3 connections; worker 2 (pid 9) starts for 1.5 s");
}

TEST(StatusText, LeavesOutColumnsUntilTheRowsFit) {
    const json::array slots = parse(kStatus).at("slots").as_array();
    for (std::size_t width = 20; width < 160; ++width) {
        for (const std::string& row : slot_table(slots, width)) EXPECT_LE(row.size(), width) << row;
    }
    EXPECT_EQ(slot_table(slots, 20)[0], "SLOT  PID  STATE");
    EXPECT_EQ(slot_table(slots, 79)[0].find("LAST EXIT"), std::string::npos);
}

TEST(StatusText, StandsWhatIsMissingOrOfAnotherKind) {
    for (const char* const text : {"{}", R"({"slots": 1, "totals": [], "last_reload": "x", "listeners": {}})",
                                   R"({"slots": [1, {}, {"last_exit": 3, "memory": "much"}], "pid": "7"})"}) {
        EXPECT_FALSE(status_text(parse(text)).empty()) << text;
    }
}

TEST(StatusText, HasNothingThatATerminalObeys) {
    EXPECT_EQ(to_words("a\x1b[2J\nb\x7f\xc2\x9b" "31m \xc3\xa4"), "a?[2J b??31m \xc3\xa4");
}

}  // namespace
}  // namespace girin::test
