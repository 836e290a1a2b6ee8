// Names: the real girin opens each once, where its master stands and with rights that nobody can borrow, and what comes
// from elsewhere keeps to its place in lines and on screens.

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "tests/process/masters.hpp"
#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr uid_t kDaemon = 1;

std::string text_of(const std::string& file) { return fs::exists(file) ? read_file(file) : ""; }

/// Of root's master, whose workers are somebody else.
class NamesOfRoot : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "only root may have workers of another user";
        fs::permissions(dir_.path(), fs::perms(0755));
        fs::create_directory(dir_ / "logs");
        fs::create_directory(dir_ / "run");
        ASSERT_EQ(::chown((dir_ / "run").c_str(), kDaemon, kDaemon), 0);
        dir_.write("precious", "keep me");
        fs::permissions(dir_ / "precious", fs::perms(0600));
    }

    static GirinCommand as_daemon(std::vector<std::string> more, std::size_t workers = 1) {
        std::vector<std::string> args = {"-w", std::to_string(workers), "-b", "127.0.0.1:0", "-u", "daemon", "--soak", "0.1"};
        args.insert(args.end(), more.begin(), more.end());
        args.push_back(app("misbehaving"));
        return GirinCommand(std::move(args), workers);
    }
    void set_trap(const std::string& name) const {
        fs::remove(dir_ / name);
        fs::create_symlink(dir_ / "precious", dir_ / name);
        ASSERT_EQ(::lchown((dir_ / name).c_str(), kDaemon, kDaemon), 0);
    }
    mode_t mode_of_precious() const {
        struct stat about {};
        return ::stat((dir_ / "precious").c_str(), &about) == 0 ? about.st_mode & 07777 : 0;
    }
    [[nodiscard]] static testing::AssertionResult logs_to(const std::string& file, const Endpoint& server,
                                                          const std::string& target, const std::string& part) {
        return eventually(10s, part + " in " + file, [&] {
            get(server, target);
            return count_of(text_of(file), part) > 0;
        });
    }

    const TempDir dir_;
};

// FAULTS 7: 21, logs in a directory that is root's: workers of another user have them at the start, after USR1, after a
// reload and when one is replaced.
TEST_F(NamesOfRoot, AreOpenedForWorkersWhoCannot) {
    const std::string access = dir_ / "logs/access", errors = dir_ / "logs/errors";
    GirinProcess girin(dir_, as_daemon({"--access-logfile", access}));
    EXPECT_TRUE(logs_to(access, girin.endpoint(), "/first", "/first"));
    fs::rename(access, access + ".1");
    girin.usr1();
    EXPECT_TRUE(logs_to(access, girin.endpoint(), "/second", "/second")) << girin.log();
    fs::rename(access, access + ".2");
    const std::vector<pid_t> former = girin.workers();
    girin.hup();
    ASSERT_TRUE(girin.workers_become(1, former)) << girin.log();
    EXPECT_TRUE(logs_to(access, girin.endpoint(), "/third", "/third")) << girin.log();
    const std::vector<pid_t> serving = girin.workers();
    ::kill(serving.at(0), SIGKILL);
    ASSERT_TRUE(girin.workers_become(1, serving)) << girin.log();
    EXPECT_TRUE(logs_to(access, girin.endpoint(), "/fourth", "/fourth")) << girin.log();
    fs::rename(access, access + ".3");
    fs::remove(access + ".3");
    girin.usr1();
    EXPECT_TRUE(logs_to(access, girin.endpoint(), "/fifth", "/fifth")) << girin.log();
    for (const pid_t process : {girin.pid(), girin.workers().at(0)}) {
        for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(process) + "/fd")) {
            std::error_code gone;
            const std::string target = fs::read_symlink(entry.path(), gone).string();
            EXPECT_EQ(target.find("access.3"), std::string::npos) << "a deleted log takes its disk space for ever";
        }
    }
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
}

