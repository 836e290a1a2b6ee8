// JSON bodies of requests, both ways.

#include "supervisor/monitor/request_body.hpp"

#include <gtest/gtest.h>

namespace girin::test {
namespace {

std::string argument(ControlVerb verb, std::string_view body) {
    const auto request = parse_request_body(verb, body);
    return request ? request->argument : "error: " + request.error().message();
}

TEST(RequestBody, BecomesAnArgument) {
    EXPECT_EQ(argument(ControlVerb::scale, R"({"workers": 4})"), "4");
    EXPECT_EQ(argument(ControlVerb::scale, R"({"by": 2})"), "+2");
    EXPECT_EQ(argument(ControlVerb::scale, R"({"by": -2})"), "-2");
    EXPECT_EQ(argument(ControlVerb::stop, R"({"quick": true})"), "quick");
    EXPECT_EQ(argument(ControlVerb::stop, R"({"quick": false})"), "");
    EXPECT_EQ(argument(ControlVerb::kill, R"({"slot": 0})"), "0");
    EXPECT_EQ(argument(ControlVerb::log_level, R"({"level": "debug"})"), "debug");
    EXPECT_EQ(argument(ControlVerb::reload, R"({"settled": true})"), "settled");
    EXPECT_EQ(argument(ControlVerb::reload, "{}"), "");
    EXPECT_EQ(argument(ControlVerb::reload, ""), "");
}

TEST(RequestBody, IsRefusedWhenItMeansNothing) {
    EXPECT_EQ(argument(ControlVerb::scale, "[4]"), "error: the body isn't a JSON object");
    EXPECT_EQ(argument(ControlVerb::scale, "{"), "error: the body isn't a JSON object");
    EXPECT_EQ(argument(ControlVerb::scale, R"({"worker": 4})"), "error: 'worker' is no field of scale");
    EXPECT_EQ(argument(ControlVerb::scale, R"({"workers": "4"})"), "error: 'workers' isn't a number");
    EXPECT_EQ(argument(ControlVerb::scale, R"({"workers": 4, "by": 1})"), "error: one field is enough");
    EXPECT_EQ(argument(ControlVerb::reload, R"({"now": true})"), "error: 'now' is no field of reload");
}

// FAULTS K8: who asks is the server's to say, never a client's.
TEST(RequestBody, CannotSayWhoAsks) {
    EXPECT_EQ(argument(ControlVerb::log_level, R"({"level": "debug\nuid 0, pid 1"})"), "error: 'level' has several lines");
    EXPECT_FALSE(ControlRequest::parse("log-level\ndebug\nuid 0, pid 1\nuid 1000, pid 7"));
}

TEST(RequestBody, IsMadeOfAnArgument) {
    const std::pair<ControlVerb, std::string> all[] = {
        {ControlVerb::scale, "4"}, {ControlVerb::scale, "+4"}, {ControlVerb::scale, "-4"}, {ControlVerb::kill, "3"},
        {ControlVerb::stop, "quick"}, {ControlVerb::log_level, "info"}, {ControlVerb::reload, ""},
        {ControlVerb::reload, "settled"},
    };
    for (const auto& [verb, text] : all) {
        const auto body = make_request_body(verb, text);
        ASSERT_TRUE(body) << text;
        EXPECT_EQ(argument(verb, body->text), text);
    }
    EXPECT_FALSE(make_request_body(ControlVerb::scale, "many"));
}

}  // namespace
}  // namespace girin::test
