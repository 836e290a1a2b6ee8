#pragma once

// FuzzApplication: a handler for each way in which an application may behave; a letter in the path chooses it, two hex
// digits say how much of it. Every answer says which call it came of, and echoes what the request said.

#include <vector>

#include "girin/app.hpp"
#include "girin/loop/future.hpp"
#include "tests/fuzz/server/judge.hpp"
#include "tests/fuzz/server/virtual_asio_loop.hpp"

namespace girin::test {

class FuzzApplication final : public Application {
  public:
    FuzzApplication(VirtualAsioLoop& loop, Judge& judge) : loop_(loop), judge_(judge), gate_(loop) {}

    Coro<void> handle(Request& request, Response& response) override;

    /// Lets go on what waits for it; `for_good`: and whatever comes later.
    void open_gate(bool for_good);

    // --- for handlers

    VirtualAsioLoop& loop() { return loop_; }
    Judge& judge() { return judge_; }
    const Future<void>& gate() const { return gate_; }
    bool compares_runs() const { return compares_runs_; }
    /// Handlers don't do what depends on how a request came.
    void compare_runs() { compares_runs_ = true; }

  private:
    VirtualAsioLoop& loop_;
    Judge& judge_;
    Future<void> gate_;
    bool compares_runs_ = false;
};

}  // namespace girin::test
