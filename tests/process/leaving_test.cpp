// How a worker leaves, and what of an application's output and memory is kept in bounds.

#include <linux/sockios.h>
#include <signal.h>
#include <sys/ioctl.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class Leaving : public testing::Test {
  protected:
    GirinCommand command(std::vector<std::string> more, const std::string& wish) const {
        std::vector<std::string> args = {"-w", "1", "-b", "127.0.0.1:0"};
        args.insert(args.end(), more.begin(), more.end());
        args.push_back(app("synchronous"));
        GirinCommand command(std::move(args), 1);
        command.environment = {{"GIRIN_TEST_AT_EXIT", wish}};
        return command;
    }

    const TempDir dir_;
};

// FAULTS 33: workers ended by _exit, and destructors of static objects never ran.
TEST_F(Leaving, IsOrderlyAfterADrain) {
    GirinProcess girin(dir_, command({}, "says"));
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    EXPECT_EQ(count_of(girin.log(), "static object destroyed"), 1U) << girin.log();
}

TEST_F(Leaving, IsAtOnceWhenToldToQuit) {
    GirinProcess girin(dir_, command({}, "says"));
    girin.quit();
    EXPECT_EQ(girin.child().wait_exit(15s), (ExitStatus{0, 0})) << girin.log();
    EXPECT_EQ(count_of(girin.log(), "static object destroyed"), 0U) << girin.log();
}

// FAULTS 33, a sibling: workers destroyed what had been built before their fork, and a program's workers what main() had
// built, where it named its application on the command line.
TEST_F(Leaving, DoesNotDestroyWhatWasPreloaded) {
    GirinProcess girin(dir_, command({"--preload", "--soak", "0.1"}, "says"));
    for (int generation = 1; generation <= 3; ++generation) {
        std::vector<pid_t> before = girin.workers();
        ::kill(before.at(0), SIGTERM);
        EXPECT_TRUE(girin.workers_become(1, before)) << girin.log();
        before = girin.workers();
        girin.hup();
        EXPECT_TRUE(girin.workers_become(1, before)) << girin.log();
    }
    EXPECT_TRUE(girin.wait_for_log("generation 4 serves")) << girin.log();
    EXPECT_TRUE(eventually(5s, "six ends", [&] { return count_of(girin.log(), "has finished") == 6; })) << girin.log();
    EXPECT_EQ(count_of(girin.log(), "static object destroyed"), 0U) << girin.log();
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    EXPECT_EQ(count_of(girin.log(), "static object destroyed"), 0U) << girin.log();
}

class LeavingOfAProgram : public testing::TestWithParam<bool> {};

TEST_P(LeavingOfAProgram, DestroysNothingOfIts) {
    const bool loads = GetParam();
    const TempDir dir;
    GirinCommand command({"-w", "1", "-b", "127.0.0.1:0", "--soak", "0.1"}, 1);
    if (loads) command.args.push_back("demo");
    command.program = fs::path(app("minimal")).replace_filename("embedding");
    command.environment = {{"GIRIN_TEST_AT_EXIT", "says"}, {"FACTS", dir / "facts"}};
    if (loads) command.environment["LOADS"] = "yes";
    GirinProcess girin(dir, command);
    std::vector<pid_t> before = girin.workers();
    girin.hup();
    EXPECT_TRUE(girin.workers_become(1, before)) << girin.log();
    EXPECT_EQ(count_of(girin.log(), "static object destroyed"), 0U) << girin.log();
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    EXPECT_EQ(count_of(girin.log(), "static object destroyed"), 1U) << "by the master:\n" << girin.log();
}

INSTANTIATE_TEST_SUITE_P(That, LeavingOfAProgram, testing::Bool(), [](const auto& each) {
    return std::string(each.param ? "NamesItsApplication" : "BringsItsApplication");
});

// FAULTS 33, a sibling: a worker whose exit handlers took longer than --timeout was taken for one that hangs.
TEST_F(Leaving, IsNoHang) {
    GirinProcess girin(dir_, command({"--timeout", "1"}, "dawdles"));
    const std::vector<pid_t> before = girin.workers();
    ::kill(before.at(0), SIGTERM);
    EXPECT_TRUE(girin.wait_for_log("has finished", 15s)) << girin.log();
    EXPECT_EQ(count_of(girin.log(), "static object destroyed"), 1U) << girin.log();
    EXPECT_EQ(count_of(girin.log(), "hangs: "), 0U) << girin.log();
}

// FAULTS 33, a sibling: one that had used --graceful-timeout got a second for what may take five.
TEST_F(Leaving, HasItsTimeAfterADrainThatHasUsedAllOfIts) {
    GirinProcess girin(dir_, command({"--graceful-timeout", "1"}, "dawdles"));
    EXPECT_EQ(girin.stop(15s), (ExitStatus{0, 0})) << girin.log();
    EXPECT_EQ(count_of(girin.log(), "has finished"), 1U) << girin.log();
    EXPECT_EQ(count_of(girin.log(), "was killed"), 0U) << girin.log();
}

