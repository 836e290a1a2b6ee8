#include "girin/net/stream.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>

#include "girin/loop/asio_loop.hpp"
#include "girin/loop/cancel.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/timeout.hpp"
#include "tests/loop/sockets.hpp"
#include "tests/loop/trace.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

/// What these tests promise, they promise of both kinds of socket.
class StreamTest : public testing::TestWithParam<FdPair (*)()> {
  protected:
    /// Whatever would wait for ever fails instead.
    template <class T>
    T run(Coro<T> work) {
        return loop_.run_until_complete(limited(std::move(work)));
    }
    static std::string name(const testing::TestParamInfo<FdPair (*)()>& info) {
        return info.param == &unix_pair ? "Unix" : "Tcp";
    }

    AsioLoop loop_;
    FdPair fds_ = GetParam()();
    Stream left_{loop_, std::move(fds_.first)};
    Stream right_{loop_, std::move(fds_.second)};

  public:
    static auto namer() { return &StreamTest::name; }

  private:
    template <class T>
    static Coro<T> limited(Coro<T> work) {
        auto guarded = timeout(10s, std::move(work));
        co_return co_await std::move(guarded);
    }
};

INSTANTIATE_TEST_SUITE_P(Sockets, StreamTest, testing::Values(&unix_pair, &tcp_pair), StreamTest::namer());

/// One receive, as text: the bytes, "<end>", or the error's name.
Coro<std::string> receive(Stream& stream, std::size_t most = 64) {
    std::string buffer(most, '\0');
    const IoResult got = co_await stream.receive(std::span<char>(buffer));
    if (got.error != 0) co_return errno_text(got.error);
    if (got.bytes == 0) co_return "<end>";
    buffer.resize(got.bytes);
    co_return buffer;
}
Coro<std::string> receive_until_end(Stream& stream) {
    std::string all;
    for (;;) {
        const std::string part = co_await receive(stream);
        if (part == "<end>") co_return all;
        all += part;
    }
}
/// Lets the kernel's news come in while nobody waits for them.
Coro<void> let_news_pass() {
    for (int i = 0; i < 10; ++i) co_await sleep_for(0s);
    co_await sleep_for(2ms);
}
/// Until the task has ended, however.
Coro<void> until_done(const Task<void>& task) {
    const Future<void> ended(task.base().loop());
    task.add_done_callback([ended] { ended.set_result(); });
    co_await ended;
}

TEST_P(StreamTest, CarriesBytesBothWays) {
    auto main = [](Stream& left, Stream& right) -> Coro<void> {
        const IoResult sent = co_await left.send("hello ", "world");
        EXPECT_EQ(sent.bytes, 11U);
        EXPECT_EQ(sent.error, 0);
        const std::string got = co_await receive(right);
        EXPECT_EQ(got, "hello world");
        co_await right.send("yes");
        const std::string answer = co_await receive(left);
        EXPECT_EQ(answer, "yes");
    };
    run(main(left_, right_));
}

TEST_P(StreamTest, WaitsForBytesThatComeLater) {
    auto main = [](Stream& left, Stream& right) -> Coro<void> {
        for (int i = 0; i < 20; ++i) {
            const Task<std::string> receiving = create_task(receive(right));
            co_await sleep_for(i % 2 == 0 ? 0ms : 1ms);
            co_await left.send("ping");
            const std::string got = co_await receiving;
            EXPECT_EQ(got, "ping");
        }
    };
    run(main(left_, right_));
}

TEST_P(StreamTest, ReadsOnWhenABufferWasFilled) {
    auto main = [](Stream& left, Stream& right) -> Coro<void> {
        co_await left.send("abcdef");
        Trace parts;
        for (int i = 0; i < 3; ++i) parts.push_back(co_await receive(right, 2));
        EXPECT_EQ(parts, (Trace{"ab", "cd", "ef"}));
        const Task<std::string> receiving = create_task(receive(right, 2));
        co_await sleep_for(1ms);
        EXPECT_FALSE(receiving.done());
        co_await left.send("g");
        const std::string last = co_await receiving;
        EXPECT_EQ(last, "g");
    };
    run(main(left_, right_));
}

