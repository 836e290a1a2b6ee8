#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <string>

#include <girin/tasks.hpp>

#include "misbehaving.hpp"

namespace girin_test {
namespace {

std::string wanted_behaviour() {
    if (const char* said = std::getenv("GIRIN_TEST_STARTUP")) return said;
    std::string word;
    if (const char* file = std::getenv("GIRIN_TEST_STARTUP_FILE")) std::ifstream(file) >> word;
    return word;
}

girin::Coro<void> die_later() {
    co_await girin::sleep_for(std::chrono::milliseconds(50));
    ::_exit(9);
}

}  // namespace

void spin_for(long milliseconds) {
    const auto start = std::chrono::steady_clock::now();
    const std::chrono::milliseconds limit(milliseconds);
    volatile unsigned long work = 0;
    while (milliseconds == kForEver || std::chrono::steady_clock::now() - start < limit) work = work + 1;
}

void lock_twice() {
    std::mutex mutex;
    mutex.lock();
    mutex.lock();
}

int recurse(int depth) {
    static volatile int end = -1;  // never reached, which compilers must not know
    if (depth == end) return 0;
    volatile char used[1024];
    used[0] = static_cast<char>(depth);
    return recurse(depth + 1) + used[0];  // the addition keeps this from becoming a loop
}

girin::Coro<void> start_up() {
    const std::string behaviour = wanted_behaviour();
    if (behaviour == "throw") throw std::runtime_error("the stock file is missing");
    if (behaviour == "throw-int") throw 7;
    if (behaviour == "hang") co_await girin::sleep_for(std::chrono::hours(24));
    if (behaviour == "block") ::pause();
    if (behaviour == "crash") std::raise(SIGSEGV);
    if (behaviour == "abort") std::abort();
    if (behaviour == "exit") ::_exit(3);
    if (behaviour == "die-later") girin::create_task(die_later());
    if (behaviour == "tell") std::fputs("the stock file is there\n", stderr);
    if (behaviour == "slow") co_await girin::sleep_for(std::chrono::milliseconds(300));
}

}  // namespace girin_test
