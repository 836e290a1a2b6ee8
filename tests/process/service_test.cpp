// deploy/examples/service on the real girin: what the guide of applications says of it. Its parts without a server are tested where
// it lies, as its users would.

#include <arpa/inet.h>
#include <sys/socket.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

class Service : public testing::Test {
  protected:
    void SetUp() override {
        if (!std::filesystem::exists(app("notes"))) GTEST_SKIP() << "built without libsqlite3-dev";
    }
    GirinCommand command(const std::string& workers, std::size_t ready) const {
        GirinCommand start({"-w", workers, "-b", "127.0.0.1:0", "--log-level", "debug", app("notes")}, ready);
        start.environment = {{"NOTES_DB", dir_ / "notes.db"}, {"NOTES_FILES", dir_ / "files"}};
        return start;
    }
    std::size_t files() const {
        const std::filesystem::directory_iterator all(dir_ / "files");
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }

    TempDir dir_;
};

HttpResponse post(HttpClient& client, const std::string& json) { return client.request("POST", "/notes", {}, json); }

/// What an event stream has sent, until it holds `part`, or closes.
std::string read_until(HttpClient& client, std::string_view part) {
    std::string text;
    while (text.find(part) == std::string::npos) {
        const std::string more = client.read_some();
        if (more.empty()) break;
        text += more;
    }
    return text;
}

}  // namespace

TEST_F(Service, AddsListsShowsAndRemovesNotes) {
    GirinProcess girin(dir_, command("1", 1));
    HttpClient client(girin.endpoint());
    const HttpResponse added = post(client, R"({"text":"milk \"and\" 빵"})");
    EXPECT_EQ(added.status, 201);
    EXPECT_EQ(added.field("location"), "/notes/1");
    EXPECT_EQ(added.field("content-type"), "application/json");
    EXPECT_EQ(post(client, R"({"text":"bread"})").status, 201);
    EXPECT_EQ(client.get("/notes").body,
              "[{\"id\":1,\"text\":\"milk \\\"and\\\" 빵\"},{\"id\":2,\"text\":\"bread\"}]\n");
    EXPECT_EQ(client.get("/notes?x=1&after=%31").body, "[{\"id\":2,\"text\":\"bread\"}]\n");
    EXPECT_EQ(client.get("/notes/2").body, "{\"id\":2,\"text\":\"bread\"}\n");
    EXPECT_EQ(client.request("DELETE", "/notes/2").status, 204);
    EXPECT_EQ(client.get("/notes/2").status, 404);
    EXPECT_TRUE(girin.wait_for_log("A note was added id=2 bytes=5"));
}

