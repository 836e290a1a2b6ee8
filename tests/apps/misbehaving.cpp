// An application that does wrong on demand; one request, one fault.
//   /throw /throw-int /throw-late   exceptions before and after the head
//   /crash /abort /exit/CODE        ends the worker; /leave/CODE: by exit() and not _exit()
//   /spin /spin/MS                  burns the processor on the loop
//   /block/MS /deadlock             blocks the loop; by a mutex taken twice
//   /overflow                       recursion without end
//   /wait-and-spin                  spins after a wait of 1 ms
//   /leak/BYTES                     keeps memory
//   /big/BYTES                      a body at once
//   /bad-header                     a line break in a field
//   /short-body /long-body          breaks its length
//   /slow-write                     ten pieces, 100 ms apart
//   /stream                         a piece each 50 ms, for ever
//   /hang /sleep/MS                 answers never, late
//   /orphans/COUNT                  leaves children behind that are nobody's and exit with 3
//   /fork/MS                        leaves a child behind that holds every descriptor for so long
//   /fork-and-return                the child returns from the handler, as its parent does
//   /in-executor/deadlock /in-executor/MS   a mutex taken twice, a sleep, in the pool; /in-executor/long/MS: having said so
//   /doze/MS                        blocks the loop in naps of 10 ms: time in which all stand still doesn't count
//   /block-said/MS                  blocks the loop, having said so
//   /crash-elsewhere                a fault in a thread of its own, while the handler keeps the loop
//   /crash-in-two                   the same in two threads at once
//   /crash-in-child                 a fault in a child that it forks and waits for: "child ended by signal 11"
//   /events                         a piece each 50 ms, until the worker drains
//   /shut-listeners                 shutdown() of all that it listens on, for everybody
//   /whole                          the length of the body, held as a whole
//   /who                            "PID GENERATION REQUEST-NUMBER"
//   /version                        "1", or "2" in misbehaving2.so
//   /file?PATH                      what is in a file, or "nothing"
//   /loaded                         as which user the library was loaded, and its object made: "UID UID"
// Everything else: "ok". How its start-up misbehaves: misbehaving.hpp.

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <girin/girin.hpp>

#include "misbehaving.hpp"

