// The real girin, started with what a careless parent, shell or container leaves to a process. Under each condition it
// serves, replaces a worker that was killed, reloads and stops, and what the application, hooks and --exec start has
// plain signals and no descriptors of ours. Not here: what an old kernel or a filter lacks (old_kernel_test.cpp).

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <ostream>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

struct Condition {
    std::string name;
    std::vector<std::string> words;  // of tests/apps/bad_start.cpp
    bool may_be_refused = false;     // by this machine, which then can't show it
    bool has_proc = true;
    std::size_t workers = 2;

    friend std::ostream& operator<<(std::ostream& out, const Condition& condition) { return out << condition.name; }
};

std::string launcher() { return fs::path(app("minimal")).replace_filename("bad_start"); }

/// girin under these conditions. Its log is where the test looks for it, whatever descriptor 2 has become.
GirinCommand under(const TempDir& dir, const std::vector<std::string>& words, const std::vector<std::string>& args,
                   std::size_t ready = 2) {
    std::vector<std::string> all = words;
    all.insert(all.end(), {"--", girin_binary(), "-b", "127.0.0.1:0", "--error-logfile", dir / "girin.err", "--soak", "0.05"});
    all.insert(all.end(), args.begin(), args.end());
    GirinCommand command(std::move(all), ready);
    command.program = launcher();
    return command;
}

std::string embedding() { return fs::path(app("minimal")).replace_filename("embedding"); }

bool machine_refuses(const Condition& condition) {
    if (!condition.may_be_refused) return false;
    std::vector<std::string> words = condition.words;
    words.insert(words.end(), {"--", "/bin/true"});
    return run(Command(launcher(), words)).status.code == 77;
}

/// That nothing is pending, blocked or ignored, by lines of /proc/self/status.
testing::AssertionResult are_plain(const std::string& status) {
    // The C library's posix_spawn(), and so popen(), has its children ignore the two signals that it keeps for itself.
    const std::string ignored = status.find("SigIgn:\t0000000180000000\n") != status.npos ? "0000000180000000" : "0000000000000000";
    const std::string plain = "SigPnd:\t0000000000000000\nSigBlk:\t0000000000000000\nSigIgn:\t" + ignored + "\n";
    if (status == plain) return testing::AssertionSuccess();
    return testing::AssertionFailure() << status;
}

class BadStart : public testing::TestWithParam<Condition> {};

// FAULTS 14, 15, 16: nothing inherited is trusted, and nothing of ours is passed on.
TEST_P(BadStart, ServesRespawnsReloadsAndStops) {
    if (machine_refuses(GetParam())) GTEST_SKIP() << "this machine doesn't let us";
    if (!GetParam().has_proc && kSlowBuildFactor > 1) GTEST_SKIP() << "a sanitizer needs /proc at the end";
    const TempDir dir;
    fs::permissions(dir.path(), fs::perms::all);
    fs::permissions(dir.write("girin.err", ""), fs::perms(0666));
    const std::string tell = "grep -E '^Sig(Ign|Blk|Pnd)' /proc/self/status > " + (dir / "new") +
                             "; ls /proc/self/fd > " + (dir / "fds") + "; mv " + (dir / "new") + " " + (dir / "hook");
    const std::size_t count = GetParam().workers;
    std::vector<std::string> args = {"-w", std::to_string(count), "--graceful-timeout", "5"};
    const bool may_ask = GetParam().has_proc;  // what a child has inherited
    if (may_ask) args.insert(args.end(), {"--on-ready", tell});
    args.push_back(app(may_ask ? "children" : "minimal"));
    GirinProcess girin(dir, under(dir, GetParam().words, args, count));

    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    if (may_ask) {
        EXPECT_TRUE(are_plain(get(girin.endpoint(), "/signals").body));
        EXPECT_EQ(get(girin.endpoint(), "/descriptors").body, "0\n1\n2\n3\n") << "the last is what ls reads";
        ASSERT_TRUE(eventually(15s, "the hook's end", [&] { return fs::exists(dir / "hook"); })) << girin.log();
        EXPECT_TRUE(are_plain(read_file(dir / "hook")));
        EXPECT_EQ(read_file(dir / "fds"), "0\n1\n2\n3\n");
    }

    ASSERT_TRUE(girin.workers_become(count)) << "and nobody else's children";
    std::vector<pid_t> first = girin.workers();
    ::kill(first[0], SIGKILL);
    ASSERT_TRUE(girin.wait_for_log("was killed by SIGKILL from outside")) << girin.log();
    ASSERT_TRUE(girin.workers_become(count, {first[0]})) << girin.log();
    ASSERT_TRUE(girin.becomes_ready(count + 1, 0)) << girin.log();

    first = girin.workers();
    girin.hup();
    ASSERT_TRUE(girin.wait_for_log("generation 2 serves")) << girin.log();
    ASSERT_TRUE(girin.workers_become(count, first)) << girin.log();
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);

    EXPECT_EQ(girin.stop(10s), (ExitStatus{0, 0})) << girin.log();
    EXPECT_EQ(girin.log().find("HTTP/1.1"), std::string::npos) << girin.log();
}

