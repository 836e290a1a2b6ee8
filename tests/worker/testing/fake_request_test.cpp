// girin::testing, one request at a time: what goes in, what comes out, and what can go wrong between.

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

#include "girin/girin.hpp"
#include "girin/loop.hpp"
#include "girin/testing.hpp"

using namespace std::chrono_literals;
using girin::Application;
using girin::Coro;
using girin::HttpError;
using girin::Request;
using girin::Response;
using girin::testing::FakeAnswer;
using girin::testing::FakeRequest;

namespace {

Coro<void> greet(Request&, Response& response) {
    response.header("X-Kind", "greeting").body("hello");
    co_return;
}

Coro<void> describe(Request& request, Response& response) {
    std::string text;
    for (const auto part : {request.method(), request.target(), request.path(), request.query(), request.peer(),
                            request.client(), request.scheme(), request.host()}) {
        text.append(part).append("|");
    }
    response.body(text + std::to_string(request.minor_version()) + "|" + std::to_string(request.number()));
    co_return;
}

Coro<void> echo(Request& request, Response& response) {
    for (;;) {
        const std::string_view piece = co_await request.read();
        if (piece.empty()) break;
        co_await response.write(piece);
        co_await response.flush();
    }
    for (const girin::Field field : request.trailers()) response.trailer(field.name, field.value);
}

Coro<void> count_body(Request& request, Response& response) {
    const std::string body = co_await request.read_all(10);
    response.body(std::to_string(body.size()));
}

Coro<void> sleep_an_hour(Request&, Response& response) {
    co_await girin::sleep_for(1h);
    response.body("slept");
}

Coro<void> tick_for_ever(Request&, Response& response) {
    for (int i = 0;; ++i) {
        co_await response.write("tick " + std::to_string(i) + "\n");
        co_await girin::sleep_for(1s);
    }
}

Coro<void> fill_for_ever(Request&, Response& response) {
    const std::string piece(100'000, 'x');
    for (;;) co_await response.write(piece);
}

}  // namespace

TEST(FakeRequest, GetsTheAnswerThatAClientWould) {
    const FakeAnswer answer = FakeRequest().run(greet);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "hello");
    EXPECT_EQ(answer.header("x-kind"), "greeting");
    EXPECT_EQ(answer.header("Content-Type"), "text/plain; charset=utf-8");
    EXPECT_EQ(answer.header("Content-Length"), "5");
    EXPECT_TRUE(answer.is_complete);
    EXPECT_EQ(answer.fault, "");
    ASSERT_EQ(answer.pieces.size(), 1U);
    EXPECT_EQ(answer.pieces[0].at, 0s);
}

TEST(FakeRequest, IsSeenAsAServersRequestIs) {
    FakeRequest request("GET", "/a%20b?x=1");
    EXPECT_EQ(request.run(describe).body,
              "GET|/a%20b?x=1|/a b|x=1|192.0.2.1:5312|192.0.2.1|http|test.example|1|1");
    request.http_1_0().header("Host", "shop.example").peer("unix:").client("").scheme("https");
    EXPECT_EQ(request.run(describe).body, "GET|/a%20b?x=1|/a b|x=1|unix:||https|shop.example|0|1");
}

TEST(FakeRequest, IsRefusedAsAServerRefusesIt) {
    EXPECT_EQ(FakeRequest("GET", "/%zz").run(greet).status, 400);
    EXPECT_EQ(FakeRequest("GET", "/").header("Transfer-Encoding", "gzip").run(greet).status, 400);
    EXPECT_EQ(FakeRequest("GET", "/").header("X", "a\r\n\r\nGET / HTTP/1.1").run(greet).status, 400);
    EXPECT_EQ(FakeRequest("CONNECT", "a:1").run(greet).status, 501);
}

