// The application's life: new code by HUP, code that doesn't start, handlers that do wrong, workers that hang. Not
// here: a first start that fails (faults_test.cpp).

#include <signal.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using load::LoadThread;

// --- new code

class NewCode : public testing::Test {
  protected:
    /// As `install` and package managers do it: beside it, then renamed.
    void replace_by_rename(const std::string& name) {
        fs::copy_file(app(name), library_ + ".new", fs::copy_options::overwrite_existing);
        fs::rename(library_ + ".new", library_);
    }

    /// As `cp` and some linkers do it, into the file that is mapped.
    void overwrite_in_place(const std::string& name) {
        std::ofstream file(library_, std::ios::binary | std::ios::trunc);
        file << std::ifstream(app(name), std::ios::binary).rdbuf();
    }

    GirinCommand command(std::vector<std::string> more = {}) {
        std::vector<std::string> args = {"-w", "2", "-b", "127.0.0.1:0", "--soak", "0.1"};
        args.insert(args.end(), more.begin(), more.end());
        args.push_back("./shop.so");
        return GirinCommand(args, 2);
    }

    const TempDir dir_;
    const std::string library_ = dir_ / "shop.so";
};

TEST_F(NewCode, IsPickedUpByReloadsUnderLoad) {
    replace_by_rename("version1");
    GirinProcess girin(dir_, command());
    LoadThread load(load_on(girin.endpoint()));
    EXPECT_EQ(get(girin.endpoint(), "/").body, "v1");
    replace_by_rename("version2");
    EXPECT_EQ(get(girin.endpoint(), "/").body, "v1") << "not before it is asked for";
    girin.hup();
    ASSERT_TRUE(girin.wait_for_log("generation 2 serves")) << girin.log();
    EXPECT_TRUE(eventually(5s, "the new code alone", [&] { return get(girin.endpoint(), "/").body == "v2"; }));
    overwrite_in_place("version1");
    EXPECT_EQ(get(girin.endpoint(), "/").body, "v2");
    girin.hup();
    ASSERT_TRUE(girin.wait_for_log("generation 3 serves")) << girin.log();
    EXPECT_TRUE(eventually(5s, "the other code", [&] { return get(girin.endpoint(), "/").body == "v1"; }));
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
}

/// Between an overwrite and the reload workers may die; those that follow load what is there, and the rest goes on.
TEST_F(NewCode, ThatIsBrokenLeavesTheOldServing) {
    replace_by_rename("version1");
    GirinProcess girin(dir_, command());
    LoadThread load(load_on(girin.endpoint()));
    const std::vector<pid_t> workers = girin.workers();
    const std::pair<const char*, const char*> broken[] = {{"constructor_throws", "no stock file"},
                                                          {"unresolved", "shop::count_stock"},
                                                          {"wrong_abi", "built for girin's ABI 4"},
                                                          {"no_application", "exports no application"}};
    for (const auto& [name, reason] : broken) {
        const std::size_t mark = girin.mark();
        replace_by_rename(name);
        girin.hup();
        const auto line = girin.wait_for_log("generation 1 serves on", 10s, mark);
        ASSERT_TRUE(line) << name << girin.log();
        EXPECT_NE(line->find(reason), std::string::npos) << *line;
        EXPECT_EQ(get(girin.endpoint(), "/").body, "v1");
    }
    std::ofstream(library_, std::ios::trunc) << "half a file";
    const std::size_t mark = girin.mark();
    girin.hup();
    ASSERT_TRUE(girin.wait_for_log("generation 1 serves on", 10s, mark)) << girin.log();
    EXPECT_EQ(girin.workers(), workers);
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
    replace_by_rename("version2");
    girin.hup();
    EXPECT_TRUE(girin.wait_for_log("serves", 10s, girin.mark() - 1)) << girin.log();
    EXPECT_TRUE(eventually(10s, "the repaired code", [&] { return get(girin.endpoint(), "/").body == "v2"; }));
}

/// The same library, whose start-up does what a file says.
class NewStart : public testing::Test {
  protected:
    GirinCommand command() const {
        GirinCommand command({"-w", "2", "-b", "127.0.0.1:0", "--soak", "0.1", "--boot-timeout", "0.5",
                              app("misbehaving")}, 2);
        command.environment = {{"GIRIN_TEST_STARTUP_FILE", dir_ / "startup"}};
        return command;
    }

    const TempDir dir_;
};

TEST_F(NewStart, ThatFailsLeavesTheOldServingAndSaysWhy) {
    dir_.write("startup", "well");
    GirinProcess girin(dir_, command());
    LoadThread load(load_on(girin.endpoint(), "/", 200));
    const std::vector<pid_t> workers = girin.workers();
    const std::pair<const char*, const char*> behaviours[] = {
        {"throw", "application start-up failed: the stock file is missing"},
        {"throw-int", "application start-up failed"},
        {"crash", "crashed: SIGSEGV"},
        {"abort", "crashed: SIGABRT"},
        {"exit", "exited with code 3, before it was ready"},
        {"hang", "did not become ready within 500 ms"},
        {"block", "did not become ready within 500 ms"}};
    for (const auto& [behaviour, reason] : behaviours) {
        dir_.write("startup", behaviour);
        const std::size_t mark = girin.mark();
        girin.hup();
        const auto line = girin.wait_for_log("generation 1 serves on", 10s, mark);
        ASSERT_TRUE(line) << behaviour << girin.log();
        EXPECT_NE(line->find(reason), std::string::npos) << *line;
    }
    EXPECT_TRUE(girin.workers_become(2));
    EXPECT_EQ(girin.workers(), workers);
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
}

// --- handlers that do wrong

