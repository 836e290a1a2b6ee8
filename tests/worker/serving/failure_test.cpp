// What an application does wrong: told to the client by a status or an end that can't be mistaken, to the operator in
// one line.

#include "girin/loop/cancel.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/task.hpp"
#include "tests/worker/serving/server_test.hpp"

namespace girin::test {
namespace {

using Failure = ServerTest;

TEST_F(Failure, BeforeTheHeadIs500AndOneLogRecordWithTypeTextAndRequest) {
    application.on("/throw", [](Request&, Response&, Scene&) -> Coro<void> {
        co_await sleep_for(Duration::zero());
        throw std::runtime_error("no such item");
    });
    start();
    Client client = connect();
    const HttpResponse answer = client.get("/throw?x");
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.body.find("no such item"), std::string::npos) << "internals are not the client's business";
    EXPECT_EQ(count_of("\n", log()), 1U) << log();
    EXPECT_EQ(count_in_log("std::runtime_error: no such item"), 1U) << log();
    EXPECT_EQ(count_in_log("GET /throw?x"), 1U) << log();
    EXPECT_EQ(client.get("/").body, "hello");
    EXPECT_EQ(slot().errors_5xx, 1U);
}

TEST_F(Failure, ThatIsNoStandardExceptionIsLoggedToo) {
    application.on("/throw", [](Request&, Response&, Scene&) -> Coro<void> {
        throw 42;
        co_return;
    });
    start();
    Client client = connect();
    EXPECT_EQ(client.get("/throw").status, 500);
    EXPECT_EQ(count_in_log("Application error: int"), 1U) << log();
}

Coro<void> refuse_to_begin(Request&, Response&, Scene&) { throw std::logic_error("not even begun"); }

TEST_F(Failure, OfAHandlerThatIsNoCoroutineIs500) {
    application.on("/throw", refuse_to_begin);
    start();
    Client client = connect();
    EXPECT_EQ(client.get("/throw").status, 500);
    EXPECT_EQ(count_in_log("std::logic_error: not even begun"), 1U);
    EXPECT_EQ(client.get("/").body, "hello");
}

Coro<void> begin_and_throw(Request&, Response& response, Scene&) {
    co_await response.write("begun");
    co_await response.flush();
    throw std::runtime_error("too late");
}

TEST_F(Failure, AfterTheHeadClosesWithoutAProperEnd) {
    application.on("/throw", begin_and_throw);
    start();
    Client client = connect();
    client.send("GET /throw HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string all = client.read_to_end();
    EXPECT_EQ(count_of("HTTP/1.1", all), 1U) << all;
    EXPECT_TRUE(all.ends_with("5\r\nbegun\r\n")) << all;
    EXPECT_EQ(count_of("\n", log()), 1U) << log();
    EXPECT_EQ(count_in_log("std::runtime_error: too late"), 1U) << log();
}

// There the end of the connection ends the answer; only a reset can be told from it.
TEST_F(Failure, AfterTheHeadOfAnHttp10AnswerResets) {
    application.on("/throw", begin_and_throw);
    start();
    Client client = connect();
    client.send("GET /throw HTTP/1.0\r\n\r\n");
    EXPECT_EQ(client.wait_for_end(), Client::End::reset);
}

TEST_F(Failure, ByHttpErrorHasItsStatusAndIsLoggedFrom500On) {
    application.on("/throw", [](Request& request, Response& response, Scene&) -> Coro<void> {
        response.header("X-Secret", "1").body("half an answer");
        throw HttpError(std::stoi(std::string(request.query())), "as asked");
        co_return;
    });
    start();
    Client client = connect();
    for (const int status : {400, 404, 418, 503}) {
        const HttpResponse answer = client.get("/throw?" + std::to_string(status));
        EXPECT_EQ(answer.status, status);
        EXPECT_NE(answer.body.find("as asked"), std::string::npos);
        EXPECT_FALSE(answer.field("x-secret").has_value());
        EXPECT_TRUE(answer.keeps_connection);
    }
    EXPECT_EQ(count_of("\n", log()), 1U) << log();
    EXPECT_EQ(client.get("/missing").status, 404);
}

TEST_F(Failure, ByHttpErrorWithAStatusThatIsNoneIs500) {
    application.on("/throw", [](Request& request, Response&, Scene&) -> Coro<void> {
        throw HttpError(std::stoi(std::string(request.query())), "as asked");
        co_return;
    });
    start();
    Client client = connect();
    for (const char* status : {"0", "-7", "100", "101", "199", "600", "70000"}) {
        EXPECT_EQ(client.get("/throw?" + std::string(status)).status, 500) << status;
    }
    EXPECT_EQ(count_in_log("Application error"), 7U) << log();
}

TEST_F(Failure, ToKeepFieldsCleanIsAResponseError) {
    application.on("/inject", [](Request& request, Response& response, Scene&) -> Coro<void> {
        const std::string_view what = request.query();
        if (what == "value") response.header("X-A", "1\r\nSet-Cookie: a=b");
        if (what == "nul") response.header("X-A", std::string_view("a\0b", 3));
        if (what == "name") response.header("X A", "1");
        if (what == "replace") response.set_header("X-A", "a\nb");
        response.body("injected");
        co_return;
    });
    start();
    Client client = connect();
    for (const char* what : {"value", "nul", "name", "replace"}) {
        const HttpResponse answer = client.get("/inject?" + std::string(what));
        EXPECT_EQ(answer.status, 500) << what;
        EXPECT_FALSE(answer.field("set-cookie").has_value());
    }
    EXPECT_EQ(count_in_log("girin::ResponseError"), 4U) << log();
}

TEST_F(Failure, OfLengthsThatDisagreeIs500OrClose) {
    application.on("/two", [](Request&, Response& response, Scene&) -> Coro<void> {
        response.header("Content-Length", "5").header("Content-Length", "5").body("hello");
        co_return;
    });
    application.on("/wrong", [](Request&, Response& response, Scene&) -> Coro<void> {
        response.header("Content-Length", "4").body("hello");
        co_return;
    });
    application.on("/short", [](Request&, Response& response, Scene&) -> Coro<void> {
        response.header("Content-Length", "5");
        co_await response.write("hell");
    });
    application.on("/long", [](Request&, Response& response, Scene&) -> Coro<void> {
        response.header("Content-Length", "5");
        co_await response.write("hello, world");
    });
    start();
    Client client = connect();
    EXPECT_EQ(client.get("/two").status, 500);
    EXPECT_EQ(client.get("/wrong").status, 500);
    client.send("GET /short HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(client.read_to_end().ends_with("\r\n\r\nhell"));
    Client other = connect();
    other.send("GET /long HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(other.read_to_end().ends_with("\r\n\r\n"));
    EXPECT_EQ(count_of("\n", log()), 4U) << log();
}

TEST_F(Failure, ToUseResponseInOrderIsAResponseError) {
    application.on("/late", [](Request&, Response& response, Scene& shared) -> Coro<void> {
        co_await response.write("a");
        try {
            response.status(404);
        } catch (const ResponseError&) {
            shared.heard += "status ";
        }
        try {
            response.header("X", "y");
        } catch (const ResponseError&) {
            shared.heard += "header ";
        }
        try {
            response.body("b");
        } catch (const ResponseError&) {
            shared.heard += "body ";
        }
    });
    start();
    Client client = connect();
    EXPECT_EQ(client.get("/late").body, "a");
    EXPECT_EQ(scene.heard, "status header body ");
}

TEST_F(Failure, ToWriteFromTwoTasksAtOnceIsAResponseError) {
    application.on("/two", [](Request&, Response& response, Scene& shared) -> Coro<void> {
        auto fill = [](Response& same, Scene& notes) -> Coro<void> {
            const std::string piece(5'000'000, 'x');
            try {
                co_await same.write(piece);
                ++notes.entered;
            } catch (const ResponseError&) {
                ++notes.cancelled;
            }
        };
        const Task<void> first = create_task(fill(response, shared));
        const Task<void> second = create_task(fill(response, shared));
        co_await first;
        co_await second;
    });
    start();
    Client client = connect();
    EXPECT_EQ(client.get("/two").body.size(), 5'000'000U);
    EXPECT_EQ(scene.entered, 1);
    EXPECT_EQ(scene.cancelled, 1);
}

TEST_F(Failure, OfAHandlerThatCancelsItselfIs500) {
    application.on("/cancel", [](Request&, Response&, Scene&) -> Coro<void> {
        throw Cancelled{};
        co_return;
    });
    application.on("/task", [](Request&, Response& response, Scene&) -> Coro<void> {
        TaskBase::current()->cancel_task();
        response.body("done before it could be raised");
        co_return;
    });
    start();
    Client client = connect();
    EXPECT_EQ(client.get("/task").status, 200);
    EXPECT_EQ(client.get("/").body, "hello");
    EXPECT_EQ(client.get("/cancel").status, 500);
}

}  // namespace
}  // namespace girin::test
