#pragma once

// MisbehavingServer: a tiny server in a thread of the test that does to each request what its target says. It speaks
// just enough HTTP to be asked.

#include <atomic>
#include <thread>

#include "girin/base/unique_fd.hpp"
#include "tests/support/endpoint.hpp"

namespace girin::load {

/// Targets: /ok "fine", kept alive · /reset and /close before any byte · /reset-mid and /short after 3 of 10 body bytes
/// · /half-head closes in the head · /500 · /404 · /wrong another body · /beginning "fi" as a whole answer · /silent
/// nothing · /garbage no HTTP · /extra a byte too many · /ok-then-close "fine", then closes without having said so ·
/// /ok-then-deaf "fine", then closes when the next request comes.
class MisbehavingServer {
  public:
    explicit MisbehavingServer(test::Endpoint endpoint = test::Endpoint::tcp("127.0.0.1", 0));
    ~MisbehavingServer();

    const test::Endpoint& endpoint() const { return endpoint_; }

  private:
    void run();

    test::Endpoint endpoint_;
    UniqueFd listener_;
    UniqueFd wake_;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

}  // namespace girin::load