TEST_P(StreamTest, WaitsForReadabilityWithoutABuffer) {
    auto main = [](Stream& left, Stream& right) -> Coro<void> {
        for (int i = 0; i < 3; ++i) {
            auto waits = [](Stream& stream) -> Coro<std::string> {
                char buffer[8];
                for (;;) {
                    const IoResult wait = co_await stream.readable();
                    EXPECT_EQ(wait.error, 0);
                    const IoResult got = stream.try_receive(buffer);
                    if (got.error != EAGAIN) co_return std::string(buffer, got.bytes);
                }
            };
            const Task<std::string> waiting = create_task(waits(right));
            co_await sleep_for(1ms);
            EXPECT_FALSE(waiting.done());
            co_await left.send("x");
            const std::string got = co_await waiting;
            EXPECT_EQ(got, "x");
        }
    };
    run(main(left_, right_));
}

TEST_P(StreamTest, SeesTheEndThatCameWithTheLastBytes) {
    auto main = [](Stream& left, Stream& right) -> Coro<void> {
        const Task<std::string> receiving = create_task(receive_until_end(right));
        co_await sleep_for(1ms);
        left.try_send("bye");
        left.shutdown_send();
        const std::string all = co_await receiving;
        EXPECT_EQ(all, "bye");
        EXPECT_TRUE(right.peer_finished());
    };
    run(main(left_, right_));
}

TEST_P(StreamTest, SeesTheEndThatCameWhileNobodyWaited) {
    auto main = [](Stream& left, Stream& right) -> Coro<void> {
        co_await left.send("first");
        const std::string first = co_await receive(right);  // short: the stream knows that nothing more is there
        EXPECT_EQ(first, "first");
        left.try_send("bye");
        left.shutdown_send();
        co_await let_news_pass();  // the kernel tells of both, once, and no operation waits
        const std::string rest = co_await receive_until_end(right);
        EXPECT_EQ(rest, "bye");
    };
    run(main(left_, right_));
}

/// Sends until the kernel takes no more, and one wait for it has begun; then the other side reads all of it.
Coro<void> fill_and_drain(Stream& from, Stream& to) {
    const std::string big(8'000'000, 'x');
    auto sends = [](Stream& stream, const std::string& bytes) -> Coro<void> {
        const IoResult sent = co_await stream.send("head", bytes);
        EXPECT_EQ(sent.bytes, bytes.size() + 4);
        EXPECT_EQ(sent.error, 0);
    };
    const Task<void> sending = create_task(sends(from, big));
    co_await sleep_for(1ms);
    EXPECT_FALSE(sending.done());
    std::vector<char> buffer(1 << 20);
    std::size_t received = 0;
    while (received < big.size() + 4) {
        const IoResult got = co_await to.receive(std::span<char>(buffer));
        EXPECT_GT(got.bytes, 0U);
        if (got.bytes == 0) break;
        received += got.bytes;
    }
    co_await sending;
    EXPECT_EQ(from.bytes_sent(), big.size() + 4);
}

TEST_P(StreamTest, SendsMoreThanTheKernelTakesAtOnce) { run(fill_and_drain(left_, right_)); }

TEST_P(StreamTest, SeesTheEndThatCameWithBytesAfterItHadWaitedToSend) {
    auto main = [](Stream& left, Stream& right) -> Coro<void> {
        co_await fill_and_drain(right, left);  // from here on the kernel also watches for writability
        const Task<std::string> receiving = create_task(receive_until_end(right));
        co_await sleep_for(1ms);
        left.try_send("bye");
        left.shutdown_send();
        const std::string all = co_await receiving;
        EXPECT_EQ(all, "bye");
    };
    run(main(left_, right_));
}

TEST_P(StreamTest, SendsOnWhenThePeerHasFinished) {
    auto main = [](Stream& left, Stream& right) -> Coro<void> {
        left.shutdown_send();
        const std::string end = co_await receive(right);
        EXPECT_EQ(end, "<end>");
        const std::string again = co_await receive(right);
        EXPECT_EQ(again, "<end>");
        co_await right.send("still there");
        const std::string got = co_await receive(left);
        EXPECT_EQ(got, "still there");
    };
    run(main(left_, right_));
}

