// The service's own tests: requests without a server, a socket or a wait (girin::testing). Its database is in memory.

#include "notes.hpp"

#include <girin/testing.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "query.hpp"

using namespace std::chrono_literals;
using girin::testing::FakeAnswer;
using girin::testing::FakeRequest;
using girin::testing::FakeWorker;

namespace notes {
namespace {

class NotesTest : public testing::Test {
  protected:
    NotesTest() : directory_(own_directory()), notes_(options()), worker_(notes_) {}
    ~NotesTest() override {
        worker_.stop();
        std::filesystem::remove_all(directory_);
    }

    FakeAnswer run(const FakeRequest& request) { return worker_.run(request); }
    FakeAnswer add(const std::string& text) { return run(FakeRequest("POST", "/notes").body(R"({"text":")" + text + "\"}")); }
    std::size_t files() const {
        const std::filesystem::directory_iterator all(directory_);
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }

    const std::filesystem::path directory_;

  private:
    /// Tests run side by side, each in a process of its own.
    static std::filesystem::path own_directory() {
        return std::filesystem::path(testing::TempDir()) / ("notes_test." + std::to_string(::getpid()));
    }
    Options options() const {
        Options options;
        options.database = ":memory:";
        options.files = directory_;
        return options;
    }

    Notes notes_;
    FakeWorker worker_;  // startup() when it is made, shutdown() at stop()
};

TEST_F(NotesTest, AddsAndListsNotes) {
    EXPECT_EQ(add("milk").status, 201);
    const FakeAnswer added = add("bread");
    EXPECT_EQ(added.body, "{\"id\":2,\"text\":\"bread\"}\n");
    EXPECT_EQ(added.header("Location"), "/notes/2");
    EXPECT_EQ(run(FakeRequest("GET", "/notes?after=1")).body, "[{\"id\":2,\"text\":\"bread\"}]\n");
}

TEST_F(NotesTest, SaysWhatIsWrong) {
    EXPECT_EQ(run(FakeRequest("POST", "/notes").body("{")).status, 400);
    EXPECT_EQ(run(FakeRequest("POST", "/notes").body("{}")).status, 422);
    EXPECT_EQ(run(FakeRequest("POST", "/notes").body(std::string(100'000, ' '))).status, 413);
    EXPECT_EQ(run(FakeRequest("PATCH", "/notes")).header("Allow"), "GET, HEAD, POST");
}

TEST_F(NotesTest, TakesABodyThatComesInPieces) {
    const FakeAnswer answer = run(FakeRequest("PUT", "/files/a").piece("one, ").piece("two", 5s));
    EXPECT_EQ(answer.body, "{\"bytes\":8}\n");
    std::ifstream file(directory_ / "a");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "one, two");
}

TEST_F(NotesTest, LeavesNothingOfAFileWhoseClientIsGone) {
    run(FakeRequest("PUT", "/files/a").piece("one").without_end().disconnects_after(1s));
    EXPECT_EQ(files(), 0U);
}

TEST_F(NotesTest, TellsEventsUntilTheWorkerDrains) {
    add("milk");
    add("bread");
    const FakeAnswer answer = run(FakeRequest("GET", "/events").header("Last-Event-ID", "1").drains_after(40s));
    EXPECT_EQ(answer.header("Content-Type"), "text/event-stream");
    EXPECT_EQ(answer.body, "retry: 1000\n\nid: 2\ndata: {\"id\":2,\"text\":\"bread\"}\n\n: still here\n\n: still here\n\n");
    EXPECT_TRUE(answer.is_complete);
}

TEST(Query, IsDecoded) {
    EXPECT_EQ(query_value("a=1&b=x%20y+z%zz", "b"), "x y z%zz");
    EXPECT_EQ(query_value("a=1&b", "b"), "");
    EXPECT_EQ(query_value("a=1", "c"), std::nullopt);
}

}  // namespace
}  // namespace notes