/// What runs in place of a worker, with the same expectations.
TEST(Inherited, LeavesProgramsOfOthersPlainSignalsAndTheirSocketsAlone) {
    const TempDir dir;
    const std::string tell = "grep -E '^Sig(Ign|Blk|Pnd)' /proc/self/status > told; ls /proc/self/fd > fds; exec sleep 1000";
    GirinProcess girin(dir, under(dir, {"close=0", "ignore=all", "block=all", "stray=9"},
                                  {"-w", "1", "--exec", "--", "/bin/sh", "-c", tell}, 1));
    EXPECT_TRUE(are_plain(read_file(dir / "told")));
    EXPECT_EQ(read_file(dir / "fds"), "0\n1\n2\n3\n4\n") << "3 is the listening socket, 4 the directory that ls reads";
    EXPECT_EQ(girin.stop(10s), (ExitStatus{0, 0})) << girin.log();
}

/// Those who embed girin have a main() that was started by somebody, too.
TEST(Inherited, IsNoneOfAnEmbeddersConcern) {
    const TempDir dir;
    GirinCommand command({"close=0", "close=2", "ignore=all", "block=all", "--", embedding(),
                          "-w", "1", "-b", "127.0.0.1:0", "--error-logfile", dir / "girin.err"});
    command.program = launcher();
    GirinProcess girin(dir, command);
    const std::vector<pid_t> first = girin.workers();
    ::kill(first.at(0), SIGKILL);
    ASSERT_TRUE(girin.wait_for_log("was killed by SIGKILL from outside")) << girin.log();
    ASSERT_TRUE(girin.workers_become(1, first)) << girin.log();
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    EXPECT_EQ(girin.stop(10s), (ExitStatus{0, 0})) << girin.log();
}

// FAULTS 14: a library's static object that has the kernel reap all children, in the process that forks workers.
TEST(Inherited, IsSurvivedWhereALibraryIgnoresTheEndOfChildren) {
    const TempDir dir;
    GirinCommand command({"-w", "2", "-b", "127.0.0.1:0", "--preload", app("children")}, 2);
    command.environment = {{"GIRIN_TEST_LOADING", "ignore-children"}};
    GirinProcess girin(dir, command);
    const std::vector<pid_t> first = girin.workers();
    ::kill(first.at(0), SIGKILL);
    EXPECT_TRUE(girin.wait_for_log("was killed by SIGKILL from outside")) << girin.log();
    EXPECT_TRUE(girin.workers_become(2, {first.at(0)})) << girin.log();
    EXPECT_EQ(girin.stop(10s), (ExitStatus{0, 0})) << girin.log();
}

// FAULTS 16: with SIGPIPE at its default in the worker, a log that nobody reads any more ended it.
TEST(PlainSigpipe, IsSurvivedByAWorkerWhoseLogsNobodyReads) {
    const TempDir dir;
    FdPair output = make_pipe().value();
    Command command(girin_binary(), {"-w", "1", "-b", "unix:" + (dir / "s"), "--access-logfile", "-", "--control-socket", "none",
                                     app("children")});
    command.stdout_fd = output.second.get();
    ChildProcess girin(command);
    ASSERT_TRUE(girin.wait_for_line("is ready", 15s)) << girin.standard_error();
    output.second.reset();
    output.first.reset();
    const Endpoint endpoint = Endpoint::unix_socket(dir / "s");
    EXPECT_EQ(get(endpoint, "/plain-sigpipe").status, 200);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(get(endpoint, "/").status, 200);
    girin.signal(SIGTERM);
    EXPECT_EQ(girin.wait_exit(15s), (ExitStatus{0, 0})) << girin.standard_error();
    EXPECT_EQ(girin.standard_error().find("was killed"), std::string::npos) << girin.standard_error();
}

