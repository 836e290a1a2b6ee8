#include "worker/log/access_format.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

using namespace girin;
using namespace std::chrono_literals;

namespace {

/// What a browser asked and got; each test changes what it is about.
struct Answered {
    Fields asked, given;
    AccessRecord record;

    Answered() {
        asked.add("Host", "shop.example");
        asked.add("User-Agent", "curl/8.0");
        asked.add("Referer", "https://shop.example/");
        asked.add("X-Trace", "abc");
        given.add("Content-Type", "text/html");
        record.remote = "192.0.2.1:5312";
        record.scheme = "https";
        record.method = "GET";
        record.target = "/a%20b?x=1";
        record.path = "/a%20b";
        record.query = "x=1";
        record.status = 200;
        record.body_bytes = 13;
        record.duration = 2'034'056us;
        record.unix_time = 1'795'231'046;
        record.pid = 4711;
    }

    std::string line(std::string_view format, AccessFormat::Style style = AccessFormat::Style::text) {
        auto compiled = AccessFormat::compile(format, style);
        if (!compiled) return compiled.error().message();
        record.request_fields = asked.list();
        record.response_fields = given.list();
        std::string out;
        compiled->append(out, record);
        EXPECT_TRUE(out.ends_with('\n'));
        out.pop_back();
        return out;
    }
    std::string json(std::string_view format) { return line(format, AccessFormat::Style::json); }
};

std::string line(std::string_view format) { return Answered().line(format); }

/// Local time is Seoul's while it lives: ahead of UTC, no daylight saving.
class InSeoul {
  public:
    InSeoul() {
        ::setenv("TZ", "KST-9", 1);
        ::tzset();
    }
    ~InSeoul() {
        ::unsetenv("TZ");
        ::tzset();
    }
};

}  // namespace

// ── atoms ────────────────────────────────────────────────────────────────────────────────────────────────────────────