TEST_P(StreamTest, CancelsAReceiveAndCanReceiveAgain) {
    auto main = [](Stream& left, Stream& right) -> Coro<void> {
        for (int i = 0; i < 3; ++i) {
            const Task<std::string> receiving = create_task(receive(right));
            co_await sleep_for(1ms);
            receiving.cancel();
            receiving.cancel();
            co_await sleep_for(1ms);
            EXPECT_TRUE(receiving.cancelled());
        }
        co_await left.send("hello");
        const std::string got = co_await receive(right);
        EXPECT_EQ(got, "hello");
    };
    run(main(left_, right_));
}

Coro<void> receive_then_sleep(Stream& stream, Trace& trace) {
    try {
        trace.push_back(co_await receive(stream));
    } catch (const Cancelled&) {
        trace.push_back("cancelled");
        throw;
    }
    co_await sleep_for(1h);
}

TEST_P(StreamTest, NeverLosesBytesToACancelThatComesLate) {
    auto main = [](Stream& left, Stream& right) -> Coro<void> {
        EventLoop& loop = EventLoop::running();
        for (int round = 0; round < 100; ++round) {
            Trace trace;
            const Task<void> task = create_task(receive_then_sleep(right, trace));
            co_await sleep_for(0s);
            co_await left.send("x");
            // Before, in, or after the turn in which the bytes are read.
            for (int i = 0; i < round % 4; ++i) co_await sleep_for(0s);
            loop.call_soon([task] { task.cancel(); });
            co_await until_done(task);
            EXPECT_TRUE(task.cancelled());
            if (trace == Trace{"cancelled"}) trace.push_back(co_await receive(right));
            EXPECT_EQ(trace.back(), "x");
        }
    };
    run(main(left_, right_));
}

TEST_P(StreamTest, CancelsASendThatWaits) {
    auto main = [](Stream& left, Stream& right) -> Coro<void> {
        const std::string big(8'000'000, 'x');
        auto sends = [](Stream& stream, const std::string& bytes) -> Coro<void> { co_await stream.send(bytes); };
        const Task<void> sending = create_task(sends(left, big));
        co_await sleep_for(1ms);
        sending.cancel();
        co_await until_done(sending);
        EXPECT_TRUE(sending.cancelled());
        EXPECT_LT(left.bytes_sent(), big.size());
        const std::string some = co_await receive(right);
        EXPECT_EQ(some, std::string(64, 'x'));
    };
    run(main(left_, right_));
}

TEST_P(StreamTest, CancelsOneDirectionAndLeavesTheOther) {
    auto main = [](Stream& left, Stream& right) -> Coro<void> {
        const std::string big(8'000'000, 'x');
        auto sends = [](Stream& stream, const std::string& bytes) -> Coro<void> {
            const IoResult sent = co_await stream.send(bytes);
            EXPECT_EQ(sent.bytes, bytes.size());
        };
        const Task<void> sending = create_task(sends(left, big));
        const Task<std::string> receiving = create_task(receive(left));
        co_await sleep_for(1ms);
        receiving.cancel();
        co_await sleep_for(1ms);
        EXPECT_TRUE(receiving.cancelled());
        EXPECT_FALSE(sending.done());
        for (std::size_t received = 0; received < big.size();) {
            std::vector<char> buffer(1 << 20);
            const IoResult got = co_await right.receive(std::span<char>(buffer));
            EXPECT_GT(got.bytes, 0U);
            if (got.bytes == 0) break;
            received += got.bytes;
        }
        co_await sending;
    };
    run(main(left_, right_));
}

