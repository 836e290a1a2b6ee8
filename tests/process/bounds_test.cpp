// What one client may send, hold and wait for, on the real girin: limits, deadlines, and what they leave to others.

#include <poll.h>
#include <sys/socket.h>

#include <optional>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

class Bounds : public testing::Test {
  protected:
    /// One worker with the application `answering`.
    GirinProcess& start(std::vector<std::string> more) {
        std::vector<std::string> args = {"-w", "1", "-b", "127.0.0.1:0"};
        args.insert(args.end(), more.begin(), more.end());
        args.push_back(app("answering"));
        girin_.emplace(dir_, GirinCommand(args));
        return *girin_;
    }
    HttpClient connect(milliseconds limit = 10s) { return HttpClient(girin_->endpoint(), limit); }
    int status_of(std::string_view request) {
        HttpClient client = connect();
        client.send(request);
        return client.read_final_response().status;
    }

    static bool has_answer(HttpClient& client, milliseconds limit) {
        pollfd readable{client.fd(), POLLIN, 0};
        return ::poll(&readable, 1, static_cast<int>(limit.count())) > 0;
    }

    const TempDir dir_;
    std::optional<GirinProcess> girin_;
};

// --- sizes

TEST_F(Bounds, OfALineTheFieldsAndAHead) {
    start({});
    const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
    const auto line = [](std::size_t bytes) {
        return "GET /" + std::string(bytes - 14, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
    };
    // FAULTS 36: RFC 9112 §3 recommends 8,000.
    EXPECT_EQ(status_of(line(8'190)), 200);
    EXPECT_EQ(status_of(line(8'191)), 414);
    std::string fields;
    for (int i = 0; i < 99; ++i) fields += "X: y\r\n";
    EXPECT_EQ(status_of(get + fields + "\r\n"), 200);
    EXPECT_EQ(status_of(get + fields + "X: y\r\n\r\n"), 431);
    EXPECT_EQ(status_of(get + "X: " + std::string(8'187, 'x') + "\r\n\r\n"), 200);
    EXPECT_EQ(status_of(get + "X: " + std::string(8'188, 'x') + "\r\n\r\n"), 431);
    std::string large;
    for (int i = 0; i < 8; ++i) large += "X: " + std::string(8'187, 'x') + "\r\n";
    EXPECT_EQ(status_of(get + large + "\r\n"), 431) << "each field is short enough, the head is not";
}

TEST_F(Bounds, OfABody) {
    start({"--limit-request-body", "1000"});
    EXPECT_EQ(connect().request("POST", "/hear", {}, std::string(1'000, 'x')).body, "1000");
    EXPECT_EQ(connect().request("POST", "/hear", {}, std::string(1'001, 'x')).status, 413);
    HttpClient chunked = connect();
    chunked.send("POST /hear HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n");
    EXPECT_EQ(chunked.read_final_response().status, 413);
}

// Closing with bytes unread would reset the connection, and with it the answer.
TEST_F(Bounds, RefusedClientsThatStillSendGetTheirAnswer) {
    start({"--limit-request-body", "1000"});
    HttpClient client = connect();
    client.send("POST /hear HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n");
    for (int i = 0; i < 80; ++i) client.send(std::string(100'000, 'x'));
    EXPECT_EQ(client.read_final_response().status, 413);
    client.half_close();
    EXPECT_EQ(client.read_until_close(), "");
}

// FAULTS 7: what empty lines get doesn't depend on how they come.
TEST_F(Bounds, EmptyLinesAreCountedHoweverTheyCome) {
    start({"--keep-alive", "10"});
    const std::string get = format_request("GET", "/");
    EXPECT_EQ(status_of("\r\n\r\n" + get), 200);
    EXPECT_EQ(status_of("\r\n\r\n\r\n" + get), 400);
    for (const bool kept : {false, true}) {
        HttpClient client = connect();
        if (kept) {
            EXPECT_EQ(client.get("/").status, 200);
        }
        for (int i = 0; i < 3; ++i) {
            client.send("\r\n");
            EXPECT_EQ(status_of(get), 200) << "by now the line was read";
        }
        EXPECT_EQ(client.read_final_response().status, 400) << kept;
    }
}

// --- what requests and answers say

// FAULTS 36: white space around ";" and "=" of chunk extensions, and versions after 1.1.
TEST_F(Bounds, BlanksInExtensionsAndLaterVersionsAreRead) {
    start({});
    HttpClient client = connect();
    client.send("POST /hear HTTP/1.9\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 ; a = b\r\nhello\r\n0\r\n\r\n");
    const HttpResponse answer = client.read_final_response();
    EXPECT_EQ(answer.body, "5");
    EXPECT_TRUE(answer.keeps_connection);
    EXPECT_EQ(status_of("POST /hear HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
}

// FAULTS 37: a query is handed over as sent, a path is read strictly, and a host in the target is the only one.
TEST_F(Bounds, ATargetIsOneForAllWhoRead) {
    start({});
    EXPECT_EQ(get(girin_->endpoint(), "/host?q=100%&r=%zz|\"<>").body, "test\ntest\nq=100%&r=%zz|\"<>\n");
    for (const char* path : {"/a%", "/a%zz", "/a\\b", "/a<b", "/a|b", "/a\"b"}) {
        EXPECT_EQ(get(girin_->endpoint(), path).status, 400) << path;
    }
    HttpClient client = connect();
    client.send("GET http://one.example:81/host HTTP/1.1\r\nHost: two.example\r\n\r\n");
    EXPECT_EQ(client.read_final_response().body, "one.example:81\none.example:81\n\n");
}

// FAULTS 38: "no such page\n" came as "no such page?" behind a line of ours, JSON and UTF-8 likewise.
TEST_F(Bounds, ThrownAnswersAreWhatWasThrown) {
    start({});
    HttpClient client = connect();
    const HttpResponse text = client.get("/error");
    EXPECT_EQ(text.status, 404);
    EXPECT_EQ(text.body, "no such page\n");
    EXPECT_EQ(text.field("content-type"), "text/plain; charset=utf-8");
    const HttpResponse json = client.get("/error/json");
    EXPECT_EQ(json.status, 422);
    EXPECT_EQ(json.body, "{\"grund\": \"zu gro\xc3\x9f\"}");
    EXPECT_EQ(json.field("content-type"), "application/problem+json");
    EXPECT_EQ(json.field("retry-after"), "7");
    EXPECT_EQ(client.get("/error/none").body, "404 Not Found\n");
    EXPECT_EQ(client.get("/error/bad").status, 500);
    EXPECT_TRUE(girin_->wait_for_log("response field \"X-Split\"")) << girin_->log();
    EXPECT_TRUE(client.get("/").keeps_connection);
}

// --- times

TEST_F(Bounds, OfTheTimeForAHead) {
    start({"--header-timeout", "0.3"});
    HttpClient silent = connect(), slow = connect();
    slow.send("GET / HTTP/1.1\r\nHo");
    EXPECT_EQ(slow.read_final_response().status, 408);
    EXPECT_EQ(silent.read_until_close(), "");
}

TEST_F(Bounds, OfTheTimeBetweenRequests) {
    start({"--keep-alive", "0.3", "--header-timeout", "0"});
    HttpClient client = connect();
    EXPECT_TRUE(client.get("/").keeps_connection);
    EXPECT_EQ(client.read_until_close(), "");
}

// FAULTS 7: an empty line restarted the time between requests.
TEST_F(Bounds, EmptyLinesKeepNoConnection) {
    start({"--keep-alive", "0.8", "--header-timeout", "1"});
    for (const std::string_view line : {"\r\n", "\r", "\n"}) {
        HttpClient client = connect();
        EXPECT_EQ(client.get("/").status, 200);
        const auto began = Clock::now();
        // "\r" and "\n" in turn are the same lines in pieces.
        std::string_view next = line == "\n" ? "\r" : line;
        // An end, or an answer that ends it.
        while (!has_answer(client, 400ms) && Clock::now() - began < 10s) {
            client.send(next);
            if (line == "\n") next = next == "\r" ? "\n" : "\r";
        }
        EXPECT_LT(Clock::now() - began, 5s) << testing::PrintToString(std::string(line));
    }
}

// FAULTS 7: so few that all of them are allowed.
TEST_F(Bounds, EmptyLinesRestartNoTime) {
    start({"--keep-alive", "2", "--header-timeout", "30"});
    HttpClient client = connect();
    EXPECT_EQ(client.get("/").status, 200);
    const auto began = Clock::now();
    for (int i = 0; i < 2 && !has_answer(client, 1'500ms); ++i) client.send("\r\n");
    EXPECT_EQ(client.read_until_close(), "");
    EXPECT_LT(Clock::now() - began, 4s) << "2 s, a quarter of it, and what a busy machine takes";
}

// FAULTS 9: a byte now and then held a connection for ever.
TEST_F(Bounds, OfTheRateOfABody) {
    start({"--min-rate", "1000", "--min-rate-grace", "0.5", "--body-timeout", "5"});
    for (const char* framing : {"Content-Length: 100000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"}) {
        HttpClient client = connect();
        client.send(std::string("POST /hear HTTP/1.1\r\nHost: a\r\n") + framing);
        const bool chunked = std::string_view(framing).starts_with("T");
        const auto began = Clock::now();
        const std::string chunk = "1;padding=" + std::string(60, 'x') + "\r\nx\r\n";
        while (!has_answer(client, 50ms) && Clock::now() - began < 8s) client.send(chunked ? chunk : "x");
        ASSERT_TRUE(has_answer(client, 0ms)) << "and no pause of --body-timeout has come";
        EXPECT_EQ(client.read_final_response().status, 408);
    }
}

// FAULTS 9: who is slow to read isn't its client's fault, and who sends fast enough may go on.
TEST_F(Bounds, OfTheRateSparesThoseWhoKeepIt) {
    start({"--min-rate", "1000", "--min-rate-grace", "0.1"});
    HttpClient late = connect();
    late.send("POST /hear-late HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
    late.send("ab");
    EXPECT_EQ(late.read_final_response().body, "2");
    HttpClient steady = connect();
    steady.send("POST /hear HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n");
    for (int i = 0; i < 10; ++i) {
        EXPECT_FALSE(has_answer(steady, 50ms));
        steady.send(std::string(1'000, 'x'));
    }
    EXPECT_EQ(steady.read_final_response().body, "10000");
}

TEST_F(Bounds, OfTheTimeForAnAnswerThatNobodyTakes) {
    start({"--write-timeout", "0.4"});
    HttpClient client = connect();
    client.send(format_request("GET", "/trickle"));
    EXPECT_TRUE(eventually(10s, "its handler to be cancelled", [&] { return get(girin_->endpoint(), "/cancelled").body == "1"; }));
}

// FAULTS 9: the same for who takes hardly anything of an answer.
TEST_F(Bounds, OfTheRateOfAnAnswer) {
    start({"--write-timeout", "1.5", "--min-rate", "1m"});
    HttpClient client = connect();
    const int small = 20'000;
    ::setsockopt(client.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    client.send(format_request("GET", "/trickle"));
    const auto dropped = [&] {
        char bytes[2'000];  // every 10 ms or so: far less than a megabyte a second
        [[maybe_unused]] const ssize_t got = ::recv(client.fd(), bytes, sizeof bytes, MSG_DONTWAIT);
        return get(girin_->endpoint(), "/cancelled").body == "1";
    };
    EXPECT_TRUE(eventually(15s, "its handler to be cancelled", dropped));
}

TEST_F(Bounds, OfTheTimeAfterAClientsFin) {
    start({"--half-close-timeout", "0.3"});
    HttpClient client = connect();
    client.send(format_request("GET", "/stream"));
    client.half_close();
    EXPECT_TRUE(client.read_until_close().ends_with("line\n\r\n")) << "no proper end: the handler was cancelled";
}

TEST_F(Bounds, OfTheTimeForAHandler) {
    start({"--request-timeout", "0.3"});
    EXPECT_EQ(get(girin_->endpoint(), "/hang").status, 503);
    EXPECT_TRUE(girin_->wait_for_log("Request ended: it took")) << girin_->log();
}

// --- what clients are told

TEST_F(Bounds, ExpectantClientsAreAskedForTheirBody) {
    start({});
    HttpClient client = connect();
    client.send("POST /hear HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.read_response().status, 100);
    client.send("body");
    EXPECT_EQ(client.read_response().body, "4");
}

TEST_F(Bounds, OfATruthAreKeptWhereTheEndOfTheConnectionIsTheAnswers) {
    start({});
    HttpClient client = connect();
    client.send("GET /fails HTTP/1.0\r\n\r\n");
    try {
        const std::string all = client.read_until_close();
        ADD_FAILURE() << "a half answer looks whole: " << all;
    } catch (const HttpClientError& error) {
        EXPECT_EQ(error.kind(), HttpClientError::Kind::reset) << error.what();
    }
}

TEST_F(Bounds, PipelinedAnswersComeInOrder) {
    start({});
    HttpClient client = connect();
    std::string requests;
    for (int i = 0; i < 100; ++i) requests += format_request("GET", "/host?" + std::to_string(i));
    client.send(requests);
    for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(client.read_response().body.ends_with("\n" + std::to_string(i) + "\n")) << i;
    }
}

// --- a full worker

TEST_F(Bounds, OfConnectionsHoldWhileAllAreInUse) {
    start({"--worker-connections", "4"});
    std::vector<HttpClient> busy;
    for (int i = 0; i < 4; ++i) {
        busy.push_back(connect());
        busy.back().send(format_request("GET", "/stream"));
        busy.back().read_some();
    }
    HttpClient waiting(girin_->endpoint(), 700ms);
    waiting.send(format_request("GET", "/"));
    EXPECT_THROW(waiting.read_response(), HttpClientError) << "a fifth one was served";
    EXPECT_TRUE(girin_->wait_for_log("Worker is full")) << girin_->log();
    busy.front().close();
    EXPECT_EQ(get(girin_->endpoint(), "/").status, 200);
}

// FAULTS 7: clients that hold connections without using them starved everybody, without a word.
TEST_F(Bounds, OfConnectionsLetNewcomersInWhereSomeAreIdle) {
    start({"--worker-connections", "8", "--keep-alive", "60", "--header-timeout", "60"});
    std::vector<HttpClient> held;
    for (int i = 0; i < 7; ++i) {
        held.push_back(connect());
        if (i % 3 == 0) {
            EXPECT_EQ(held.back().get("/").status, 200);
        }
        if (i % 3 == 1) held.back().send("\r\n");
    }
    HttpClient begun = connect();
    begun.send("GET / HT");
    EXPECT_EQ(get(girin_->endpoint(), "/").status, 200);
    EXPECT_EQ(get(girin_->endpoint(), "/").status, 200);
    EXPECT_TRUE(girin_->wait_for_log("Worker is full, and newcomers wait")) << girin_->log();
    begun.send("TP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(begun.read_response().status, 200) << "a request had begun here";
}

// --- answers without a body

// FAULTS 10: writes that send nothing never waited, and the worker served nobody else.
TEST_F(Bounds, OfAnswersThatHaveNoBodyGiveWayAndSeeTheirClientGo) {
    start({"--half-close-timeout", "0.3"});
    int cancelled = 0;
    for (const std::string request : {"HEAD /endless", "GET /endless/204", "GET /endless/304"}) {
        HttpClient client = connect();
        client.send(request + " HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_GE(client.read_response(true).status, 200) << "its head comes though the handler goes on";
        EXPECT_EQ(get(girin_->endpoint(), "/").status, 200);
        client.close();
        const std::string wanted = std::to_string(++cancelled);
        EXPECT_TRUE(eventually(5s, "its end", [&] { return get(girin_->endpoint(), "/cancelled").body == wanted; })) << request;
    }
}

}  // namespace
}  // namespace girin::test