TEST(AccessFormat, WritesTheDefaultLineAsGunicornDoes) {
    const InSeoul place;
    EXPECT_EQ(line(""), R"(192.0.2.1 - - [21/Nov/2026:12:17:26 +0900] "GET /a%20b?x=1 HTTP/1.1" 200 13 )"
                        R"("https://shop.example/" "curl/8.0")");
}

TEST(AccessFormat, WritesTheRequestsParts) {
    EXPECT_EQ(line("%(m)s|%(U)s|%(q)s|%(H)s|%(r)s"), "GET|/a%20b|x=1|HTTP/1.1|GET /a%20b?x=1 HTTP/1.1");
    EXPECT_EQ(line("%(h)s|%(l)s|%(f)s|%(a)s"), "192.0.2.1|-|https://shop.example/|curl/8.0");
}

TEST(AccessFormat, WritesTheProtocolThatWasSpoken) {
    Answered answered;
    answered.record.minor_version = 0;
    EXPECT_EQ(answered.line("%(H)s %(r)s"), "HTTP/1.0 GET /a%20b?x=1 HTTP/1.0");
}

TEST(AccessFormat, WritesTheAnswersParts) { EXPECT_EQ(line("%(s)s %(B)s %(b)s %(p)s"), "200 13 13 <4711>"); }

TEST(AccessFormat, TellsNoBytesInTwoWays) {
    Answered answered;
    answered.record.body_bytes = 0;
    EXPECT_EQ(answered.line("%(B)s %(b)s"), "0 -");
}

TEST(AccessFormat, WritesTheDurationInFourUnits) {
    EXPECT_EQ(line("%(T)s %(M)s %(D)s %(L)s"), "2 2034 2034056 2.034056");
    Answered quick;
    quick.record.duration = 999ns;
    EXPECT_EQ(quick.line("%(T)s %(M)s %(D)s %(L)s"), "0 0 0 0.000000");
}

TEST(AccessFormat, WritesFieldsWithoutRegardToCase) {
    EXPECT_EQ(line("%({x-TRACE}i)s %({content-type}o)s %({X-None}i)s %({X-Trace}o)s"), "abc text/html - -");
}

TEST(AccessFormat, WritesVariables) {
    ::setenv("GIRIN_TEST_POD", "pod-7", 1);
    EXPECT_EQ(line("%({REMOTE_ADDR}e)s %({REQUEST_METHOD}e)s %({RAW_URI}e)s %({wsgi.url_scheme}e)s"),
              "192.0.2.1 GET /a%20b?x=1 https");
    EXPECT_EQ(line("%({HTTP_X_TRACE}e)s %({CONTENT_TYPE}e)s"), "abc -");
    EXPECT_EQ(line("%({GIRIN_TEST_POD}e)s %({GIRIN_TEST_NONE}e)s"), "pod-7 -");
    ::unsetenv("GIRIN_TEST_POD");
}

TEST(AccessFormat, WritesTheRemoteAddressWithoutItsPort) {
    const auto remote = [](std::string_view peer) {
        Answered answered;
        answered.record.remote = peer;
        return answered.line("%(h)s");
    };
    EXPECT_EQ(remote("192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(remote("[2001:db8::1]:80"), "2001:db8::1");
    EXPECT_EQ(remote("2001:db8::1"), "2001:db8::1");
    EXPECT_EQ(remote("unix:"), "-");
    EXPECT_EQ(remote(""), "-");
}

TEST(AccessFormat, WritesTheUserOfBasicAuthorization) {
    const auto user = [](std::string_view authorization) {
        Answered answered;
        answered.asked.add("Authorization", authorization);
        return answered.line("%(u)s");
    };
    EXPECT_EQ(user("Basic YWxpY2U6c2VjcmV0"), "alice");
    EXPECT_EQ(user("bAsIc YWxpY2U6"), "alice");
    EXPECT_EQ(user("Basic YWxpY2U="), "alice");
    EXPECT_EQ(user("Basic ???"), "-");
    EXPECT_EQ(user("Basic"), "-");
    EXPECT_EQ(user("Bearer YWxpY2U6c2VjcmV0"), "-");
}

TEST(AccessFormat, KeepsTextAndPercentSigns) { EXPECT_EQ(line("a%%b %(s)s (c) {d}"), "a%b 200 (c) {d}"); }

TEST(AccessFormat, TellsThatNothingWasAnswered) {
    Answered answered;
    answered.record.status = 0;
    answered.record.method = {};
    EXPECT_EQ(answered.line("%(s)s %(m)s %(r)s"), "- - -");
}

// ── escaping ─────────────────────────────────────────────────────────────────────────────────────────────────────────

TEST(AccessFormat, KeepsALineALine) {
    Answered answered;
    answered.asked.set("User-Agent", "a\"b\\c\nd\re\x1b[31m\x7f\tf");
    EXPECT_EQ(answered.line("\"%(a)s\""), R"("a\"b\\c\nd\x0de\x1b[31m\x7f\x09f")");
}

TEST(AccessFormat, LeavesUtf8AloneAndShowsOtherBytes) {
    Answered answered;
    answered.asked.set("User-Agent", "기린\xff");
    EXPECT_EQ(answered.line("%(a)s"), "기린\\xff");
}

// ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────

TEST(AccessFormat, RefusesUnknownAtoms) {
    EXPECT_EQ(line("%(h)s %(z)s"), "access log format '%(h)s %(z)s': unknown atom '%(z)s' at column 7");
    EXPECT_EQ(line("%(target)s"), "access log format '%(target)s': unknown atom '%(target)s' at column 1");
    EXPECT_EQ(line("%({X-Trace}x)s"), "access log format '%({X-Trace}x)s': unknown atom '%({X-Trace}x)s' at column 1");
    EXPECT_EQ(line("%({}i)s"), "access log format '%({}i)s': unknown atom '%({}i)s' at column 1");
}

TEST(AccessFormat, RefusesALonePercentSign) {
    const std::string why = "a '%' that begins no atom (write %% for a percent sign) at column ";
    EXPECT_EQ(line("50% of %(s)s"), "access log format '50% of %(s)s': " + why + "3");
    EXPECT_EQ(line("%(h)s %"), "access log format '%(h)s %': " + why + "7");
    EXPECT_EQ(line("%(h"), "access log format '%(h': " + why + "1");
}

// ── JSON ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

TEST(AccessFormat, WritesJson) {
    EXPECT_EQ(Answered().json(""),
              R"({"time":"2026-11-21T03:17:26Z","remote_addr":"192.0.2.1","user":null,"method":"GET","path":"/a%20b",)"
              R"("query":"x=1","protocol":"HTTP/1.1","status":200,"bytes":13,"duration_us":2034056,)"
              R"("referer":"https://shop.example/","user_agent":"curl/8.0","pid":4711})");
}

TEST(AccessFormat, TakesAtomsAsMembersOnce) {
    EXPECT_EQ(Answered().json(R"(%(s)s "%({X-Trace}i)s" %(s)s %(L)s %({GIRIN_TEST_NONE}e)s)"),
              R"({"status":200,"x-trace":"abc","duration":2.034056,"GIRIN_TEST_NONE":null})");
}

TEST(AccessFormat, EscapesForJson) {
    Answered answered;
    answered.asked.set("User-Agent", "a\"b\\c\nd\x7f");
    EXPECT_EQ(answered.json("%(a)s"), R"({"user_agent":"a\"b\\c\nd\u007f"})");
}

TEST(AccessFormat, MakesJsonValidUtf8) {
    const auto agent = [](std::string_view bytes) {
        Answered answered;
        answered.asked.set("User-Agent", bytes);
        return answered.json("%(a)s");
    };
    EXPECT_EQ(agent("기린 🦄"), "{\"user_agent\":\"기린 🦄\"}");
    EXPECT_EQ(agent("a\xff"), "{\"user_agent\":\"a\xef\xbf\xbd\"}");
    EXPECT_EQ(agent("\xc0\x80"), "{\"user_agent\":\"\xef\xbf\xbd\xef\xbf\xbd\"}");             // overlong
    EXPECT_EQ(agent("\xed\xa0\x80"), "{\"user_agent\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"}");  // surrogate
    EXPECT_EQ(agent("\xea\xb8"), "{\"user_agent\":\"\xef\xbf\xbd\xef\xbf\xbd\"}");             // cut off
}

TEST(AccessFormat, RefusesJsonWithoutMembers) {
    EXPECT_EQ(Answered().json("hello"), "access log format 'hello': no atom, which JSON could take as a member, at column 1");
}
