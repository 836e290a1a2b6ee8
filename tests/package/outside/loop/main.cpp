// A program with girin's loop and no server.

#include <girin/loop.hpp>

#include <chrono>
#include <cstdio>

namespace {

girin::Coro<void> add_soon(int& sum, int summand) {
    co_await girin::sleep_for(std::chrono::milliseconds(1));
    sum += summand;
}

girin::Coro<int> add_up() {
    int sum = co_await girin::run_in_executor([] { return 30; });
    girin::EventLoop& loop = girin::EventLoop::running();
    const girin::Task<void> first = loop.create_task(add_soon(sum, 5));
    const girin::Task<void> second = loop.create_task(add_soon(sum, 7));
    co_await first;
    co_await second;
    co_return sum;
}

}  // namespace

int main() {
    girin::AsioLoop loop;
    std::printf("%d by girin's loop\n", loop.run_until_complete(add_up()));
}
