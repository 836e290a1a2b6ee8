// The access log of the real girin: what of it needs a connection. Atoms: tests/worker/app/access_format_test.cpp.

#include <gtest/gtest.h>

#include <ctime>

#include "tests/support/deadline.hpp"
#include "tests/support/girin_process.hpp"
#include "tests/support/http_client.hpp"

using namespace girin::test;

namespace {

/// The whole text of `file` once it holds `part`; "" when it never did.
std::string text_with(const std::string& file, std::string_view part) {
    std::string text;
    const auto holds_part = [&] {
        text = read_file(file);
        return text.find(part) != std::string::npos;
    };
    return wait_until(milliseconds{10'000}, holds_part) ? text : "";
}

}  // namespace

TEST(AccessLog, TellsOfEachRequestInAFormatOfTheOperators) {
    const TempDir directory;
    const std::string file = directory / "access.log";
    const std::string format = R"(%(h)s "%(r)s" %(s)s %(b)s %({x-trace}i)s)";
    GirinProcess girin(directory, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--access-logfile", file,
                                                "--access-logformat", format, "demo"}));
    HttpClient client(girin.endpoint());
    client.get("/", {{"X-Trace", "a\"b"}});
    client.get("/nothing?x=1");
    const std::string text = text_with(file, "/nothing");
    EXPECT_EQ(text, "127.0.0.1 \"GET / HTTP/1.1\" 200 13 a\\\"b\n127.0.0.1 \"GET /nothing?x=1 HTTP/1.1\" 404 10 -\n");
}

TEST(AccessLog, TellsTheTime) {
    const TempDir directory;
    const std::string file = directory / "access.log";
    GirinProcess girin(directory, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--access-logfile", file, "demo"}));
    get(girin.endpoint(), "/");
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::localtime_r(&now, &parts);
    const std::string year = "/" + std::to_string(parts.tm_year + 1900) + ":";
    EXPECT_NE(text_with(file, "GET /").find(year), std::string::npos) << read_file(file);
}