TEST(FakeRequest, HasABodyWholeOrInPieces) {
    EXPECT_EQ(FakeRequest("POST").body("12345").run(count_body).body, "5");
    EXPECT_EQ(FakeRequest("POST").body("").run(count_body).body, "0");
    EXPECT_EQ(FakeRequest("POST").piece("123").piece("45", 1s).run(count_body).body, "5");
    EXPECT_EQ(FakeRequest("POST").body("12345678901").run(count_body).status, 413);
    EXPECT_EQ(FakeRequest("POST").piece("123456").piece("78901").run(count_body).status, 413);
    const std::string large(300'000, 'x');
    EXPECT_EQ(FakeRequest("POST").body(large).run(echo).body, large);
}

TEST(FakeRequest, StreamsBothWaysInVirtualTime) {
    const FakeAnswer answer = FakeRequest("POST").piece("one").piece("two", 1h).trailer("X-Sum", "7").run(echo);
    ASSERT_EQ(answer.pieces.size(), 2U);
    EXPECT_EQ(answer.pieces[0].bytes, "one");
    EXPECT_EQ(answer.pieces[0].at, 0s);
    EXPECT_EQ(answer.pieces[1].bytes, "two");
    EXPECT_EQ(answer.pieces[1].at, 1h);
    EXPECT_EQ(answer.trailers.find("x-sum"), "7");
    EXPECT_FALSE(answer.header("Content-Length"));
    EXPECT_EQ(answer.took, 1h);
}

TEST(FakeRequest, MayStopInTheMidstOfItsBody) {
    EXPECT_EQ(FakeRequest("POST").piece("123").without_end().run(count_body).status, 408);
    EXPECT_EQ(FakeRequest("POST").body("123").without_end().run(count_body).status, 408);
    EXPECT_EQ(FakeRequest("POST").header("Transfer-Encoding", "chunked").without_end().run(count_body).status, 408);
}

TEST(FakeRequest, SleepsInNoTime) {
    const FakeAnswer answer = FakeRequest().run(sleep_an_hour);
    EXPECT_EQ(answer.body, "slept");
    EXPECT_EQ(answer.took, 1h);
}

TEST(FakeRequest, GathersWhatIsWrittenInOneTurn) {
    const auto write_three = [](Request&, Response& response) -> Coro<void> {
        co_await response.write("a");
        co_await response.write("b");
        co_await girin::sleep_for(1s);
        co_await response.write("c");
    };
    const FakeAnswer answer = FakeRequest().run(write_three);
    ASSERT_EQ(answer.pieces.size(), 2U);
    EXPECT_EQ(answer.pieces[0].bytes, "ab");
    EXPECT_EQ(answer.pieces[1].bytes, "c");
    EXPECT_EQ(answer.body, "abc");
}

TEST(FakeRequest, AnswersHeadWithoutABody) {
    const FakeAnswer answer = FakeRequest("HEAD").run(greet);
    EXPECT_EQ(answer.header("Content-Length"), "5");
    EXPECT_EQ(answer.body, "");
    EXPECT_TRUE(answer.pieces.empty());
    EXPECT_TRUE(answer.is_complete);
}

TEST(FakeRequest, TurnsWhatIsThrownIntoAnAnswer) {
    const auto not_found = [](Request&, Response&) -> Coro<void> {
        throw HttpError(404, "no such item").header("X-Why", "gone");
        co_return;
    };
    FakeAnswer answer = FakeRequest().run(not_found);
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.body, "no such item");
    EXPECT_EQ(answer.header("x-why"), "gone");
    EXPECT_EQ(answer.fault, "");

    const auto fail = [](Request&, Response&) -> Coro<void> {
        throw std::runtime_error("the table is gone");
        co_return;
    };
    answer = FakeRequest().run(fail);
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.body, "500 Internal Server Error\n");
    EXPECT_EQ(answer.fault, "std::runtime_error: the table is gone");
}

TEST(FakeRequest, TellsOfAnAnswerThatBreaksOff) {
    const auto break_off = [](Request&, Response& response) -> Coro<void> {
        co_await response.write("half");
        throw std::runtime_error("no more");
    };
    const FakeAnswer broken = FakeRequest().run(break_off);
    EXPECT_EQ(broken.status, 200);
    EXPECT_EQ(broken.body, "half");
    EXPECT_FALSE(broken.is_complete);
    EXPECT_EQ(broken.fault, "std::runtime_error: no more");

    const auto promise_more = [](Request&, Response& response) -> Coro<void> {
        response.header("Content-Length", "9");
        co_await response.write("half");
    };
    const FakeAnswer shorter = FakeRequest().run(promise_more);
    EXPECT_EQ(shorter.body, "half");
    EXPECT_FALSE(shorter.is_complete);
    EXPECT_EQ(shorter.fault, "the application announced 9 bytes of body and wrote 4");
}