TEST_F(Leaving, IsCutOffWhereItTakesTooLong) {
    GirinProcess girin(dir_, command({}, "hangs"));
    EXPECT_EQ(girin.stop(15s), (ExitStatus{0, 0})) << girin.log();
    EXPECT_EQ(count_of(girin.log(), "static destructors or exit handlers take too long"), 1U) << girin.log();
    EXPECT_EQ(count_of(girin.log(), "was killed"), 0U) << girin.log();
}

// FAULTS 27: what an application prints was lost with -D.
TEST_F(Leaving, KeepsWhatIsPrintedInTheLogsFile) {
    const std::string file = dir_ / "log", socket = dir_ / "s";
    ChildProcess girin(girin_command({"-w", "1", "-b", "unix:" + socket, "--error-logfile", file, "--access-logfile", "-",
                                      "--capture-output", app("synchronous")}));
    const auto log_has = [&](const std::string& part) {
        return fs::exists(file) && read_file(file).find(part) != std::string::npos;
    };
    ASSERT_TRUE(eventually(15s, "ready", [&] { return log_has("is ready"); })) << girin.standard_error();
    EXPECT_EQ(get(Endpoint::unix_socket(socket), "/print").status, 200);
    EXPECT_TRUE(eventually(10s, "both lines", [&] {
        return log_has("printed on standard output\n") && log_has("printed on standard error\n");
    })) << read_file(file);
    EXPECT_TRUE(eventually(10s, "the access log elsewhere", [&] {
        return girin.standard_output().find("GET /print") != std::string::npos;
    }));
    fs::remove(file);
    girin.signal(SIGUSR1);
    EXPECT_TRUE(eventually(10s, "the new file", [&] { return fs::exists(file); }));
    EXPECT_TRUE(eventually(10s, "lines in the new file", [&] {
        get(Endpoint::unix_socket(socket), "/print");
        return log_has("printed on standard output\n") && log_has("printed on standard error\n");
    })) << read_file(file);
    girin.signal(SIGTERM);
    EXPECT_EQ(girin.wait_exit(15s), (ExitStatus{0, 0}));
}

struct Held {
    const char* application;
    const char* target;
};
class BodiesInMemory : public testing::TestWithParam<Held> {};

// FAULTS 11: clients could make a worker hold 16 MiB a connection, as many connections as there may be.
TEST_P(BodiesInMemory, HaveABudget) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--limit-body-memory", "1m",
                                          app(GetParam().application)}));
    const std::string most(700'000, 'x');
    HttpClient slow(girin.endpoint(), 15s);
    slow.send("POST " + std::string(GetParam().target) + " HTTP/1.1\r\nHost: a\r\nContent-Length: 700001\r\n\r\n" + most);
    EXPECT_TRUE(eventually(15s, "all of it with the server", [&] {
        int unsent = 1;
        return ::ioctl(slow.fd(), SIOCOUTQ, &unsent) == 0 && unsent == 0;
    }));
    for (int turn = 0; turn < 10; ++turn) get(girin.endpoint(), "/");  // meanwhile it is read
    EXPECT_EQ(HttpClient(girin.endpoint(), 15s).request("POST", GetParam().target, {}, most).status, 503) << girin.log();
    EXPECT_EQ(count_of(girin.log(), "the bodies in this worker's memory have reached --limit-body-memory"), 1U);
    EXPECT_EQ(count_of(girin.log(), "Application error"), 0U) << girin.log();
    slow.send("x");
    EXPECT_EQ(slow.read_response().status, 200);
    EXPECT_TRUE(eventually(15s, "room again", [&] {
        HttpClient other(girin.endpoint(), 15s);
        return other.request("POST", GetParam().target, {}, most).status == 200;
    })) << girin.log();
}

// FAULTS 7: a body that is longer than the handler takes was asked for, and read up to what it takes.
TEST_P(BodiesInMemory, AreNotAskedForWhenTheyAreAnnouncedAsTooLong) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--limit-request-body", "0",
                                          app(GetParam().application)}));
    HttpClient client(girin.endpoint(), 15s);
    client.send("POST " + std::string(GetParam().target) +
                " HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.read_response().status, 413);
    EXPECT_EQ(count_of(girin.log(), "Application error"), 0U) << girin.log();
}

INSTANTIATE_TEST_SUITE_P(Of, BodiesInMemory, testing::Values(Held{"synchronous", "/echo"}, Held{"misbehaving", "/whole"}),
                         [](const auto& each) { return std::string(each.param.application); });

}  // namespace
}  // namespace girin::test
