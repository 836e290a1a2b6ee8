// What a client's going does to the request in hand.

#include "girin/loop/sleep.hpp"
#include "girin/loop/timeout.hpp"
#include "tests/worker/serving/server_test.hpp"

namespace girin::test {
namespace {

using HalfClosedClient = ServerTest;
using ClientGone = ServerTest;

constexpr std::string_view kWait = "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n";

TEST_F(HalfClosedClient, GetsItsAnswer) {
    start();
    Client client = connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.half_close();
    EXPECT_EQ(client.read_response().body, "hello");
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
}

TEST_F(HalfClosedClient, GetsAllItsPipelinedAnswers) {
    start();
    Client client = connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kWait) + "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.half_close();
    EXPECT_EQ(client.read_response().body, "hello");
    scene.open_gate();
    EXPECT_EQ(client.read_response().body, "waited");
    EXPECT_EQ(client.read_response().body, "hello");
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
}

TEST_F(HalfClosedClient, GetsTheAnswerOfAHandlerThatTakesAWhile) {
    start();
    Client client = connect();
    client.send(kWait);
    ASSERT_TRUE(run_until([&] { return scene.entered == 1; }));
    client.half_close();
    run_turns();
    EXPECT_EQ(scene.cancelled, 0);
    scene.open_gate();
    EXPECT_EQ(client.read_response().body, "waited");
}

TEST_F(HalfClosedClient, LosesALongHandlerByTheDeadline) {
    options.timeouts.half_close = milliseconds(40);
    start();
    Client client = connect();
    client.send(kWait);
    ASSERT_TRUE(run_until([&] { return scene.entered == 1; }));
    client.half_close();
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_EQ(scene.cancelled, 1);
    EXPECT_EQ(scene.cleaned, 1);
    EXPECT_EQ(log(), "");
}

TEST_F(HalfClosedClient, KnownBeforeTheHandlerWaitsLosesItByTheDeadlineToo) {
    options.timeouts.half_close = milliseconds(40);
    start();
    Client client = connect();
    client.send(kWait);
    client.half_close();
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_EQ(scene.cancelled, 1);
}

TEST_F(HalfClosedClient, KeepsAStreamThatItTakes) {
    options.timeouts.half_close = milliseconds(40);
    application.on("/clock", [](Request&, Response& response, Scene&) -> Coro<void> {
        for (int i = 0; i < 40; ++i) {
            co_await response.write("tick ");
            co_await sleep_for(milliseconds(5));
        }
    });
    start();
    Client client = connect();
    client.send("GET /clock HTTP/1.1\r\nHost: a\r\n\r\n");
    client.half_close();
    EXPECT_EQ(client.read_response().body.size(), 200U);
}

TEST_F(HalfClosedClient, InTheMidstOfItsHeadIsClosed) {
    start();
    Client client = connect();
    client.send("GET / HTTP/1.1\r\n");
    client.half_close();
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_EQ(scene.entered, 0);
}

TEST_F(HalfClosedClient, InTheMidstOfItsBodyCancelsTheHandler) {
    application.on("/hear", [](Request& request, Response&, Scene& shared) -> Coro<void> {
        try {
            const std::string body = co_await request.read_all();
        } catch (const Cancelled&) {
            ++shared.cancelled;
            throw;
        }
    });
    start();
    Client client = connect();
    client.send("POST /hear HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    client.half_close();
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_EQ(scene.cancelled, 1);
    EXPECT_EQ(log(), "");
}

TEST_F(ClientGone, CancelsTheHandlerWhoseCleanUpRuns) {
    options.access_log.enabled = true;
    options.access_log.file = directory / "access";
    options.access_log.format = "%(s)s";
    start();
    Client client = connect();
    client.send(kWait);
    ASSERT_TRUE(run_until([&] { return scene.entered == 1; }));
    client.reset();
    ASSERT_TRUE(connections_become(0));
    EXPECT_EQ(scene.cancelled, 1);
    EXPECT_EQ(scene.cleaned, 1);
    EXPECT_EQ(log(), "") << "a client's going is no error of ours";
    run_turns();
    EXPECT_EQ(read_file(directory / "access"), "499\n");
}

TEST_F(ClientGone, IsNoticedAlsoAfterAPieceWasWrittenIntoTheVoid) {
    application.on("/late", [](Request&, Response& response, Scene& shared) -> Coro<void> {
        ++shared.entered;
        co_await sleep_for(Duration::zero());
        try {
            for (;;) {
                co_await response.write("tick ");
                co_await sleep_for(milliseconds(1));
            }
        } catch (const Cancelled&) {
            ++shared.cancelled;
            throw;
        }
    });
    start();
    Client client = connect();
    client.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
    client.read_past("tick");
    client.close();
    EXPECT_TRUE(run_until([&] { return scene.cancelled == 1; }));
    EXPECT_TRUE(connections_become(0));
}

TEST_F(ClientGone, FindsAHandlerThatTurnsAHangupIntoAnAnswerHarmless) {
    application.on("/stubborn", [](Request&, Response& response, Scene& shared) -> Coro<void> {
        ++shared.entered;
        try {
            co_await shared.gate;
        } catch (const Cancelled&) {
            ++shared.cancelled;
        }
        const std::string piece(100'000, 'x');
        try {
            for (int i = 0; i < 3; ++i) co_await response.write(piece);
        } catch (const Cancelled&) {
            ++shared.cancelled;
        }
        co_await sleep_for(milliseconds(1));
        ++shared.cleaned;
    });
    start();
    Client client = connect();
    client.send("GET /stubborn HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(run_until([&] { return scene.entered == 1; }));
    client.reset();
    ASSERT_TRUE(connections_become(0));
    EXPECT_EQ(scene.cleaned, 1);
    EXPECT_GE(scene.cancelled, 1);
    EXPECT_EQ(log(), "");
}

// The piece lies with the handler. After write() was cancelled, nothing of it may be sent.
TEST_F(ClientGone, OrSlowClientLeavesNoViewOfAPieceWhoseWriteWasCancelled) {
    application.on("/large", [](Request&, Response& response, Scene& shared) -> Coro<void> {
        ++shared.entered;
        try {
            auto piece = std::make_unique<std::string>(20'000'000, 'x');
            co_await timeout(milliseconds(20), response.write(*piece));
        } catch (const TimeoutError&) {
            ++shared.cancelled;
        }
        try {
            co_await response.write("more");
        } catch (const ResponseError&) {
            ++shared.cleaned;
        }
    });
    start();
    Client client = connect();
    client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(run_until([&] { return scene.cleaned == 1; }));
    EXPECT_EQ(scene.cancelled, 1);
    const std::string all = client.read_to_end();
    EXPECT_LT(all.size(), 20'000'000U);
    EXPECT_EQ(all.find("more"), std::string::npos);
}

TEST_F(ClientGone, OrSlowClientGetsAllOfAFlushThatWasGivenUpAndTriedAgain) {
    application.on("/gather", [](Request&, Response& response, Scene& shared) -> Coro<void> {
        const std::string piece(10'000, 'x');
        for (int i = 0; i < 2000; ++i) {
            try {
                co_await timeout(milliseconds(5), response.write(piece));
            } catch (const TimeoutError&) {  // it is buffered all the same
                ++shared.cancelled;
            }
        }
    });
    start();
    Client client = connect();
    client.send("GET /gather HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(run_until([&] { return scene.cancelled > 3; }));
    EXPECT_EQ(client.read_response().body.size(), 20'000'000U);
}

}  // namespace
}  // namespace girin::test