TEST_P(StreamTest, EndsWhatWaitsWhenAborted) {
    auto main = [](Stream& left, Stream&) -> Coro<void> {
        const std::string big(8'000'000, 'x');
        auto sends = [](Stream& stream, const std::string& bytes) -> Coro<int> {
            const IoResult sent = co_await stream.send(bytes);
            EXPECT_LT(sent.bytes, bytes.size());
            co_return sent.error;
        };
        auto waits = [](Stream& stream) -> Coro<int> {
            char byte;
            EXPECT_EQ(stream.try_receive(std::span<char>(&byte, 1)).error, EAGAIN);
            const IoResult got = co_await stream.readable();
            co_return got.error;
        };
        const Task<int> sending = create_task(sends(left, big));
        const Task<int> waiting = create_task(waits(left));
        co_await sleep_for(1ms);
        left.abort();
        const int send_error = co_await sending;
        const int wait_error = co_await waiting;
        EXPECT_EQ(send_error, ECANCELED);
        EXPECT_EQ(wait_error, ECANCELED);
    };
    run(main(left_, right_));
}

class Hangups final : public HangupListener {
  public:
    void on_hangup(bool reset) noexcept override { told.push_back(reset ? "reset" : "finished"); }
    Trace told;
};

TEST_P(StreamTest, TellsAWatcherThatThePeerHasFinished) {
    auto main = [](Stream& left, Stream& right, Hangups& hangups) -> Coro<void> {
        right.watch(hangups);
        co_await left.send("unread");
        co_await let_news_pass();
        EXPECT_EQ(hangups.told, Trace{});
        left.shutdown_send();
        co_await let_news_pass();
        EXPECT_EQ(hangups.told, Trace{"finished"});
        const std::string all = co_await receive_until_end(right);
        EXPECT_EQ(all, "unread");
    };
    Hangups hangups;
    run(main(left_, right_, hangups));
}

TEST_P(StreamTest, TellsAWatcherOfAnEndThatCameBeforeItWatched) {
    auto main = [](Stream& left, Stream& right, Hangups& hangups) -> Coro<void> {
        co_await left.send("request");
        const std::string request = co_await receive(right);
        EXPECT_EQ(request, "request");
        left.shutdown_send();
        co_await let_news_pass();
        right.watch(hangups);
        co_await let_news_pass();
        EXPECT_EQ(hangups.told, Trace{"finished"});
    };
    Hangups hangups;
    run(main(left_, right_, hangups));
}

TEST_P(StreamTest, TellsNobodyAfterUnwatch) {
    auto main = [](Stream& left, Stream& right, Hangups& hangups) -> Coro<void> {
        right.watch(hangups);
        co_await let_news_pass();
        right.unwatch();
        left.shutdown_send();
        co_await let_news_pass();
        EXPECT_EQ(hangups.told, Trace{});
        const std::string end = co_await receive(right);
        EXPECT_EQ(end, "<end>");
    };
    Hangups hangups;
    run(main(left_, right_, hangups));
}

TEST_P(StreamTest, ReceivesAfterWatchingWithoutLosingAWakeUp) {
    auto main = [](Stream& left, Stream& right, Hangups& hangups) -> Coro<void> {
        for (int round = 0; round < 30; ++round) {
            right.watch(hangups);
            if (round % 3 == 1) co_await left.send("early");
            co_await let_news_pass();
            if (round % 3 == 2) right.unwatch();
            const Task<std::string> receiving = create_task(receive(right));
            co_await sleep_for(0s);
            if (round % 3 != 1) co_await left.send("late");
            const std::string got = co_await receiving;
            EXPECT_EQ(got, round % 3 == 1 ? "early" : "late");
        }
        EXPECT_EQ(hangups.told, Trace{});
    };
    Hangups hangups;
    run(main(left_, right_, hangups));
}

TEST_P(StreamTest, MayBeDestroyedByItsHangupListener) {
    class Destroyer final : public HangupListener {
      public:
        void on_hangup(bool) noexcept override { stream.reset(); }
        std::unique_ptr<Stream> stream;
    };
    auto main = [](Stream& left, Destroyer& destroyer) -> Coro<void> {
        left.shutdown_send();
        for (int i = 0; i < 1000 && destroyer.stream; ++i) co_await sleep_for(1ms);
        EXPECT_EQ(destroyer.stream, nullptr);
        const std::string end = co_await receive(left);
        EXPECT_EQ(end, "<end>");
    };
    FdPair fds = GetParam()();
    Stream left(loop_, std::move(fds.first));
    Destroyer destroyer;
    destroyer.stream = std::make_unique<Stream>(loop_, std::move(fds.second));
    destroyer.stream->watch(destroyer);
    run(main(left, destroyer));
}

