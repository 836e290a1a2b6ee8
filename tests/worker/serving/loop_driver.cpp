#include "tests/worker/serving/loop_driver.hpp"

namespace girin::test {
namespace {

// Fruitless turns before the loop is allowed to wait.
constexpr int kEagerTurns = 50;

}  // namespace

bool LoopDriver::run_until(const std::function<bool()>& condition, milliseconds limit) {
    const Deadline deadline(limit);
    for (int turns = 0; !condition(); ++turns) {
        if (deadline.passed()) return false;
        if (turns < kEagerTurns) {
            run_turns(1);
            continue;
        }
        loop_.call_later(milliseconds(1), [this] { loop_.stop(); });
        loop_.run_forever();
    }
    return true;
}

void LoopDriver::run_turns(int count) {
    for (int i = 0; i < count; ++i) {
        loop_.stop();  // before a run: that run makes one turn
        loop_.run_forever();
    }
}

}  // namespace girin::test
