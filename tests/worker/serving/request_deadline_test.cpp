// --request-timeout, and handlers that extend their own; and what the scoreboard says of the request in hand meanwhile.
// Deadlines are short here; how long they took is never asked.

#include "girin/loop/sleep.hpp"
#include "tests/worker/serving/server_test.hpp"

namespace girin::test {
namespace {

using RequestDeadlines = ServerTest;
using RequestInHand = ServerTest;

constexpr std::string_view kWait = "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr milliseconds kShort(40);

Coro<void> stream(Request&, Response& response, Scene& scene) {
    co_await response.write("a piece");
    co_await response.flush();
    co_await scene.gate;
}

Coro<void> extend_and_take_long(Request& request, Response& response, Scene&) {
    request.extend_deadline(std::chrono::hours(1));
    co_await sleep_for(4 * kShort);
    response.body("took long");
}

Coro<void> extend_by_little(Request& request, Response&, Scene& scene) {
    request.extend_deadline(kShort);
    co_await scene.gate;
}

Coro<void> look_at_own_note(Request& request, Response& response, Scene& scene) {
    const RequestNote& note = *static_cast<const RequestNote*>(scene.extra);
    const auto line = [&] { return note.read() ? note.read()->line + "|" : "none|"; };
    scene.heard += line() + (note.read() && note.read()->peer == request.peer() ? "" : "another peer");
    scene.loop.call_soon([&scene, &note] { scene.heard += note.read() ? "noted|" : "none|"; });
    co_await sleep_for(milliseconds(1));
    scene.heard += line();
    request.extend_deadline(std::chrono::seconds(7));
    scene.bytes = note.is_extended() && note.deadline_ns() > 0;
    response.body("looked");
}

TEST_F(RequestDeadlines, EndAHandlerThatWaitsTooLongWith503) {
    options.timeouts.request = kShort;
    start();
    Client client = connect();
    client.send(kWait);
    EXPECT_EQ(client.read_response().status, 503);
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
    EXPECT_EQ(scene.cancelled, 1);
    EXPECT_EQ(scene.cleaned, 1);
    EXPECT_EQ(count_in_log("Request ended: it took "), 1U) << log();
    EXPECT_EQ(count_in_log("request=\"GET /wait\""), 1U) << log();
}

TEST_F(RequestDeadlines, CutOffAnAnswerThatHasBegun) {
    options.timeouts.request = kShort;
    application.on("/stream", stream);
    start();
    Client client = connect();
    client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string answer = client.read_to_end();
    EXPECT_NE(answer.find("a piece"), std::string::npos);
    EXPECT_EQ(answer.find("\r\n0\r\n"), std::string::npos) << "no proper end";
}

TEST_F(RequestDeadlines, LeaveAloneWhatIsInTime) {
    options.timeouts.request = milliseconds(60'000);
    start();
    Client client = connect();
    client.send(kWait);
    ASSERT_TRUE(run_until([&] { return scene.entered == 1; }));
    scene.open_gate();
    EXPECT_EQ(client.read_response().body, "waited");
    EXPECT_EQ(client.get("/").body, "hello");
    EXPECT_EQ(log(), "");
}

TEST_F(RequestDeadlines, AreExtendedByTheHandler) {
    options.timeouts.request = kShort;
    application.on("/long", extend_and_take_long);
    start();
    Client client = connect();
    EXPECT_EQ(client.get("/long").body, "took long");
    EXPECT_EQ(log(), "");
}

TEST_F(RequestDeadlines, EndAnExtendedRequestToo) {
    options.timeouts.request = milliseconds(60'000);
    application.on("/short", extend_by_little);
    start();
    Client client = connect();
    EXPECT_EQ(client.get("/short").status, 503);
}

TEST_F(RequestInHand, IsNotedWhileItsHandlerRunsAndNotWhileItWaits) {
    application.on("/look", look_at_own_note);
    start();
    scene.extra = &slot().request;
    Client client = connect();
    EXPECT_EQ(client.get("/look?x=1").body, "looked");
    EXPECT_EQ(scene.heard, "GET /look?x=1|none|GET /look?x=1|");
    EXPECT_EQ(scene.bytes, 1U);
    EXPECT_FALSE(slot().request.read());
    EXPECT_EQ(slot().request.deadline_ns(), 0);
}

}  // namespace
}  // namespace girin::test