TEST(RefusedCalls, AreNamedAndDoneWithout) {
    const std::vector<std::string> words = {"refuse=pidfd_open", "refuse=memfd_create"};
    if (machine_refuses({"", words, true})) GTEST_SKIP() << "no filter may be set here";
    const TempDir dir;
    GirinProcess girin(dir, under(dir, words, {"-w", "1", "-p", dir / "pid", "--on-starting", "true", app("children")}, 1));
    EXPECT_TRUE(girin.wait_for_log("pidfd_open: operation not permitted; children are watched by SIGCHLD instead")) << girin.log();
    EXPECT_TRUE(girin.wait_for_log("memfd_create: operation not permitted; the application is loaded in place")) << girin.log();
    const std::string before = read_file(dir / "pid");
    girin.signal(SIGUSR2);
    ASSERT_TRUE(eventually(15s, "another master", [&] {
        const std::string now = read_file(dir / "pid");
        return now.ends_with('\n') && now != before;
    })) << girin.log();
    const auto next = static_cast<pid_t>(std::stol(read_file(dir / "pid")));
    EXPECT_EQ(girin.child().wait_exit(15s), (ExitStatus{0, 0})) << girin.log();
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    ::kill(next, SIGTERM);
    EXPECT_TRUE(eventually(15s, "its end", [&] { return !is_running(next); })) << girin.log();
}

TEST(RefusedCalls, LeaveAnyProgramsEndToBeSeen) {
    const std::vector<std::string> words = {"refuse=pidfd_open"};
    if (machine_refuses({"", words, true})) GTEST_SKIP() << "no filter may be set here";
    const TempDir dir;
    GirinProcess girin(dir, under(dir, words, {"-w", "1", "--exec", "--", "/bin/sh", "-c", "echo $$ > pid; exec sleep 1000"}, 1));
    ASSERT_TRUE(eventually(5s, "the program", [&] { return fs::exists(dir / "pid") && !read_file(dir / "pid").empty(); }));
    ::kill(static_cast<pid_t>(std::stol(read_file(dir / "pid"))), SIGKILL);
    EXPECT_TRUE(girin.becomes_ready(2, 0)) << girin.log();
    EXPECT_EQ(girin.stop(10s), (ExitStatus{0, 0})) << girin.log();
}

TEST(RefusedCalls, LeaveTheEndOfAZygotesWorkersToBeSeen) {
    const std::vector<std::string> words = {"refuse=pidfd_open", "refuse=memfd_create"};
    if (machine_refuses({"", words, true})) GTEST_SKIP() << "no filter may be set here";
    const TempDir dir;
    GirinProcess girin(dir, under(dir, words, {"-w", "2", "--preload", "-b", "127.0.0.1:0", app("minimal")}, 2));
    const std::vector<pid_t> first = girin.workers();
    ::kill(first.at(0), SIGKILL);
    EXPECT_TRUE(girin.wait_for_log("was killed by SIGKILL from outside")) << girin.log();
    EXPECT_TRUE(girin.workers_become(2, {first.at(0)})) << girin.log();
    EXPECT_EQ(girin.stop(10s), (ExitStatus{0, 0})) << girin.log();
}

// FAULTS 16, 6: the master's own log likewise; what was pending ended it once signals were no longer blocked.
TEST(PlainSigpipe, DoesNotEndAMasterWhoseLogNobodyReads) {
    const TempDir dir;
    FdPair error = make_pipe().value();
    Command command(girin_binary(), {"-w", "1", "-b", "unix:" + (dir / "s"), "--control-socket", "none", "demo"});
    command.stderr_fd = error.second.get();
    ChildProcess girin(command);
    error.second.reset();
    const Endpoint endpoint = Endpoint::unix_socket(dir / "s");
    ASSERT_TRUE(eventually(15s, "the first answer", [&] { return answers(endpoint); }));
    error.first.reset();
    girin.signal(SIGUSR1);
    girin.signal(SIGTERM);
    EXPECT_EQ(girin.wait_exit(15s), (ExitStatus{0, 0}));
}

std::string variable_of_child(const GirinProcess& girin, const std::string& name) {
    return get(girin.endpoint(), "/variable/" + name).body;
}

struct UserCase {
    std::string user, name, home;
    unsigned uid, gid;
};

