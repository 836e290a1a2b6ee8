// The access log of the real girin: what of it needs a connection. Atoms: tests/worker/log/access_format_test.cpp.

#include <fcntl.h>

#include <ctime>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/deadline.hpp"
#include "tests/support/girin_process.hpp"
#include "tests/support/http_client.hpp"

using namespace girin;
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

// Found by who redirects as everybody does: `girin … >log 2>&1`. Workers had opened the file anew, to append; the master wrote
// on where it was, over what they had written.
TEST(AccessLog, InOneFileWithTheErrorsLosesNoLine) {
    const TempDir directory;
    const std::string log = directory / "log", socket = directory / "s";
    const UniqueFd file(::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    Command command(girin_binary(), {"-w", "2", "-b", "unix:" + socket, "--access-logfile", "-", "--access-logformat",
                                     "asked for %(U)s", app("misbehaving")});
    command.stdout_fd = command.stderr_fd = file.get();
    ChildProcess girin(command);
    const auto have_started = [&](std::size_t workers) {
        return wait_until(milliseconds{10'000}, [&] { return count_of(read_file(log), " is ready after ") == workers; });
    };
    ASSERT_TRUE(have_started(2)) << read_file(log);
    const auto endpoint = Endpoint::unix_socket(socket);
    for (std::size_t workers = 3; workers <= 6; ++workers) {
        EXPECT_EQ(get(endpoint, "/throw").status, 500);
        girin.signal(SIGTTIN);  // the master writes in turn with its workers
        ASSERT_TRUE(have_started(workers)) << read_file(log);
    }
    girin.signal(SIGTERM);
    ASSERT_EQ(girin.wait_exit(milliseconds{20'000}), (ExitStatus{0, 0})) << read_file(log);
    const std::string text = read_file(log);
    EXPECT_EQ(count_of(text, "asked for /throw\n"), 4U) << text;
    EXPECT_EQ(count_of(text, "thrown on demand"), 4U) << text;
    EXPECT_EQ(count_of(text, " is ready after "), 6U) << text;
}