namespace {

using girin::Coro;
using girin::Request;
using girin::Response;
using namespace std::chrono_literals;

/// What follows the last slash.
long argument(const Request& request, long otherwise) {
    const std::string_view path = request.path();
    const std::string_view digits = path.substr(path.rfind('/') + 1);
    long number = otherwise;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

Coro<void> say_ok(Response& response) {
    response.body("ok");
    co_return;
}

Coro<void> throw_error(Request&, Response&) {
    throw std::runtime_error("thrown on demand");
    co_return;
}

Coro<void> throw_int(Request&, Response&) {
    throw 7;
    co_return;
}

Coro<void> throw_late(Request&, Response& response) {
    co_await response.write("the head and this are sent");
    co_await response.flush();
    throw std::runtime_error("thrown after the head");
}

Coro<void> crash(Request&, Response&) {
    // By a real fault, as a broken program has it; raise() would show another si_code.
    volatile int* nowhere = nullptr;
    *nowhere = 1;
    co_return;
}

Coro<void> abort_now(Request&, Response&) {
    std::abort();
    co_return;
}

Coro<void> exit_now(Request& request, Response&) {
    ::_exit(static_cast<int>(argument(request, 0)));
    co_return;
}

Coro<void> leave(Request& request, Response&) {
    std::exit(static_cast<int>(argument(request, 0)));
    co_return;
}

Coro<void> spin(Request& request, Response& response) {
    girin_test::spin_for(argument(request, girin_test::kForEver));
    return say_ok(response);
}

Coro<void> block(Request& request, Response& response) {
    std::this_thread::sleep_for(std::chrono::milliseconds(argument(request, 0)));
    return say_ok(response);
}

Coro<void> wait_and_spin(Request&, Response& response) {
    co_await girin::sleep_for(1ms);
    girin_test::spin_for(girin_test::kForEver);
    response.body("ok");
}

Coro<void> deadlock(Request&, Response& response) {
    girin_test::lock_twice();
    return say_ok(response);
}

Coro<void> overflow(Request&, Response& response) {
    girin_test::recurse(0);
    return say_ok(response);
}

Coro<void> hang(Request&, Response& response) {
    co_await girin::sleep_for(24h);
    response.body("ok");
}

Coro<void> nap(Request& request, Response& response) {
    co_await girin::sleep_for(std::chrono::milliseconds(argument(request, 0)));
    response.body("slept");
}

// Each is the child of a child that has ended, so that whoever reaps strangers gets it.
Coro<void> fork_without_exec(Request& request, Response& response) {
    if (::fork() == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(argument(request, 1000)));
        ::_exit(0);
    }
    return say_ok(response);
}

Coro<void> fork_and_return(Request&, Response& response) {
    ::fork();
    return say_ok(response);
}

Coro<void> leave_orphans(Request& request, Response& response) {
    const pid_t between = ::fork();
    if (between == 0) {
        for (long i = argument(request, 1); i > 0; --i) {
            if (::fork() == 0) {
                std::this_thread::sleep_for(200ms);
                ::_exit(3);
            }
        }
        ::_exit(0);
    }
    ::waitpid(between, nullptr, 0);
    return say_ok(response);
}

Coro<void> say_who(Request& request, Response& response) {
    response.body(std::to_string(::getpid()) + " " + std::to_string(request.worker().generation) + " " +
                  std::to_string(request.number()));
    co_return;
}

Coro<void> show_file(Request& request, Response& response) {
    std::ifstream file{std::string(request.query())};
    std::ostringstream text;
    if (file) text << file.rdbuf();
    response.body(file ? text.str() : "nothing");
    co_return;
}

/// The query's bytes, which are written in hexadecimal.
Coro<void> throw_bytes(Request& request, Response&) {
    std::string text;
    for (std::size_t i = 0; i + 1 < request.query().size(); i += 2) {
        text += static_cast<char>(std::stoi(std::string(request.query().substr(i, 2)), nullptr, 16));
    }
    throw std::runtime_error(text);
}

Coro<void> change_directory(Request& request, Response& response) {
    response.body(::chdir("/") == 0 ? "changed" : "stayed");
    static_cast<void>(request);
    co_return;
}

const uid_t g_loaded_by = ::geteuid();
uid_t g_made_by = 0;

#ifndef VERSION
#define VERSION 1
#endif
Coro<void> say_version(Request&, Response& response) {
    response.body(std::to_string(VERSION));
    co_return;
}

Coro<void> say_by_whom(Request&, Response& response) {
    response.body(std::to_string(g_loaded_by) + " " + std::to_string(g_made_by));
    co_return;
}

Coro<void> leak(Request& request, Response& response) {
    static std::vector<std::vector<char>> kept;
    kept.emplace_back(static_cast<std::size_t>(argument(request, 0)), 'x');
    return say_ok(response);
}

Coro<void> big(Request& request, Response& response) {
    response.body(std::string(static_cast<std::size_t>(argument(request, 0)), 'x'));
    co_return;
}

Coro<void> bad_header(Request&, Response& response) {
    response.header("X-Split", "one\r\nX-Injected: two");
    return say_ok(response);
}

Coro<void> short_body(Request&, Response& response) {
    response.header("Content-Length", "100");
    co_await response.write("ten bytes.");
}

Coro<void> long_body(Request&, Response& response) {
    response.header("Content-Length", "5");
    co_await response.write("ten bytes.");
}

Coro<void> slow_write(Request&, Response& response) {
    for (int i = 0; i < 10; ++i) {
        co_await response.write("piece\n");
        co_await response.flush();
        co_await girin::sleep_for(100ms);
    }
}

Coro<void> stream(Request&, Response& response) {
    for (;;) {
        co_await response.write("piece\n");
        co_await response.flush();
        co_await girin::sleep_for(50ms);
    }
}

void sleep_blocking(long milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

void sleep_long_blocking(long milliseconds) {
    girin::extend_job_deadline(10min);
    sleep_blocking(milliseconds);
}

Coro<void> lock_in_executor(Request&, Response& response) {
    const girin::Future<void> locked = girin::run_in_executor(&girin_test::lock_twice);
    co_await locked;
    response.body("ok");
}

Coro<void> sleep_in_executor(Request& request, Response& response) {
    const girin::Future<void> slept = girin::run_in_executor(&sleep_blocking, argument(request, 0));
    co_await slept;
    response.body("ok");
}

Coro<void> sleep_long_in_executor(Request& request, Response& response) {
    const girin::Future<void> slept = girin::run_in_executor(&sleep_long_blocking, argument(request, 0));
    co_await slept;
    response.body("ok");
}

Coro<void> doze(Request& request, Response& response) {
    for (long left = argument(request, 0); left > 0; left -= 10) std::this_thread::sleep_for(10ms);
    return say_ok(response);
}

Coro<void> block_having_said(Request& request, Response& response) {
    request.extend_deadline(10min);
    return block(request, response);
}

Coro<void> crash_elsewhere(Request&, Response&) {
    std::thread([] {
        volatile int* nowhere = nullptr;
        *nowhere = 1;
    }).join();
    co_return;
}

Coro<void> crash_in_two(Request&, Response&) {
    std::atomic<int> there = 0;
    const auto crash_together = [&there] {
        volatile int* volatile nowhere = nullptr;
        for (++there; there < 2;) {
        }
        *nowhere = 1;
    };
    std::thread one(crash_together), other(crash_together);
    one.join();
    other.join();
    co_return;
}

Coro<void> crash_in_child(Request&, Response& response) {
    const pid_t child = ::fork();
    if (child == 0) {
        volatile int* volatile nowhere = nullptr;
        *nowhere = 1;
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    response.body(WIFSIGNALED(status) ? "child ended by signal " + std::to_string(WTERMSIG(status)) : "child lives");
    co_return;
}

Coro<void> send_events(Request& request, Response& response) {
    while (!request.is_draining()) {
        co_await response.write("piece\n");
        co_await response.flush();
        try {
            const girin::Future<void> draining = request.draining();
            co_await girin::wait_for(draining, 50ms);
        } catch (const girin::TimeoutError&) {
        }
    }
    co_await response.write("the end\n");
}

Coro<void> hold_whole(Request& request, Response& response) {
    const std::string body = co_await request.read_all(1UL << 30);
    response.body(std::to_string(body.size()));
}

Coro<void> shut_listeners(Request&, Response& response) {
    for (int fd = 3; fd < 200; ++fd) {
        int listens = 0;
        socklen_t bytes = sizeof listens;
        if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &bytes) == 0 && listens == 1) ::shutdown(fd, SHUT_RDWR);
    }
    response.body("shut");
    co_return;
}

struct Fault {
    std::string_view path;  // one that ends in '/' takes a number
    Coro<void> (*commit)(Request&, Response&);
};
constexpr Fault kFaults[] = {
    {"/throw", throw_error}, {"/throw-int", throw_int},   {"/throw-late", throw_late}, {"/crash", crash},
    {"/abort", abort_now},   {"/exit/", exit_now},        {"/leave/", leave},
    {"/spin", spin},             {"/spin/", spin},
    {"/block/", block},      {"/deadlock", deadlock},    {"/overflow", overflow},     {"/wait-and-spin", wait_and_spin},
    {"/hang", hang},             {"/leak/", leak},            {"/big/", big},
    {"/bad-header", bad_header}, {"/short-body", short_body}, {"/long-body", long_body}, {"/slow-write", slow_write},
    {"/in-executor/deadlock", lock_in_executor}, {"/in-executor/long/", sleep_long_in_executor},
    {"/in-executor/", sleep_in_executor}, {"/events", send_events}, {"/crash-elsewhere", crash_elsewhere},
    {"/crash-in-two", crash_in_two}, {"/crash-in-child", crash_in_child},
    {"/block-said/", block_having_said}, {"/doze/", doze}, {"/whole", hold_whole},
    {"/shut-listeners", shut_listeners},
    {"/file", show_file}, {"/loaded", say_by_whom}, {"/throw-bytes", throw_bytes}, {"/chdir", change_directory},
    {"/stream", stream}, {"/sleep/", nap}, {"/orphans/", leave_orphans}, {"/fork/", fork_without_exec},
    {"/fork-and-return", fork_and_return}, {"/who", say_who}, {"/version", say_version},
};

class Misbehaving final : public girin::Application {
  public:
    Misbehaving() { g_made_by = ::geteuid(); }

    Coro<void> startup(const girin::WorkerInfo&) override { return girin_test::start_up(); }

    Coro<void> handle(Request& request, Response& response) override {
        const std::string_view path = request.path();
        for (const Fault& fault : kFaults) {
            const bool takes_number = fault.path.ends_with('/');
            if (takes_number ? path.starts_with(fault.path) : path == fault.path) return fault.commit(request, response);
        }
        return say_ok(response);
    }
};

}  // namespace

GIRIN_APPLICATION(app, Misbehaving)