// FAULTS 17: as who a worker runs, all of it.
TEST(User, BringsItsOwnSurroundingsAndLeavesCores) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may change the user";
    const UserCase cases[] = {{"daemon", "daemon\n", "/usr/sbin\n", 1, 1}, {"54321", "", "/\n", 54321, 54321}};
    for (const auto& [user, name, home, uid, gid] : cases) {
        const TempDir dir;
        GirinCommand command({"-w", "1", "-b", "127.0.0.1:0", "-u", user, app("children")});
        command.environment = {{"HOME", "/root"}, {"USER", "root"}, {"LOGNAME", "root"}, {"XDG_RUNTIME_DIR", "/run/user/0"}};
        GirinProcess girin(dir, command);
        EXPECT_EQ(variable_of_child(girin, "HOME"), home);
        EXPECT_EQ(variable_of_child(girin, "USER"), name);
        EXPECT_EQ(variable_of_child(girin, "LOGNAME"), name);
        EXPECT_EQ(variable_of_child(girin, "XDG_RUNTIME_DIR"), "");
        const std::string process = "/proc/" + std::to_string(girin.workers().at(0));
        const std::string status = read_file(process + "/status");
        const std::string numbers = std::to_string(gid) + "\t" + std::to_string(gid) + "\t" + std::to_string(gid);
        EXPECT_NE(status.find("Gid:\t" + numbers), std::string::npos) << status;
        EXPECT_NE(status.find("Groups:\t" + std::to_string(gid) + " \n"), std::string::npos) << status;
        struct stat about {};
        ASSERT_EQ(::stat((process + "/environ").c_str(), &about), 0);
        EXPECT_EQ(about.st_uid, uid) << "root's: the kernel writes no core for it";
    }
}

TEST(User, MayBeGivenAnotherHome) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may change the user";
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "-u", "daemon", "-e", "HOME=/srv", app("children")}));
    EXPECT_EQ(variable_of_child(girin, "HOME"), "/srv\n");
}

// FAULTS 19: a variable that a reload took out stayed set, and the log had its value.
TEST(Environment, FollowsTheSettingsWithoutAWordOfValues) {
    const TempDir dir;
    const auto configure = [&](const std::string& env) {
        dir.write("girin.conf", "application = " + app("children") + "\nbind = 127.0.0.1:0\nworkers = 1\nsoak = 0.05\n"
                  "on_reload = echo \"$GIRIN_TEST_B\" > hook\n" + env);
    };
    configure("env = GIRIN_TEST_A=secret1\nenv = GIRIN_TEST_B=secret2\nenv = HOME=/secret3\n");
    GirinCommand command{std::vector<std::string>{}};
    command.environment = {{"HOME", "/home/of/ours"}};
    GirinProcess girin(dir, command);
    EXPECT_EQ(variable_of_child(girin, "GIRIN_TEST_A"), "secret1\n");
    EXPECT_EQ(variable_of_child(girin, "HOME"), "/secret3\n");
    configure("env = GIRIN_TEST_B=secret4\n");
    girin.hup();
    ASSERT_TRUE(girin.wait_for_log("generation 2 serves")) << girin.log();
    EXPECT_EQ(variable_of_child(girin, "GIRIN_TEST_A"), "");
    EXPECT_EQ(variable_of_child(girin, "GIRIN_TEST_B"), "secret4\n");
    EXPECT_EQ(variable_of_child(girin, "HOME"), "/home/of/ours\n");
    EXPECT_NE(girin.log().find("env: GIRIN_TEST_A, GIRIN_TEST_B, HOME to GIRIN_TEST_B (changed)"), std::string::npos);
    ASSERT_TRUE(eventually(15s, "the hook", [&] { return fs::exists(dir / "hook") && !read_file(dir / "hook").empty(); }));
    EXPECT_EQ(read_file(dir / "hook"), "secret4\n");
    const std::size_t mark = girin.mark();
    configure("env = secret5\n");
    girin.hup();
    ASSERT_TRUE(girin.wait_for_log("NAME=VALUE", 10s, mark)) << girin.log();
    EXPECT_EQ(girin.log().find("secret"), std::string::npos) << girin.log();
}

/// A shell with job control, in a session of its own, starts girin in the background and ends when its input does.
TEST(Session, ThatEndsChangesNothing) {
    const TempDir dir;
    FdPair input = make_pipe().value();
    Command command("setsid", {"bash", "-c", "set -m; \"$@\" & read -r line", "bash", girin_binary(), "-w", "2", "-b",
                               "unix:" + (dir / "s"), "-p", dir / "pid", "--timeout", "60", app("children")});
    command.environment = {{"GIRIN_CONTROL_SOCKET", "none"}};
    command.stdin_fd = input.first.get();
    command.log_directory = dir.path();
    ChildProcess shell(command);
    ASSERT_TRUE(eventually(15s, "two workers", [&] { return count_of(shell.standard_error(), " is ready") == 2; }))
        << shell.standard_error();
    const auto master = static_cast<pid_t>(std::stol(read_file(dir / "pid")));
    const std::vector<pid_t> workers = children_of(master);
    ::kill(workers.at(0), SIGSTOP);
    ASSERT_TRUE(eventually(5s, "a stopped worker", [&] { return state_of(workers.at(0)) == 'T'; }));
    // Now nobody is left who could wake it, and the kernel tells its whole group so: HUP, and CONT.
    input.second.reset();
    EXPECT_TRUE(shell.wait_exit(15s).has_value());
    EXPECT_TRUE(eventually(10s, "HUP", [&] { return shell.standard_error().find("SIGHUP") != std::string::npos; }));
    EXPECT_EQ(get(Endpoint::unix_socket(dir / "s"), "/").status, 200);
    ::kill(master, SIGTERM);
    EXPECT_TRUE(eventually(15s, "the end", [&] { return !is_running(master); })) << shell.standard_error();
    EXPECT_EQ(shell.standard_error().find("eload"), std::string::npos) << shell.standard_error();
    EXPECT_NE(shell.standard_error().find("girin has stopped"), std::string::npos) << shell.standard_error();
}

