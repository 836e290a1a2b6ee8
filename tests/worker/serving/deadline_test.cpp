// What waits too long is ended. Deadlines are short here; how long they took is never asked.

#include "girin/loop/sleep.hpp"
#include "girin/loop/timeout.hpp"
#include "tests/worker/serving/server_test.hpp"

namespace girin::test {
namespace {

using Deadlines = ServerTest;

constexpr milliseconds kShort(40);

Coro<void> hear(Request& request, Response& response, Scene& scene) {
    ++scene.entered;
    scene.heard = co_await request.read_all();
    response.body("heard");
}

TEST_F(Deadlines, EndASilentConnection) {
    options.timeouts.header = kShort;
    start();
    Client client = connect();
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_EQ(client.end(), Client::End::closed);
}

TEST_F(Deadlines, AnswerASlowHeadWith408) {
    options.timeouts.header = kShort;
    start();
    Client client = connect();
    client.send("GET / HTTP/1.1\r\nHo");
    EXPECT_EQ(client.read_response().status, 408);
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
    EXPECT_EQ(scene.entered, 0);
}

TEST_F(Deadlines, CountAHeadFromItsFirstByteHoweverItTrickles) {
    options.timeouts.header = milliseconds(100);
    start();
    Client client = connect();
    client.send("GET / HTTP/1.1\r\nX: ");
    const bool ended = run_until([&] {
        client.send_some("a");
        return !client.peek().empty() || client.end() != Client::End::none;
    });
    EXPECT_TRUE(ended);
    EXPECT_EQ(client.read_response().status, 408);
}

TEST_F(Deadlines, AnswerTheSlowHeadOfALaterRequestToo) {
    options.timeouts.header = kShort;
    start();
    Client client = connect();
    EXPECT_EQ(client.get("/").body, "hello");
    client.send("GET / HTTP/1.1\r\n");
    EXPECT_EQ(client.read_response().status, 408);
}

TEST_F(Deadlines, CloseAnIdleConnection) {
    options.timeouts.keep_alive = kShort;
    start();
    Client client = connect();
    EXPECT_EQ(client.get("/").body, "hello");
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_EQ(client.end(), Client::End::closed);
}

TEST_F(Deadlines, OfIdlenessDoNotTouchARequestThatTakesLonger) {
    options.timeouts.keep_alive = kShort;
    options.timeouts.header = kShort;
    application.on("/nap", [](Request&, Response& response, Scene&) -> Coro<void> {
        co_await sleep_for(milliseconds(200));
        response.body("rested");
    });
    start();
    Client client = connect();
    EXPECT_EQ(client.get("/").body, "hello");
    EXPECT_EQ(client.get("/nap").body, "rested");
}

TEST_F(Deadlines, AnswerASlowBodyWith408) {
    options.timeouts.body = kShort;
    application.on("/hear", hear);
    start();
    Client client = connect();
    client.send("POST /hear HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    EXPECT_EQ(client.read_response().status, 408);
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
    EXPECT_EQ(log(), "");
}

TEST_F(Deadlines, EndABodyThatNobodyReadsAndThatNeverComes) {
    options.timeouts.body = kShort;
    options.timeouts.linger = kShort;
    start();
    Client client = connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    EXPECT_EQ(client.read_response().body, "hello");
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
}

TEST_F(Deadlines, OfAnApplicationForOnePieceLeaveTheRestToIt) {
    application.on("/patient", [](Request& request, Response& response, Scene& shared) -> Coro<void> {
        for (bool heard = false; !heard;) {
            ++shared.entered;
            try {
                const std::string_view piece = co_await timeout(milliseconds(10), request.read());
                shared.heard.append(piece);
                heard = true;
            } catch (const TimeoutError&) {
            }
        }
        co_await shared.gate;
        response.body(shared.heard);
    });
    start();
    Client client = connect();
    client.send("POST /patient HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
    ASSERT_TRUE(run_until([&] { return scene.entered >= 3; }));
    client.send("abc");
    ASSERT_TRUE(run_until([&] { return scene.heard == "abc"; }));
    scene.open_gate();
    EXPECT_EQ(client.read_response().body, "abc");
    EXPECT_EQ(client.get("/").body, "hello");
}

TEST_F(Deadlines, CloseAClientThatTakesNothing) {
    options.timeouts.write = kShort;
    application.on("/large", [](Request&, Response& response, Scene& shared) -> Coro<void> {
        const std::string piece(1'000'000, 'x');
        try {
            for (;;) co_await response.write(piece);
        } catch (const Cancelled&) {
            ++shared.cancelled;
            throw;
        }
    });
    start();
    Client client = connect();
    client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(run_until([&] { return scene.cancelled == 1; }));
    EXPECT_TRUE(connections_become(0));
    EXPECT_EQ(log(), "");
}

TEST_F(Deadlines, CloseAClientThatTakesNothingOfAWholeAnswer) {
    options.timeouts.write = kShort;
    application.on("/large", [](Request&, Response& response, Scene&) -> Coro<void> {
        response.body(std::string(30'000'000, 'x'));
        co_return;
    });
    start();
    Client client = connect();
    client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(connections_become(1));
    EXPECT_TRUE(connections_become(0));
}

TEST_F(Deadlines, SpareAClientThatIsSlowButMoves) {
    // Longer than TCP takes to ask again for a window that was too small for it (200 ms, then 400 ms).
    options.timeouts.write = milliseconds(700) * kSlowBuildFactor;
    application.on("/large", [](Request&, Response& response, Scene&) -> Coro<void> {
        response.body(std::string(32'000'000, 'x'));
        co_return;
    });
    start();
    Client client = connect();
    const int small = 20'000;
    ::setsockopt(client.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    const TimePoint until = Clock::now() + 2 * options.timeouts.write;
    std::size_t taken = 0;
    std::vector<char> buffer(30'000);
    TimePoint next = Clock::now();
    run_until([&] {
        if (Clock::now() >= next) {
            const ssize_t got = ::recv(client.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (got > 0) taken += static_cast<std::size_t>(got);
            next = Clock::now() + milliseconds(10);
        }
        return Clock::now() >= until;
    });
    EXPECT_LT(taken, 32'000'000U) << "the client was not slow";
    EXPECT_EQ(connections(), 1U);
    EXPECT_EQ(client.read_bytes(32'000'000 - taken).find("HTTP"), std::string::npos);
}

}  // namespace
}  // namespace girin::test