/// With an error log of its own, whose lines tell where it listens.
class NamesOfErrorLogs : public NamesOfRoot {
  protected:
    void start(const std::string& errors, std::vector<std::string> more = {}) {
        std::vector<std::string> args = {"-w", "1", "-b", "unix:" + (dir_ / "s"), "-u", "daemon", "--soak", "0.1",
                                         "--error-logfile", errors};
        args.insert(args.end(), more.begin(), more.end());
        args.push_back(app("misbehaving"));
        Command command = girin_command(args);
        command.directory = dir_.path().string();
        girin_.emplace(command);
        const std::string file = errors.starts_with('/') ? errors : dir_ / errors;
        ASSERT_TRUE(eventually(15s, "a worker", [&] { return count_of(text_of(file), "is ready") > 0; })) << text_of(file);
    }
    void TearDown() override {
        if (!girin_) return;
        girin_->signal(SIGTERM);
        EXPECT_EQ(girin_->wait_exit(15s), (ExitStatus{0, 0}));
    }
    Endpoint endpoint() const { return Endpoint::unix_socket(dir_ / "s"); }

    std::optional<ChildProcess> girin_;
};

// FAULTS 7: 21, the error log's lines of a worker follow a rotation.
TEST_F(NamesOfErrorLogs, FollowARotationWithTheirWorkers) {
    start(dir_ / "logs/errors");
    fs::rename(dir_ / "logs/errors", dir_ / "logs/errors.1");
    girin_->signal(SIGUSR1);
    EXPECT_TRUE(logs_to(dir_ / "logs/errors", endpoint(), "/throw", "thrown on demand"));
}

// FAULTS 7: 21, an application that changes its directory has no say in where its logs are.
TEST_F(NamesOfErrorLogs, AreTheMastersWhereverAnApplicationGoes) {
    start("errors", {"--access-logfile", "access"});
    ASSERT_EQ(get(endpoint(), "/chdir").body, "changed");
    for (const char* file : {"errors", "access"}) fs::rename(dir_ / file, dir_ / (std::string(file) + ".1"));
    girin_->signal(SIGUSR1);
    EXPECT_TRUE(logs_to(dir_ / "errors", endpoint(), "/throw", "thrown on demand"));
    EXPECT_TRUE(logs_to(dir_ / "access", endpoint(), "/later", "/later"));
    EXPECT_FALSE(fs::exists("/errors") || fs::exists("/access"));
}

// FAULTS 7: 20, the error log after USR1: root writes nothing to what a link of the workers' user leads to.
TEST_F(NamesOfErrorLogs, DoNotLeadRootElsewhere) {
    start(dir_ / "run/errors");
    fs::rename(dir_ / "run/errors", dir_ / "run/errors.1");
    set_trap("run/errors");
    girin_->signal(SIGUSR1);
    EXPECT_TRUE(logs_to(dir_ / "run/errors.1", endpoint(), "/throw", "root doesn't follow 'errors'"));
    EXPECT_EQ(read_file(dir_ / "precious"), "keep me");
}

// FAULTS 7: 20, chmod of the control socket at an upgrade.
TEST_F(NamesOfRoot, GiveNoModeToWhatALinkLeadsTo) {
    Masters masters(dir_, as_daemon({"--control-socket", dir_ / "run/ctl.sock", "--control-socket-mode", "0666"}));
    set_trap("run/ctl.sock");
    ASSERT_TRUE(masters.upgrade()) << masters.log();
    EXPECT_EQ(mode_of_precious(), 0600u);
    EXPECT_TRUE(masters.logs("The control socket keeps its mode")) << masters.log();
}

TEST_F(NamesOfRoot, StayAfterAnUpgradeAsTheSettingsSay) {
    Masters masters(dir_, as_daemon({"--control-socket", dir_ / "run/ctl.sock", "--control-socket-mode", "0660"}));
    ::chmod((dir_ / "run/ctl.sock").c_str(), 0600);
    ASSERT_TRUE(masters.upgrade()) << masters.log();
    EXPECT_TRUE(eventually(10s, "the mode", [&] {
        return (fs::status(dir_ / "run/ctl.sock").permissions() & fs::perms(0777)) == fs::perms(0660);
    }));
}

