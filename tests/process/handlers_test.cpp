// Handlers, as the loop runs them: whose client goes away, and that fork without an exec (the child holds every descriptor
// that the worker had, for as long as it lives).

#include <list>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

class ForkingHandler : public testing::Test {
  protected:
    TempDir dir_;
    GirinProcess girin_{dir_, {{"-w", "1", "-b", "127.0.0.1:0", app("misbehaving")}}};
};

// FAULTS 7: an answer that ends with its connection waited for the child.
TEST_F(ForkingHandler, AnAnswerThatEndsWithItsConnectionDoesNotWaitForTheChild) {
    HttpClient client(girin_.endpoint(), 3s);
    client.send("GET /fork/4000 HTTP/1.0\r\n\r\n");
    EXPECT_NE(client.read_until_close().find("200 OK"), std::string::npos);
    HttpClient other(girin_.endpoint(), 3s);
    other.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_NE(other.read_until_close().find("200 OK"), std::string::npos);
}

// FAULTS 7, a sibling: the child has what was accepted in the turn in which the handler forked, though nobody serves it yet.
TEST_F(ForkingHandler, AConnectionThatWaitsForItsTurnIsEndedToo) {
    for (int i = 0; i < 3; ++i) {
        HttpClient blocking(girin_.endpoint(), 5s);
        HttpClient forking(girin_.endpoint(), 5s);
        EXPECT_EQ(blocking.get("/").status, 200);
        EXPECT_EQ(forking.get("/").status, 200);
        blocking.send("GET /block/200 HTTP/1.1\r\nHost: a\r\n\r\n");
        forking.send("GET /fork/4000 HTTP/1.1\r\nHost: a\r\n\r\n");
        HttpClient newcomer(girin_.endpoint(), 5s);
        newcomer.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        EXPECT_EQ(newcomer.read_final_response().status, 200);
        EXPECT_TRUE(newcomer.closed_within(2s));
    }
}

// FAULTS 7: the news of a connection that the child still held were taken for another client's: its request got 499.
TEST_F(ForkingHandler, TheEndOfAClosedConnectionIsNotTakenForAnotherOnes) {
    HttpClient kept(girin_.endpoint(), 5s);
    EXPECT_EQ(kept.get("/").status, 200);
    std::list<HttpClient> all_closing;
    for (int i = 0; i < 5; ++i) EXPECT_EQ(all_closing.emplace_back(girin_.endpoint(), 5s).get("/").status, 200);
    EXPECT_EQ(kept.get("/fork/3000").status, 200);
    for (HttpClient& closing : all_closing) {
        closing.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        EXPECT_EQ(closing.read_final_response().status, 200);
        EXPECT_TRUE(closing.closed_within(3s));
        HttpClient next(girin_.endpoint(), 5s);  // in the place of the closed one
        next.send("GET /sleep/200 HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_EQ(kept.get("/").status, 200) << "so the worker has begun with it";
        closing.reset();
        EXPECT_EQ(next.read_final_response().status, 200);
    }
}

// FAULTS 7: a child that returned from the handler answered its parent's client, and served its parent's connections.
TEST_F(ForkingHandler, AChildThatReturnsFromTheHandlerIsEndedWithALine) {
    HttpClient client(girin_.endpoint(), 5s);
    EXPECT_EQ(client.get("/fork-and-return").status, 200);
    EXPECT_TRUE(girin_.wait_for_log("A forked child has come back into its parent's event loop")) << girin_.log();
    for (int i = 0; i < 50; ++i) EXPECT_EQ(client.get("/").body, "ok");
    EXPECT_EQ(girin_.workers().size(), 1U);
}

TEST(Handler, WhoseClientResetsIsCancelled) {
    const TempDir dir;
    const std::string file = dir / "access.log";
    GirinProcess girin(dir, {{"-w", "1", "-b", "127.0.0.1:0", "--access-logfile", file, "--access-logformat", "%(U)s %(s)s",
                              app("misbehaving")}});
    HttpClient client(girin.endpoint(), 5s);
    client.send("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200) << "so the worker has begun with the other, most likely";
    client.reset();
    EXPECT_TRUE(wait_until(10s, [&] { return read_file(file).find("/hang 499") != std::string::npos; })) << read_file(file);
}

/// One connection that always has more to be served leaves the others their turn.
TEST(Handler, OfOneClientThatAlwaysSendsLeavesOthersTheirTurn) {
    const TempDir dir;
    GirinProcess girin(dir, {{"-w", "1", "-b", "127.0.0.1:0", app("misbehaving")}});
    HttpClient busy(girin.endpoint(), 10s), greedy(girin.endpoint(), 10s), other(girin.endpoint(), 10s);
    // A large body first: for so quick a reader the kernel makes room for megabytes in the queue.
    const std::string body(12'000'000, 'x');
    greedy.send("POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    ASSERT_EQ(greedy.read_response().status, 200);
    busy.send("GET /block/300 HTTP/1.1\r\nHost: a\r\n\r\n");
    // Meanwhile the kernel takes hundreds of large requests of one client, and then one of another.
    const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nX-Large: " + std::string(7'000, 'x') + "\r\n\r\n";
    std::string requests;
    for (int i = 0; i < 300; ++i) requests += request;
    const std::size_t sent = greedy.send_some(requests) / request.size();
    if (sent < 200) GTEST_SKIP() << "the kernel took only " << sent << " requests";
    const HttpResponse answer = other.get("/who");
    const std::string number = answer.body.substr(answer.body.rfind(' ') + 1);
    // A turn of eight reads is some ten of these requests. All that wait are one turn without end.
    EXPECT_LT(std::stoi(number), 100) << "it came after " << number << " requests";
}

}  // namespace
}  // namespace girin::test
