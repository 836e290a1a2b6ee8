// Synchronous handlers on the real server: they run on threads of their own, and the loop goes on meanwhile.

#include <atomic>

#include "tests/worker/serving/server_test.hpp"

namespace girin::test {
namespace {

using SyncHandler = ServerTest;

std::atomic<int> g_gone = 0;
std::atomic<bool> g_may_end = false;

class Blocking final : public SyncApplication {
  public:
    void handle_blocking(SyncRequest& request, SyncResponse& response) override {
        if (request.path() == "/sync/echo") {
            response.body(request.body());
        } else if (request.path() == "/sync/large") {
            const std::string piece(100'000, 'x');
            for (int i = 0; i < 100; ++i) response.write(piece);
        } else if (request.path() == "/sync/endless") {
            write_until_gone(response);
        } else {
            g_may_end.wait(false);
            response.body("waited");
        }
    }

  private:
    static void write_until_gone(SyncResponse& response) {
        const std::string piece(10'000, 'x');
        try {
            for (;;) response.write(piece);
        } catch (const ClientGone&) {
            ++g_gone;
            throw;
        }
    }
};

Coro<void> handle_sync(Request& request, Response& response, Scene&) {
    static Blocking application;
    return application.handle(request, response);
}

TEST_F(SyncHandler, AnswersOnAThreadOfItsOwn) {
    application.on("/sync/echo", handle_sync);
    start();
    Client client = connect();
    const std::string body(300'000, 'b');
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.request("POST", "/sync/echo", {}, body).body == body);
}

TEST_F(SyncHandler, LeavesTheLoopToOthersWhileItBlocks) {
    application.on("/sync/wait", handle_sync);
    g_may_end = false;
    start();
    Client blocked = connect();
    blocked.send("GET /sync/wait HTTP/1.1\r\nHost: a\r\n\r\n");
    Client other = connect();
    EXPECT_EQ(other.get("/").body, "hello");
    g_may_end = true;
    g_may_end.notify_all();
    EXPECT_EQ(blocked.read_response().body, "waited");
}

TEST_F(SyncHandler, StreamsAsFastAsItsClientReads) {
    application.on("/sync/large", handle_sync);
    start();
    Client client = connect();
    EXPECT_EQ(client.get("/sync/large").body.size(), 10'000'000U);
    EXPECT_EQ(client.get("/").body, "hello");
}

TEST_F(SyncHandler, LearnsThatItsClientIsGone) {
    application.on("/sync/endless", handle_sync);
    g_gone = 0;
    start();
    Client client = connect();
    client.send("GET /sync/endless HTTP/1.1\r\nHost: a\r\n\r\n");
    client.read_bytes(100'000);
    client.reset();
    EXPECT_TRUE(run_until([] { return g_gone == 1; }));
    EXPECT_TRUE(connections_become(0));
    EXPECT_EQ(log(), "");
}

}  // namespace
}  // namespace girin::test