TEST_P(StreamTest, MayBeDestroyedWhileOperationsWait) {
    testing::internal::CaptureStderr();
    {
        AsioLoop loop;
        auto waits = [](AsioLoop& l, UniqueFd fd) -> Coro<void> {
            Stream stream(l, std::move(fd));
            const std::string big(8'000'000, 'x');
            const Task<std::string> receiving = create_task(receive(stream));
            co_await stream.send(big);
        };
        FdPair fds = GetParam()();
        loop.create_task(waits(loop, std::move(fds.first)));
        loop.call_later(2ms, [&] { loop.stop(); });
        loop.run_forever();
    }
    testing::internal::GetCapturedStderr();
}

TEST_P(StreamTest, StartsAfreshWhereAnotherOneWasClosed) {
    // Asio recycles what it keeps of a descriptor; the news of the old one must not be taken for the new one's.
    auto main = [](AsioLoop& loop, FdPair (*make)(), Hangups& hangups) -> Coro<void> {
        for (int i = 0; i < 50; ++i) {
            FdPair old_fds = make();
            auto old = std::make_unique<Stream>(loop, std::move(old_fds.second));
            old_fds.first.reset();
            if (i % 2 == 0) co_await let_news_pass();
            old.reset();
            FdPair fds = make();
            Stream left(loop, std::move(fds.first));
            Stream right(loop, std::move(fds.second));
            right.watch(hangups);
            co_await sleep_for(0s);
            co_await left.send("x");
            const std::string got = co_await receive(right);
            EXPECT_EQ(got, "x");
            EXPECT_FALSE(right.peer_finished());
        }
    };
    Hangups hangups;
    run(main(loop_, GetParam(), hangups));
    EXPECT_EQ(hangups.told, Trace{});
}

struct TcpStream : testing::Test {
    AsioLoop loop;
    FdPair fds = tcp_pair();
};

TEST_F(TcpStream, TellsAReset) {
    auto main = [](Stream& stream, UniqueFd peer) -> Coro<std::string> {
        const Task<std::string> receiving = create_task(receive(stream));
        co_await sleep_for(1ms);
        reset_connection(std::move(peer));
        const std::string got = co_await receiving;
        const IoResult sent = co_await stream.send("x");
        EXPECT_EQ(sent.error, EPIPE);
        co_return got;
    };
    Stream stream(loop, std::move(fds.second));
    EXPECT_EQ(loop.run_until_complete(main(stream, std::move(fds.first))), "connection reset by peer");
}

TEST_F(TcpStream, TellsAWatcherOfAReset) {
    auto main = [](Stream& stream, UniqueFd peer, Hangups& hangups) -> Coro<void> {
        stream.watch(hangups);
        ::shutdown(peer.get(), SHUT_WR);
        co_await let_news_pass();
        EXPECT_EQ(hangups.told, Trace{"finished"});
        reset_connection(std::move(peer));
        for (int i = 0; i < 1000 && hangups.told.size() < 2; ++i) co_await sleep_for(1ms);
        EXPECT_EQ(hangups.told, (Trace{"finished", "reset"}));
    };
    Stream stream(loop, std::move(fds.second));
    Hangups hangups;
    loop.run_until_complete(main(stream, std::move(fds.first), hangups));
}

TEST_F(TcpStream, TellsAWaitingSenderOfAReset) {
    auto main = [](Stream& stream, UniqueFd peer) -> Coro<int> {
        const std::string big(16'000'000, 'x');
        auto sends = [](Stream& s, const std::string& bytes) -> Coro<int> {
            const IoResult sent = co_await s.send(bytes);
            co_return sent.error;
        };
        const Task<int> sending = create_task(sends(stream, big));
        co_await sleep_for(1ms);
        EXPECT_FALSE(sending.done());
        reset_connection(std::move(peer));
        co_return co_await sending;
    };
    Stream stream(loop, std::move(fds.second));
    const int error = loop.run_until_complete(main(stream, std::move(fds.first)));
    EXPECT_TRUE(error == ECONNRESET || error == EPIPE) << error;
}

}  // namespace
}  // namespace girin::test
