#pragma once

// ServerTest: a real Server on a real loop, in the test's own thread, with clients on loopback. A test sets `options`
// and behaviours, then calls start().

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/support/endpoint.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/worker/serving/client.hpp"
#include "tests/worker/serving/loop_driver.hpp"
#include "tests/worker/serving/scripted_application.hpp"
#include "worker/serving/server.hpp"

namespace girin::test {

class ServerTest : public testing::Test {
  protected:
    static constexpr std::size_t kSlots = 2;  // the server's own is 0

    ServerTest();
    /// Ends server and loop as a worker does, and fails the test if a connection outlives that.
    ~ServerTest() override;

    /// Opens the server on `endpoint`, a free port of 127.0.0.1 unless the test has set another.
    void start();
    Client connect();

    bool run_until(const std::function<bool()>& condition) { return driver.run_until(condition); }
    void run_turns(int count = 20) { driver.run_turns(count); }
    std::uint32_t connections() { return slot().connections; }
    /// Waits until so many connections are open.
    testing::AssertionResult connections_become(std::uint32_t count);
    ScoreboardSlot& slot() { return board[0]; }

    /// What was logged since the test began.
    std::string log() const;
    /// How many lines of it contain `text`.
    std::size_t count_in_log(std::string_view text) const;

    TempDir directory;
    AsioLoop loop;
    LoopDriver driver{loop};
    Scene scene{loop};
    ScriptedApplication application{scene};
    WorkerOptions options;
    Scoreboard board;
    Endpoint endpoint = Endpoint::tcp("127.0.0.1", 0);
    UniqueFd listener;
    std::optional<Server> server;

  private:
    void finish();
};

/// How often `part` stands in `text`.
std::size_t count_of(std::string_view part, std::string_view text);

}  // namespace girin::test