/// Two releases, and a link that a deploy switches.
class NamesThatChange : public testing::Test {
  protected:
    NamesThatChange() {
        for (const char* release : {"one", "two"}) fs::create_directory(dir_ / release);
        fs::copy_file(app("misbehaving"), dir_ / "one/shop.so");
        fs::copy_file(app("minimal"), dir_ / "two/shop.so");
        deploy("one");
    }
    void deploy(const std::string& release) const {
        fs::create_directory_symlink(dir_ / release, dir_ / "next");
        fs::rename(dir_ / "next", dir_ / "current");
    }
    static std::string says(const Endpoint& server) { return get(server, "/").body; }

    const TempDir dir_;
};

// FAULTS 7: 22, --chdir of a link: a reload serves what it leads to now, and logs there.
TEST_F(NamesThatChange, LeadWhereTheyLeadAtAReload) {
    GirinProcess girin(dir_, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--soak", "0.1", "--chdir", dir_ / "current", "-p",
                                           "girin.pid", "--access-logfile", "access", "./shop.so"}));
    ASSERT_EQ(says(girin.endpoint()), "ok");
    deploy("two");
    const std::vector<pid_t> former = girin.workers();
    girin.hup();
    ASSERT_TRUE(girin.workers_become(1, former)) << girin.log();
    EXPECT_EQ(says(girin.endpoint()), "") << "the new code";
    EXPECT_EQ(fs::read_symlink("/proc/" + std::to_string(girin.workers().at(0)) + "/cwd"), fs::canonical(dir_ / "two"));
    EXPECT_TRUE(eventually(10s, "a line", [&] { return count_of(text_of(dir_ / "two/access"), "GET /") > 0; }));
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    EXPECT_FALSE(fs::exists(dir_ / "one/girin.pid")) << "the pidfile is removed where it was made";
}