TEST_F(Service, SaysWhatIsWrongWithARequest) {
    GirinProcess girin(dir_, command("1", 1));
    HttpClient client(girin.endpoint());
    EXPECT_EQ(post(client, "{\"text\":").status, 400);
    EXPECT_EQ(post(client, R"({"text":7})").body, "{\"error\":\"'text' is a text, and not empty\"}\n");
    EXPECT_EQ(client.get("/notes?after=x").status, 400);
    EXPECT_EQ(client.get("/nothing").status, 404);
    const HttpResponse refused = client.request("PUT", "/notes", {}, "x");
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.field("allow"), "GET, HEAD, POST");
    EXPECT_EQ(HttpClient(girin.endpoint()).request("POST", "/notes", {}, std::string(70'000, ' ')).status, 413);
}

TEST_F(Service, StreamsAFileToTheDisk) {
    GirinProcess girin(dir_, command("1", 1));
    HttpClient client(girin.endpoint());
    std::string text;
    for (int i = 0; text.size() < 3'000'000; ++i) text += std::to_string(i) + "\n";
    EXPECT_EQ(client.request("PUT", "/files/a.txt", {}, text).body, "{\"bytes\":" + std::to_string(text.size()) + "}\n");
    EXPECT_EQ(read_file(dir_ / "files/a.txt"), text);
    EXPECT_EQ(client.request("PUT", "/files/..", {}, "x").status, 400);
    EXPECT_EQ(client.request("PUT", "/files/a%2Fb", {}, "x").status, 400);
    EXPECT_EQ(client.request("PUT", "/files/empty", {}, "").status, 201);
    EXPECT_EQ(files(), 2U);
}

TEST_F(Service, RefusesAFileThatIsTooLargeBeforeItIsSent) {
    GirinProcess girin(dir_, command("1", 1));
    HttpClient client(girin.endpoint());
    client.send("PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000000\r\n\r\n");
    EXPECT_EQ(client.read_final_response().status, 413);
    EXPECT_EQ(files(), 0U);
}

TEST_F(Service, LeavesNothingOfAFileWhoseClientIsGone) {
    GirinProcess girin(dir_, command("1", 1));
    HttpClient client(girin.endpoint());
    client.send("PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n" + std::string(1'000'000, 'x'));
    EXPECT_TRUE(eventually(5s, "the upload has begun", [&] { return files() == 1; }));
    client.reset();
    EXPECT_TRUE(eventually(5s, "nothing is left", [&] { return files() == 0; }));
}

TEST_F(Service, TellsNotesOfAllWorkersAsEvents) {
    GirinProcess girin(dir_, command("2", 2));
    HttpClient listening(girin.endpoint());
    listening.send("GET /events HTTP/1.0\r\nHost: a\r\n\r\n");
    EXPECT_NE(read_until(listening, "retry: 1000\n\n").find("Content-Type: text/event-stream"), std::string::npos);
    std::string expected;
    for (int i = 1; i <= 20; ++i) {  // on connections of their own, and so by both workers
        HttpClient adding(girin.endpoint());
        EXPECT_EQ(post(adding, R"({"text":"n"})").status, 201);
        expected += "id: " + std::to_string(i) + "\ndata: {\"id\":" + std::to_string(i) + ",\"text\":\"n\"}\n\n";
    }
    EXPECT_EQ(read_until(listening, "id: 20\ndata: {\"id\":20,\"text\":\"n\"}\n\n"), expected);

    HttpClient back(girin.endpoint());
    back.send("GET /events HTTP/1.0\r\nHost: a\r\nLast-Event-ID: 18\r\n\r\n");
    const std::string missed = read_until(back, "\"id\":20,");
    EXPECT_EQ(missed.find("id: 18"), std::string::npos);
    EXPECT_NE(missed.find("id: 19"), std::string::npos);
}

TEST_F(Service, EndsStreamsAndItsTaskWhenItIsTold) {
    GirinProcess girin(dir_, command("1", 1));
    HttpClient listening(girin.endpoint());
    listening.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    read_until(listening, "retry: 1000\n\n");
    girin.term();
    EXPECT_TRUE(listening.read_until_close().ends_with("0\r\n\r\n")) << "the answer is whole";
    listening.close();
    const auto ended = girin.stop(5s);
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->code, 0);
    for (const char* bad : {"WARNING", "ERROR", "CRITICAL"}) EXPECT_EQ(girin.log().find(bad), std::string::npos) << girin.log();
}

TEST_F(Service, CountsNotesByStatsd) {
    const UniqueFd collector(::socket(AF_INET, SOCK_DGRAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ASSERT_EQ(::bind(collector.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    ASSERT_EQ(::getsockname(collector.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    timeval limit{5, 0};
    ::setsockopt(collector.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);

    GirinCommand start = command("1", 1);
    start.environment["NOTES_STATSD"] = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    GirinProcess girin(dir_, start);
    HttpClient client(girin.endpoint());
    EXPECT_EQ(post(client, R"({"text":"n"})").status, 201);
    std::string datagram(100, '\0');
    datagram.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::recv(collector.get(), datagram.data(), 100, 0))));
    EXPECT_EQ(datagram, "notes.added:1|c");
}

// A worker that can't open its database isn't let in; the log says why.
TEST_F(Service, IsNotStartedWithoutItsDatabase) {
    GirinCommand start = command("1", 1);
    const Finished finished = run_girin(dir_, start.args,
                                        {{"NOTES_DB", dir_ / "none/notes.db"}, {"NOTES_FILES", dir_ / "files"}});
    EXPECT_EQ(finished.status.code, 3);
    const std::string why = "application start-up failed: open " + (dir_ / "none/notes.db") + ": unable to open database file";
    EXPECT_NE(finished.error.find(why), std::string::npos)
        << finished.error;
}

}  // namespace girin::test
