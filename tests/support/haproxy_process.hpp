#pragma once

// HaproxyProcess: a real HAProxy in front of a server under test, with the file that operators copy (deploy/haproxy),
// of which only addresses and size are replaced. Its listener is bound here on port 0 and inherited.

#include <string>
#include <vector>

#include "tests/support/child_process.hpp"
#include "tests/support/endpoint.hpp"
#include "tests/support/temp_dir.hpp"

namespace girin::test {

/// A configuration with its `bind` replaced by the inherited descriptor, and the addresses of its backend's `server`
/// lines by `upstreams`; the parameters of the first such line are kept. Errors: a file without either throws.
std::string adapt_haproxy_config(const std::string& config, int listener_fd, const std::vector<Endpoint>& upstreams);

struct HaproxyOptions {
    std::string config_file;          // empty: deploy/haproxy/haproxy.cfg of this tree
    std::string config_text;          // in place of a file
    std::vector<Endpoint> upstreams;  // where girin listens
    std::string extra_backend;        // more lines at the end, where the backend is
    milliseconds limit{10'000};       // for the start

    HaproxyOptions() {}
    explicit HaproxyOptions(Endpoint upstream) : upstreams{std::move(upstream)} {}
};

class HaproxyProcess {
  public:
    /// Whether HAProxy is here; a test that needs it says GTEST_SKIP() otherwise.
    static bool installed();

    /// Starts it in `dir` and returns when it has taken the configuration. Requests sent from then on are answered:
    /// those that come before it serves wait in the listener's queue. Errors: it ended; the exception's text is its
    /// log.
    HaproxyProcess(const TempDir& dir, const HaproxyOptions& options);

    const Endpoint& endpoint() const { return endpoint_; }
    ChildProcess& child() { return child_; }
    std::string log() const { return child_.standard_error() + child_.standard_output(); }

  private:
    struct Prepared;
    HaproxyProcess(const Prepared& prepared, milliseconds limit);

    Endpoint endpoint_;
    ChildProcess child_;
};

}  // namespace girin::test