TEST_F(NamesThatChange, AreAReasonNotToReloadWhenTheyLeadNowhere) {
    GirinProcess girin(dir_, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--chdir", dir_ / "current", "./shop.so"}));
    fs::remove(dir_ / "current");
    girin.hup();
    EXPECT_TRUE(girin.wait_for_log("change to directory " + (dir_ / "current") + ": no such file or directory")) << girin.log();
    EXPECT_EQ(says(girin.endpoint()), "ok");
}

TEST_F(NamesThatChange, LeaveTheCodeOfAGenerationAlone) {
    const std::string library = dir_ / "one/shop.so";
    GirinProcess girin(dir_, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", library}));
    std::ofstream(library, std::ios::binary) << std::ifstream(app("minimal"), std::ios::binary).rdbuf();  // as cp does
    EXPECT_EQ(says(girin.endpoint()), "ok");
    const std::vector<pid_t> former = girin.workers();
    ::kill(former.at(0), SIGKILL);
    ASSERT_TRUE(girin.workers_become(1, former)) << girin.log();
    ASSERT_TRUE(girin.becomes_ready(2, 0)) << girin.log();
    EXPECT_EQ(says(girin.endpoint()), "ok") << "one generation is one code";
}

// FAULTS 7: 23, settings that change while a reload is under way: what the log says is what serves.
TEST_F(NamesThatChange, AreReadOnceForAReload) {
    const std::string one = dir_ / "one/shop.so", two = dir_ / "two/shop.so";
    dir_.write("one.conf", "application = " + one + "\n");
    dir_.write("two.conf", "application = " + two + "\n");
    fs::create_symlink("one.conf", dir_ / "girin.conf");
    GirinProcess girin(dir_, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--soak", "0", "--graceful-timeout", "1"}));
    std::atomic<bool> done = false;
    std::thread switches([&] {
        for (int i = 0; !done; ++i) {
            fs::create_symlink(i % 2 == 0 ? "two.conf" : "one.conf", dir_ / "next.conf");
            fs::rename(dir_ / "next.conf", dir_ / "girin.conf");
        }
    });
    std::string told = "ok";
    for (int i = 0; i < 15; ++i) {
        const std::vector<pid_t> former = girin.workers();
        const std::size_t from = girin.mark();
        girin.hup();
        if (!girin.workers_become(1, former)) break;
        const std::string news = girin.log().substr(from);
        if (news.find("to " + one) != std::string::npos) told = "ok";
        if (news.find("to " + two) != std::string::npos) told = "";
        EXPECT_EQ(says(girin.endpoint()), told) << news;
    }
    done = true;
    switches.join();
}

// FAULTS 7: 24, somebody who only reads the pidfile locks it: the next start isn't stopped.
TEST(Names, OfPidfilesCannotBeHeldByTheirReaders) {
    const TempDir dir;
    const GirinCommand command({"-w", "1", "-b", "127.0.0.1:0", "-p", dir / "girin.pid", "demo"});
    {
        GirinProcess girin(dir, command);
        girin.signal(SIGKILL);
        ASSERT_TRUE(girin.child().wait_exit(5s));
    }
    const UniqueFd reader(::open((dir / "girin.pid").c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::flock(reader.get(), LOCK_SH), 0);
    GirinProcess girin(dir, command);
    EXPECT_EQ(read_file(dir / "girin.pid"), std::to_string(girin.pid()) + "\n");
    const Finished second = run(girin_command({"-b", "127.0.0.1:0", "-p", dir / "girin.pid", "demo"}));
    EXPECT_NE(second.error.find("another girin (pid " + std::to_string(girin.pid()) + ")"), std::string::npos) << second.error;
}

/// A server that isn't girin, on a Unix socket: answers each connection with what it is given, byte by byte if it should.
class Impostor {
  public:
    Impostor(const std::string& path, std::string answer, milliseconds between = 0ms)
        : answer_(std::move(answer)), between_(between) {
        Endpoint at = Endpoint::unix_socket(path);
        auto listener = listen_on(at);
        if (!listener) throw std::runtime_error(listener.error().message());
        listener_ = std::move(*listener);
        serves_ = std::thread([this] { serve(); });
    }
    ~Impostor() {
        done_ = true;
        ::shutdown(listener_.get(), SHUT_RDWR);
        serves_.join();
    }

  private:
    void serve() {
        while (!done_) {
            const UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!client) continue;
            char request[4096];
            if (::recv(client.get(), request, sizeof request, 0) <= 0) continue;
            const std::size_t piece = between_ > 0ms ? 1 : answer_.size();
            for (std::size_t at = 0; at < answer_.size() && !done_; at += piece) {
                if (::send(client.get(), answer_.data() + at, piece, MSG_NOSIGNAL) < 0) break;
                if (between_ > 0ms) static_cast<void>(wait_until(between_, [this] { return done_.load(); }));
            }
        }
    }

    std::string answer_;
    milliseconds between_;
    std::atomic<bool> done_ = false;
    UniqueFd listener_;
    std::thread serves_;
};

std::string answer_of(const std::string& json) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(json.size()) + "\r\n\r\n" + json;
}

// FAULTS 7: 24, a stranger's directory with a socket in it isn't asked in place of a server of ours.
TEST_F(NamesOfRoot, OfServersAreNotLookedUpInAStrangersDirectory) {
    fs::create_directory(dir_ / "run/girin");
    ASSERT_EQ(::chown((dir_ / "run/girin").c_str(), kDaemon, kDaemon), 0);
    const Impostor impostor(dir_ / "run/girin/1.sock",
                            answer_of(R"({"name":"names-test","pid":1,"outcome":"done","message":"done"})"));
    const Finished finished = run_girin(dir_, {"reload", "-n", "names-test"}, {{"XDG_RUNTIME_DIR", dir_ / "run"}});
    EXPECT_EQ(finished.status, (ExitStatus{1, 0})) << finished.output;
    EXPECT_NE(finished.error.find("no such server runs"), std::string::npos) << finished.error;
}

// FAULTS 7: 12, a byte a second is no answer, however long it goes on.
TEST(Names, OfServersThatAnswerByteByByteAreGivenUp) {
    const TempDir dir;
    const Impostor impostor(dir / "s", answer_of(std::string(1'000, ' ')), 200ms);
    const auto began = std::chrono::steady_clock::now();
    const Finished finished = run(girin_command({"status", "--control-socket", dir / "s"}), 20s);
    EXPECT_EQ(finished.status, (ExitStatus{1, 0})) << finished.output << finished.error;
    EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
}

TEST(Names, AndWordsOfServersHaveNoEffectOnATerminal) {
    const TempDir dir;
    const std::string words = R"({"outcome":"done","message":"all \u001b[2J is \u009b31m well\nin two lines"})";
    const Impostor impostor(dir / "s", answer_of(words));
    const Finished finished = run(girin_command({"reload", "--control-socket", dir / "s"}), 20s);
    EXPECT_EQ(finished.output, "all \\x1b[2J is \\xc2\\x9b31m well\nin two lines\n") << finished.error;
}

std::string in_hexadecimal(std::string_view text) {
    constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        out += kHex[static_cast<unsigned char>(c) >> 4];
        out += kHex[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

// FAULTS 7: 25, what an application says in another encoding, with quotes and controls: JSON stays JSON, line by line.
TEST(Words, OfAnApplicationLeaveJsonLinesJson) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--log-format", "json", app("misbehaving")}));
    const std::string text = "caf\xe9 \"quoted\" \\ \x1b[2J\n{\"level\":\"critical\"} \xed\xa0\x80 end";
    get(girin.endpoint(), "/throw-bytes?" + in_hexadecimal(text));
    ASSERT_TRUE(girin.wait_for_log("quoted")) << girin.log();
    std::istringstream lines(girin.log());
    for (std::string line; std::getline(lines, line);) {
        boost::system::error_code error;
        const boost::json::value record = boost::json::parse(line, error);
        EXPECT_TRUE(!error && record.is_object()) << line;
        EXPECT_FALSE(!error && record.is_object() && record.as_object().at("level") == "critical") << line;
    }
}

// FAULTS 7: 25, a request can't forge a field of a text line.
TEST(Words, OfAClientCannotForgeAField) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", app("misbehaving")}));
    provoke(girin.endpoint(), "/throw?\"level=CRITICAL");
    const auto line = girin.wait_for_log("thrown on demand");
    ASSERT_TRUE(line) << girin.log();
    EXPECT_EQ(line->find("\"level=CRITICAL"), line->find("\\\"level=CRITICAL") + 1) << *line;
}

// FAULTS 7: 25, the status of a server whose application failed in another encoding can be read.
TEST(Words, OfAnApplicationLeaveTheStatusReadable) {
    const TempDir dir;
    dir.write("girin.conf", "keep-alive = 3\n");
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--control-socket", dir / "c", "demo"}));
    dir.write("girin.conf", "keep-alive = \xe9\xff\n");
    const Finished reload = run(girin_command({"reload", "--control-socket", dir / "c"}), 20s);
    EXPECT_EQ(reload.status, (ExitStatus{1, 0}));
    EXPECT_NE(reload.error.find("keep_alive"), std::string::npos) << reload.error;
    EXPECT_EQ(reload.error.find('\xff'), std::string::npos) << reload.error;
    const Finished status = run(girin_command({"status", "--control-socket", dir / "c"}), 20s);
    EXPECT_NE(status.output.find("keep_alive"), std::string::npos) << status.output << status.error;
}

// FAULTS 7: 13, directories that somebody has locked hold no reload, and no master.
TEST(Names, OfUnixSocketsWaitForNobodysLock) {
    const TempDir dir;
    std::string binds = "bind = 127.0.0.1:0\n";
    dir.write("girin.conf", binds);
    GirinProcess girin(dir, GirinCommand({"-w", "1", "--soak", "0", "demo"}));
    const UniqueFd stranger(::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_EQ(::flock(stranger.get(), LOCK_EX), 0);
    for (int i = 0; i < 10; ++i) binds += "bind = unix:" + (dir / std::to_string(i)) + "\n";
    dir.write("girin.conf", binds);
    const auto began = std::chrono::steady_clock::now();
    girin.hup();
    ASSERT_TRUE(girin.wait_for_log("Listening at: unix:" + (dir / "9"), 20s)) << girin.log();
    EXPECT_LT(std::chrono::steady_clock::now() - began, 3s);
}

}  // namespace
}  // namespace girin::test