TEST(FakeRequest, TellsOfWrongUse) {
    const auto break_a_line = [](Request&, Response& response) -> Coro<void> {
        response.header("X", "a\r\nb");
        co_return;
    };
    EXPECT_NE(FakeRequest().run(break_a_line).fault.find("bad value"), std::string::npos);
    const auto write_after_body = [](Request&, Response& response) -> Coro<void> {
        response.body("whole");
        co_await response.write("piece");
    };
    EXPECT_NE(FakeRequest().run(write_after_body).fault.find("write() after body()"), std::string::npos);
    const auto two_lengths = [](Request&, Response& response) -> Coro<void> {
        response.header("Content-Length", "9").body("short");
        co_return;
    };
    const FakeAnswer answer = FakeRequest().run(two_lengths);
    EXPECT_EQ(answer.status, 500);
    EXPECT_NE(answer.fault.find("Content-Length"), std::string::npos);
}

TEST(FakeRequest, DisconnectsWhileTheHandlerWaits) {
    const FakeAnswer before = FakeRequest().disconnects_after(5s).run(sleep_an_hour);
    EXPECT_EQ(before.status, 499);
    EXPECT_EQ(before.took, 5s);
    EXPECT_FALSE(before.is_complete);

    const FakeAnswer amidst = FakeRequest().disconnects_after(2500ms).run(tick_for_ever);
    EXPECT_EQ(amidst.status, 200);
    EXPECT_EQ(amidst.body, "tick 0\ntick 1\ntick 2\n");
    EXPECT_FALSE(amidst.is_complete);

    EXPECT_EQ(FakeRequest().disconnects_after_pieces(2).run(tick_for_ever).pieces.size(), 2U);
    EXPECT_EQ(FakeRequest().disconnects_after_pieces(2).run(fill_for_ever).pieces.size(), 2U);
    EXPECT_EQ(FakeRequest("POST").piece("1").without_end().disconnects_after(1s).run(count_body).status, 499);
}

TEST(FakeRequest, StallsUntilTheServerGivesItUp) {
    const FakeAnswer answer = FakeRequest().stalls_after_pieces(3).run(fill_for_ever);
    EXPECT_EQ(answer.pieces.size(), 3U);
    EXPECT_EQ(answer.took, 30s);
    EXPECT_FALSE(answer.is_complete);
}

TEST(FakeRequest, HasADeadlineThatTheHandlerMayMove) {
    const FakeAnswer late = FakeRequest().deadline(10s).run(sleep_an_hour);
    EXPECT_EQ(late.status, 503);
    EXPECT_EQ(late.took, 10s);
    const auto ask_for_more = [](Request& request, Response& response) -> Coro<void> {
        request.extend_deadline(2h);
        co_await girin::sleep_for(1h);
        response.body("in time");
    };
    EXPECT_EQ(FakeRequest().deadline(10s).run(ask_for_more).body, "in time");
}

TEST(FakeRequest, SeesTheWorkerDrainAndEnd) {
    const auto until_drained = [](Request& request, Response& response) -> Coro<void> {
        co_await response.write(request.is_draining() ? "drains\n" : "serves\n");
        const auto draining = request.draining();
        co_await draining;
        co_await response.write(request.is_draining() ? "drains\n" : "serves\n");
    };
    const FakeAnswer drained = FakeRequest().drains_after(1min).run(until_drained);
    EXPECT_EQ(drained.body, "serves\ndrains\n");
    EXPECT_TRUE(drained.is_complete);
    EXPECT_EQ(drained.took, 1min);
    EXPECT_EQ(FakeRequest().worker_ends_after(1min).run(sleep_an_hour).status, 503);
}

TEST(FakeRequest, DoesNotHangWithItsHandler) {
    const auto wait_for_nobody = [](Request&, Response&) -> Coro<void> {
        const girin::Future<void> never(girin::EventLoop::running());
        co_await never;
    };
    EXPECT_THROW(FakeRequest().run(wait_for_nobody), girin::testing::Hang);
    EXPECT_EQ(FakeRequest().deadline(1h).run(wait_for_nobody).status, 503);
}

TEST(FakeRequest, RunsOnALoopOfTheCallers) {
    class Greeter final : public Application {
      public:
        Coro<void> handle(Request&, Response& response) override {
            co_await girin::sleep_for(1ms);
            response.body("really");
        }
    };
    Greeter greeter;
    girin::AsioLoop loop;
    EXPECT_EQ(FakeRequest().run(greeter, loop).body, "really");
    EXPECT_EQ(FakeRequest().run(greeter, loop).body, "really");
}

TEST(FakeRequest, MayBeRunAgain) {
    const FakeRequest request("GET", "/");
    EXPECT_EQ(request.run(greet).body, "hello");
    EXPECT_EQ(request.run(greet).body, "hello");
}