std::vector<Condition> with_descriptors() {
    return {{"Without0", {"close=0"}},
            {"Without1", {"close=1"}},
            {"Without2", {"close=2"}},
            {"Without0To2", {"close=0", "close=1", "close=2"}},
            {"WithStrayDescriptors", {"stray=3", "stray=4", "stray=77"}}};
}

void add(std::vector<Condition>& all, const std::string& how, const std::string& title, int number) {
    all.push_back({title + std::to_string(number), {how + "=" + std::to_string(number)}});
}

/// Each signal that can be caught; in the short form those by which something could go wrong.
std::vector<Condition> with_signals() {
    std::vector<Condition> all = {{"IgnoringAll", {"ignore=all"}},
                                  {"BlockingAll", {"block=all"}},
                                  {"IgnoringAndBlockingAll", {"ignore=all", "block=all"}}};
    for (int number = 1; number < NSIG; ++number) {
        const bool is_caught = number != SIGKILL && number != SIGSTOP && (number < 32 || number >= SIGRTMIN);
        const bool is_usual = number == SIGCHLD || number == SIGTERM || number == SIGHUP || number == SIGPIPE;
        if (!is_caught || (!is_usual && !is_long())) continue;
        add(all, "ignore", "Ignoring", number);
        add(all, "block", "Blocking", number);
    }
    return all;
}

std::vector<Condition> with_surroundings() {
    static const TempDir gone;
    return {{"WithoutOwnersRights", {"umask=0777"}},
            {"WithAnOddUmask", {"umask=0137"}},
            {"WithTwentyDescriptors", {"descriptors=20"}, false, true, 1},
            {"WithoutCores", {"no-core"}},
            {"WithATimer", {"alarm=50"}},
            {"InADeletedDirectory", {"deleted-directory=" + (gone / "gone")}},
            {"InADirectoryOfOthers", {"directory=/proc"}},
            {"WithoutEnvironment", {"no-environment"}},
            {"WithoutHome", {"unset=HOME", "unset=USER", "unset=PATH"}},
            {"AsAUserWithoutAName", {"user=54321"}},
            {"AsASubreaper", {"subreaper"}},
            {"WithAChildItDoesntKnow", {"subreaper", "child"}},
            {"InAGroupOfItsOwn", {"new-group"}},
            {"WithoutProc", {"no-proc"}, true, false},
            {"WithEverything",
             {"close=0", "close=1", "close=2", "ignore=all", "block=all", "umask=0777", "no-core", "alarm=100",
              "no-environment", "user=54321", "subreaper", "stray=9"}}};
}

// FAULTS 19: a filter that refuses a call kept girin from starting, and nothing said which.
std::vector<Condition> with_filters() {
    return {{"RefusingPidfds", {"refuse=pidfd_open"}, true},
            {"RefusingSignalsByPidfd", {"refuse=pidfd_send_signal"}, true},
            {"RefusingMemoryFiles", {"refuse=memfd_create"}, true},
            {"RefusingAll", {"refuse=memfd_create", "refuse=pidfd_open", "refuse=pidfd_send_signal", "ignore=17"}, true}};
}

std::string name_of(const testing::TestParamInfo<Condition>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Descriptors, BadStart, testing::ValuesIn(with_descriptors()), name_of);
INSTANTIATE_TEST_SUITE_P(Signals, BadStart, testing::ValuesIn(with_signals()), name_of);
INSTANTIATE_TEST_SUITE_P(Filters, BadStart, testing::ValuesIn(with_filters()), name_of);
INSTANTIATE_TEST_SUITE_P(Surroundings, BadStart, testing::ValuesIn(with_surroundings()), name_of);

}  // namespace
}  // namespace girin::test
