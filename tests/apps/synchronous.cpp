// A synchronous application that blocks, streams, reads and fails, each on demand.
//   /            "sync"            /block/MS     sleeps on its thread      /echo        the body back
//   /stream/N/S  N pieces of S     /throw        a std::runtime_error      /teapot      HttpError 418
//   /started     whether start_blocking() ran before
//   /deadlock    a mutex locked twice                    /long/MS      sleeps so long, having said so
//   /fork-and-deadlock   the same, while a child returns from the handler
//   /crash       by a fault      /overflow   by recursion without end      /terminate  an exception that nobody catches
//   /compute/MS  of processor time
//   /fork-and-hang     its child returns, and it locks a mutex twice
//   /fork-and-write    its child writes a piece of the answer, /fork-and-crash crashes; then it sleeps for a moment
//   /print       on both standard streams                /endless      streams until its worker drains
// stop_blocking() says on standard error whether a handler still runs. A static object says there when it is destroyed,
// in GIRIN_TEST_AT_EXIT; with "hangs" it never is, with "dawdles" it takes 3 s.

#include <charconv>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <girin/app.hpp>

namespace {

/// For whoever wants to see that the process ended as programs do.
struct StaticObject {
    ~StaticObject() {
        const char* const wish = std::getenv("GIRIN_TEST_AT_EXIT");
        if (wish == nullptr) return;
        std::fprintf(stderr, "static object destroyed\n");
        if (std::strcmp(wish, "dawdles") == 0) std::this_thread::sleep_for(std::chrono::seconds(3));
        if (std::strcmp(wish, "hangs") == 0) std::this_thread::sleep_for(std::chrono::hours(1));
    }
} g_static;

std::mutex g_mutex;

// Out of line, and named in stacks.
[[gnu::noinline]] void lock_mutex_twice() {
    g_mutex.lock();
    g_mutex.lock();
}

// NOLINTNEXTLINE(misc-no-recursion)
[[gnu::noinline]] int recurse_on_thread(int depth) {
    volatile char room[1000] = {};
    room[0] = static_cast<char>(depth);
    return depth == -1 ? 0 : recurse_on_thread(depth + 1) + room[0];
}

[[gnu::noinline]] void crash_on_thread() {
    volatile int* volatile nowhere = nullptr;  // what a compiler knows to be null would be no store at all
    *nowhere = 1;
}

/// Of this thread's own processor time, however long that takes.
void compute(std::size_t milliseconds) {
    timespec used{};
    const auto used_ms = [&used] {
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
        return static_cast<std::size_t>(used.tv_sec) * 1000 + static_cast<std::size_t>(used.tv_nsec) / 1'000'000;
    };
    const std::size_t end = used_ms() + milliseconds;
    while (used_ms() < end) {
    }
}

void throw_it() { throw std::runtime_error("nobody catches this"); }
[[gnu::noinline]] void throw_uncaught() noexcept { throw_it(); }

/// The number that `text` begins with; takes it off, and the slash behind it.
std::size_t take_number(std::string_view& text) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) throw girin::HttpError(400, "a number is missing");
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.empty()) text.remove_prefix(1);
    return number;
}

class Synchronous final : public girin::SyncApplication {
  public:
    Synchronous() : SyncApplication(64 << 20) {}

    void start_blocking(const girin::WorkerInfo&) override { started_ = true; }

    void handle_blocking(girin::SyncRequest& request, girin::SyncResponse& response) override {
        std::string_view rest = request.path();
        const auto below = [&rest](std::string_view prefix) {
            if (!rest.starts_with(prefix)) return false;
            rest.remove_prefix(prefix.size());
            return true;
        };
        struct Running {
            explicit Running(std::atomic<int>& all) : count(all) { ++count; }
            ~Running() { --count; }
            std::atomic<int>& count;
        };
        const Running counted(running_);
        if (below("/compute/")) {
            compute(take_number(rest));
        } else if (below("/deadlock")) {
            lock_mutex_twice();
        } else if (below("/fork-and-deadlock")) {
            if (::fork() != 0) lock_mutex_twice();
        } else if (below("/crash")) {
            crash_on_thread();
        } else if (below("/overflow")) {
            recurse_on_thread(0);
        } else if (below("/terminate")) {
            throw_uncaught();
        } else if (below("/fork-and-hang")) {
            if (::fork() != 0) lock_mutex_twice();
        } else if (below("/fork-and-write")) {
            if (::fork() == 0) response.write("the child's");
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
            response.body("the parent's");
        } else if (below("/fork-and-crash")) {
            if (::fork() == 0) crash_on_thread();
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
            response.body("the parent's");
        } else if (below("/print")) {
            std::printf("printed on standard output\n");
            std::fprintf(stderr, "printed on standard error\n");
        } else if (below("/long/")) {
            request.extend_deadline(std::chrono::minutes(10));
            std::this_thread::sleep_for(std::chrono::milliseconds(take_number(rest)));
            response.body("at last\n");
        } else if (below("/endless")) {
            while (!request.is_draining()) {
                response.write("piece\n");
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
            }
            response.write("the end\n");
        } else if (below("/block/")) {
            std::this_thread::sleep_for(std::chrono::milliseconds(take_number(rest)));
            response.body("blocked\n");
        } else if (below("/stream/")) {
            const std::size_t count = take_number(rest);
            const std::string piece(take_number(rest), 'x');
            for (std::size_t i = 0; i < count; ++i) response.write(piece);
        } else if (below("/echo")) {
            response.body(request.body());
        } else if (below("/throw")) {
            throw std::runtime_error("thrown on a thread");
        } else if (below("/teapot")) {
            throw girin::HttpError(418, "short and stout");
        } else if (below("/started")) {
            response.body(started_ ? "yes" : "no");
        } else {
            response.header("X-Kind", "sync").body("sync");
        }
    }

    void stop_blocking() override {
        if (running_ > 0) std::fprintf(stderr, "stop_blocking() while a handler runs\n");
        std::fprintf(stderr, "stop_blocking()\n");
    }

  private:
    std::atomic<int> running_ = 0;
    bool started_ = false;
};

}  // namespace

GIRIN_APPLICATION(app, Synchronous)
