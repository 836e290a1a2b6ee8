// worker_main in a child process, with the test as its master.

#include "worker/process/entry.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>

#include "girin/app.hpp"
#include "girin/loop/asio_loop.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/net/stream.hpp"
#include "tests/support/deadline.hpp"
#include "tests/support/endpoint.hpp"
#include "tests/support/http_client.hpp"
#include "worker/process/channel.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

enum class Start { well, fails, hangs };

class Starting final : public Application {
  public:
    explicit Starting(Start how) : how_(how) {}
    Coro<void> startup(const WorkerInfo&) override {
        if (how_ == Start::fails) throw std::runtime_error("no such table");
        if (how_ == Start::hangs) co_await sleep_for(1h);
        upstream_.emplace(dynamic_cast<AsioLoop&>(EventLoop::running()), make_channel_pair().value().first);
    }
    Coro<void> handle(Request&, Response& response) override {
        response.body("hello");
        co_return;
    }

  private:
    Start how_;
    std::optional<Stream> upstream_;  // is never let go: its end needs the loop, which has to outlive the application
};

class WorkerMain : public testing::Test {
  protected:
    WorkerMain() { set_nonblocking(listener.get()).value(); }
    ~WorkerMain() override {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    void start(Start how) {
        const pid_t master = ::getpid();
        pid_ = ::fork();
        ASSERT_GE(pid_, 0);
        if (pid_ == 0) ::_exit(be_worker(how, master));
        ends.second.reset();
    }

    void say(MessageKind kind, std::int64_t value = 0) {
        EXPECT_TRUE(send_message(ends.first.get(), Message(kind, value)));
    }

    /// The next message of the worker. Fails the test when there is none.
    Message hear() {
        Message message;
        Received received = Received::nothing_yet;
        EXPECT_TRUE(wait_until(10s, [&] {
            received = receive_message(ends.first.get(), message);
            return received != Received::nothing_yet;
        }));
        EXPECT_EQ(received, Received::message);
        return message;
    }

    /// The worker's exit code, -1 if it doesn't end or a signal has ended it.
    int exit_code() {
        int status = 0;
        const bool ended = wait_until(10s, [&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; });
        if (!ended) return -1;
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    Endpoint endpoint = Endpoint::tcp("127.0.0.1", 0);
    UniqueFd listener = listen_on(endpoint).value();
    FdPair ends = make_channel_pair().value();

  private:
    int be_worker(Start how, pid_t master) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != master) return 100;
        ends.first.reset();
        Scoreboard board = Scoreboard::create(1).value();
        WorkerSetup setup;
        setup.listeners.push_back(ListenerSocket(listener.release(), endpoint.to_text(), false));
        setup.channel_fd = ends.second.release();
        setup.board = board.slots();
        setup.preloaded = std::make_unique<Starting>(how);
        return worker_main(std::move(setup));
    }

    pid_t pid_ = -1;
};

TEST_F(WorkerMain, TellsThatItIsReadyServesAndDrains) {
    start(Start::well);
    EXPECT_EQ(hear().kind, MessageKind::ready);
    EXPECT_EQ(get(endpoint, "/").body, "hello");
    say(MessageKind::drain, 5000);
    EXPECT_EQ(hear().kind, MessageKind::draining);
    EXPECT_EQ(exit_code(), kWorkerDone);
}

TEST_F(WorkerMain, TellsWhyItsApplicationDoesNotStart) {
    start(Start::fails);
    const Message message = hear();
    EXPECT_EQ(message.kind, MessageKind::boot_failed);
    EXPECT_NE(message.text.find("no such table"), std::string::npos) << message.text;
    EXPECT_EQ(exit_code(), kWorkerBootFailed);
}

// The message lies in the channel before the worker is whole.
TEST_F(WorkerMain, ObeysWhatItsMasterSaidBeforeItBegan) {
    say(MessageKind::drain, 5000);
    start(Start::hangs);
    EXPECT_EQ(exit_code(), kWorkerDone);
    Message message;
    EXPECT_EQ(receive_message(ends.first.get(), message), Received::closed) << "it never gets ready";
}

TEST_F(WorkerMain, QuitsWhileItsApplicationStarts) {
    start(Start::hangs);
    say(MessageKind::quit);
    EXPECT_EQ(exit_code(), kWorkerDone);
}

TEST_F(WorkerMain, EndsWithItsMasterAlsoWhileItsApplicationStarts) {
    start(Start::hangs);
    ends.first.reset();
    EXPECT_EQ(exit_code(), kWorkerDone);
}

TEST_F(WorkerMain, EndsWithItsMaster) {
    start(Start::well);
    EXPECT_EQ(hear().kind, MessageKind::ready);
    ends.first.reset();
    EXPECT_EQ(exit_code(), kWorkerDone);
}

TEST_F(WorkerMain, QuitsWithAConnectionOpen) {
    start(Start::well);
    EXPECT_EQ(hear().kind, MessageKind::ready);
    HttpClient client(endpoint);
    EXPECT_EQ(client.get("/").body, "hello");
    say(MessageKind::quit);
    EXPECT_TRUE(client.closed_within(10s));
    EXPECT_EQ(exit_code(), kWorkerDone);
}

}  // namespace
}  // namespace girin::test