class Wrongdoing : public testing::Test {
  protected:
    GirinCommand command(std::vector<std::string> more) const {
        std::vector<std::string> args = {"-b", "127.0.0.1:0"};
        args.insert(args.end(), more.begin(), more.end());
        args.push_back(app("misbehaving"));
        return GirinCommand(args, 1);
    }

    const TempDir dir_;
};

TEST_F(Wrongdoing, ThatThrowsCostsOneRequest) {
    GirinProcess girin(dir_, command({"-w", "1"}));
    HttpClient client(girin.endpoint());
    for (const char* target : {"/throw", "/throw-int", "/bad-header"}) {
        EXPECT_EQ(client.get(target).status, 500) << target;
        EXPECT_EQ(client.get("/").body, "ok") << "the connection goes on after " << target;
    }
    EXPECT_TRUE(girin.wait_for_log("std::runtime_error: thrown on demand"));
    for (const char* target : {"/throw-late", "/short-body"}) {
        HttpClient cut(girin.endpoint());
        cut.send(format_request("GET", target));
        EXPECT_THROW(cut.read_final_response(), HttpClientError) << target << ": a broken answer must not look whole";
    }
    EXPECT_TRUE(girin.workers_become(1));
    EXPECT_EQ(count_of(girin.log(), "starts, generation"), 1U) << "no worker died of it";
}

TEST_F(Wrongdoing, ThatEndsAWorkerIsToldAndRepaired) {
    GirinProcess girin(dir_, command({"-w", "2"}));
    const std::pair<const char*, const char*> ends[] = {
        {"/crash", "crashed: SIGSEGV"}, {"/abort", "crashed: SIGABRT"},
        // FAULTS 7: which request it was in that ended the worker was told of crashes only.
        {"/exit/7", "exited with code 7; its loop was in GET /exit/7 from 127.0.0.1:"},
        {"/exit/0", "exited with code 0 without being asked to; its loop was in GET /exit/0 from 127.0.0.1:"},
        {"/leave/5", "exited with code 5; its loop was in GET /leave/5 from 127.0.0.1:"}};
    for (const auto& [target, cause] : ends) {
        const std::size_t mark = girin.mark();
        provoke(girin.endpoint(), target);
        EXPECT_TRUE(girin.wait_for_log(cause, 10s, mark)) << target << girin.log();
        EXPECT_TRUE(girin.becomes_ready(1, mark, 20s)) << target << girin.log();
        EXPECT_EQ(get(girin.endpoint(), "/").body, "ok");
    }
}

/// Whether a new connection is answered within a moment. It isn't when the hanging worker took it in the same breath.
bool answers_at_once(const Endpoint& server) {
    try {
        return HttpClient(server, 200ms).get("/").body == "ok";
    } catch (const HttpClientError&) {
        return false;
    }
}

TEST_F(Wrongdoing, ThatHangsAWorkerEndsWithAbortAndAReplacement) {
    for (const char* target : {"/spin", "/block/60000"}) {
        const TempDir dir;
        GirinProcess girin(dir, command({"-w", "2", "--timeout", "1"}));
        ASSERT_TRUE(girin.becomes_ready(2, 0));
        HttpClient victim(girin.endpoint(), 15s);
        victim.send(format_request("GET", target));
        EXPECT_TRUE(eventually(900ms, "the other worker", [&] { return answers_at_once(girin.endpoint()); }));
        EXPECT_TRUE(girin.wait_for_log("hangs: its loop has been in one callback for ")) << girin.log();
        EXPECT_TRUE(girin.wait_for_log("SIGABRT")) << girin.log();
        EXPECT_TRUE(girin.becomes_ready(3, 0)) << girin.log();
        EXPECT_THROW(victim.read_final_response(), HttpClientError);
        EXPECT_TRUE(girin.workers_become(2));
        EXPECT_EQ(get(girin.endpoint(), "/").body, "ok");
    }
}

/// What waits isn't what hangs: a handler may take longer than the timeout as long as its loop runs.
TEST_F(Wrongdoing, IsNotWaiting) {
    GirinProcess girin(dir_, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--timeout", "0.5", "demo"}));
    EXPECT_EQ(get(girin.endpoint(), "/sleep/1500").status, 200);
    EXPECT_EQ(count_of(girin.log(), "hangs"), 0U) << girin.log();
}

/// A stopped worker takes no ABRT: then comes KILL.
TEST_F(Wrongdoing, ThatHeedsNoAbortEndsWithKill) {
    GirinProcess girin(dir_, command({"-w", "1", "--timeout", "0.5"}));
    const pid_t worker = girin.workers().at(0);
    ::kill(worker, SIGSTOP);
    EXPECT_TRUE(girin.wait_for_log("was killed by us with SIGKILL", 15s)) << girin.log();
    EXPECT_TRUE(girin.workers_become(1, {worker}));
    EXPECT_EQ(get(girin.endpoint(), "/").body, "ok");
}

TEST_F(Wrongdoing, InALoopIsSlowedDownWhileOthersServe) {
    GirinProcess girin(dir_, command({"-w", "2"}));
    ASSERT_TRUE(girin.workers_become(2));
    const auto slowed = [&] {
        provoke(girin.endpoint(), "/crash");
        return girin.log().find("times in a row; tried again in") != std::string::npos;
    };
    EXPECT_TRUE(eventually(15s, "back-off", slowed)) << girin.log();
    EXPECT_TRUE(eventually(15s, "an answer", [&] { return answers_at_once(girin.endpoint()); })) << girin.log();
    EXPECT_TRUE(girin.workers_become(2, {}, 20s)) << girin.log();
    EXPECT_LT(count_of(girin.log(), "crashed: SIGSEGV"), 200U);
}

}  // namespace
}  // namespace girin::test
