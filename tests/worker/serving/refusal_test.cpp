// What is refused before an application sees it, and that the refusal arrives.

#include "tests/worker/serving/server_test.hpp"

namespace girin::test {
namespace {

using Refusal = ServerTest;

struct Refused {
    const char* request;
    int status;
};

TEST_F(Refusal, OfWhatIsNotHttpNamesTheStatusAndCloses) {
    const Refused cases[] = {
        {"nonsense\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},                                         // no Host
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"GET /\r\n\r\n", 400},                                                  // HTTP/0.9
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"GET / HTTP/1.1\nHost: a\n\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501},
    };
    start();
    for (const Refused& one : cases) {
        SCOPED_TRACE(one.request);
        Client client = connect();
        client.send(one.request);
        const HttpResponse answer = client.read_response();
        EXPECT_EQ(answer.status, one.status);
        EXPECT_EQ(answer.field("connection"), "close");
        EXPECT_EQ(client.wait_for_end(), Client::End::closed);
    }
    EXPECT_EQ(scene.entered, 0);
    EXPECT_EQ(log(), "") << "a client's mistake is no error of ours";
}

TEST_F(Refusal, OfTooMuchHeadNamesWhatIsTooMuch) {
    start();
    const std::string fields = [] {
        std::string many;
        for (int i = 0; i < 101; ++i) many += "X: y\r\n";
        return many;
    }();
    const std::pair<std::string, int> cases[] = {
        {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n", 414},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'a') + "\r\n\r\n", 431},
        {"GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n", 431},
    };
    for (const auto& [request, status] : cases) {
        Client client = connect();
        client.send(request);
        EXPECT_EQ(client.read_response().status, status);
        EXPECT_EQ(client.wait_for_end(), Client::End::closed);
    }
}

TEST_F(Refusal, ComesBehindTheAnswersBeforeIt) {
    start();
    Client client = connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /wait HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n");
    EXPECT_EQ(client.read_response().body, "hello");
    scene.open_gate();
    EXPECT_EQ(client.read_response().body, "waited");
    EXPECT_EQ(client.read_response().status, 400);
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
}

// Closing with bytes unread would reset the connection, and the client might never see its answer.
TEST_F(Refusal, ArrivesThoughTheClientIsStillSending) {
    options.limits.request_body_bytes = 1000;
    start();
    Client client = connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n");
    const std::string piece(100'000, 'x');
    for (int i = 0; i < 40; ++i) client.send(piece);
    EXPECT_EQ(client.read_response().status, 413);
    client.half_close();
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
}

TEST_F(Refusal, OfAClientThatNeverLeavesEndsByTheLingerDeadline) {
    options.timeouts.linger = milliseconds(40);
    start();
    Client client = connect();
    client.send("nonsense\r\n\r\n");
    EXPECT_EQ(client.read_response().status, 400);
    EXPECT_TRUE(connections_become(0));
}

TEST_F(Refusal, OfAClientThatNeverStopsSendingEndsByTheLingerDeadline) {
    options.timeouts.linger = milliseconds(40);
    start();
    Client client = connect();
    client.send("nonsense\r\n\r\n");
    const std::string piece(100'000, 'x');
    EXPECT_TRUE(run_until([&] {
        client.send_some(piece);
        return connections() == 0 && slot().accepted == 1;
    }));
}

TEST_F(Refusal, DoesNotConcernAnUpgradeThatIsNotOffered) {
    start();
    Client client = connect();
    const HttpResponse answer = client.get(
        "/", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n");
    EXPECT_EQ(answer.status, 200);
    EXPECT_FALSE(answer.field("upgrade").has_value());
    EXPECT_EQ(client.get("/").body, "hello");
}

TEST_F(Refusal, IsLoggedWithWhatIsKnownOfTheRequest) {
    options.access_log.enabled = true;
    options.access_log.file = directory / "access";
    options.access_log.format = "%(m)s|%(U)s|%(q)s|%(s)s";
    start();
    Client client = connect();
    client.get("/?first");
    client.send("BAD\x01REQUEST / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(client.read_response().status, 400);
    Client other = connect();
    other.send("GET /no?host HTTP/1.1\r\n\r\n");
    EXPECT_EQ(other.read_response().status, 400);
    run_turns();
    const std::string lines = read_file(directory / "access");
    EXPECT_EQ(count_of("GET|/|first|200\n", lines), 1U) << lines;
    EXPECT_EQ(count_of("|400\n", lines), 2U) << lines;
    EXPECT_EQ(count_of("first", lines), 1U) << lines;
}

// FAULTS 2: what never became a request is answered and logged as itself, not as the request before it.
TEST_F(Refusal, OfWhatNeverBecameARequestSaysNothingOfTheOneBefore) {
    options.access_log.enabled = true;
    options.access_log.file = directory / "access";
    options.access_log.format = "%(h)s|%(r)s|%(m)s|%(U)s|%(q)s|%(H)s|%(f)s|%(a)s|%(s)s";
    start();
    const std::string secret = "X-Forwarded-For: 192.0.2.7\r\nReferer: secret\r\nUser-Agent: secret\r\n";
    for (const char* refused : {"\r\n\r\n\rX", "\rX", "\r\n\r\n\r\n", "\x01", "G\r\n", "GET\r\n", "GET /a b\r\n\r\n"}) {
        SCOPED_TRACE(testing::PrintToString(refused));
        Client same = connect();
        same.request("HEAD", "/?secret", secret);
        same.send(refused);
        const HttpResponse answer = same.read_response();
        EXPECT_EQ(answer.status, 400);
        EXPECT_TRUE(answer.body.starts_with("400 Bad Request\n")) << "HEAD was the one before";
        Client other = connect();
        other.send(refused);
        EXPECT_EQ(other.read_response().status, 400);
    }
    run_turns();
    const std::string lines = read_file(directory / "access");
    EXPECT_EQ(count_of("192.0.2.7|HEAD /?secret HTTP/1.1|HEAD|/|secret|HTTP/1.1|secret|secret|200\n", lines), 7U) << lines;
    EXPECT_EQ(count_of("127.0.0.1|-|-|-|-|-|-|-|400\n", lines), 14U) << lines;
}

// FAULTS 2: the same for a head whose time is over, and for one that moves in its buffer while it comes.
TEST_F(Refusal, OfAHeadThatIsNeverCompleteTellsOnlyWhatHasCome) {
    options.access_log.enabled = true;
    options.access_log.file = directory / "access";
    options.access_log.format = "%(r)s|%(U)s|%(s)s";
    options.timeouts.header = milliseconds(100);
    start();
    Client client = connect();
    client.get("/first");
    client.send("GET /second");
    EXPECT_EQ(client.read_response().status, 408);
    Client other = connect();
    other.send("\r");
    EXPECT_EQ(other.read_response().status, 408);
    Client moved = connect();
    moved.send("GET /third?x HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 5; ++i) {
        run_turns();
        moved.send("X: " + std::string(8000, 'x') + "\r\n");
    }
    EXPECT_EQ(moved.read_response().status, 408);
    run_turns();
    const std::string lines = read_file(directory / "access");
    EXPECT_EQ(count_of("-|-|408\n", lines), 2U) << lines;
    EXPECT_EQ(count_of("GET /third?x HTTP/1.1|/third|408\n", lines), 1U) << lines;
}

}  // namespace
}  // namespace girin::test
