#pragma once

// NginxProcess: a real nginx in front of a server under test, with the site file that operators copy (deploy/nginx), of
// which only the addresses are replaced. No port is guessed: the listener is bound here on port 0 and inherited by
// nginx, in the way nginx itself hands its sockets to its successor.

#include <string>
#include <vector>

#include "tests/support/child_process.hpp"
#include "tests/support/endpoint.hpp"
#include "tests/support/temp_dir.hpp"

namespace girin::test {

/// A site file with its `listen` replaced by `listener`, and the addresses of its upstream's `server` lines by
/// `upstreams`; the parameters of the first such line are kept. Errors: a file without either throws.
std::string adapt_nginx_site(const std::string& site, const Endpoint& listener, const std::vector<Endpoint>& upstreams);

struct NginxOptions {
    std::string site_file;            // empty: deploy/nginx/girin-nginx.conf of this tree
    std::string site_text;            // in place of a file
    std::vector<Endpoint> upstreams;  // where girin listens
    std::string extra_http;           // more lines inside http {}
    std::string name = "nginx";       // of its files in the directory, when there are several nginxes
    int workers = 1;
    milliseconds limit{10'000};       // for the start

    NginxOptions() {}
    explicit NginxOptions(Endpoint upstream) : upstreams{std::move(upstream)} {}
};

class NginxProcess {
  public:
    /// Whether nginx is here; a test that needs it says GTEST_SKIP() otherwise.
    static bool installed();

    /// Starts it in `dir` and returns when it serves. Errors: it refuses the configuration, or doesn't serve in time;
    /// the exception's text is its log.
    NginxProcess(const TempDir& dir, const NginxOptions& options);
    /// Ends it and its workers.
    ~NginxProcess();

    const Endpoint& endpoint() const { return endpoint_; }
    ChildProcess& child() { return child_; }
    /// Its error log: an upstream that failed is told here.
    std::string log() const { return child_.standard_error(); }

  private:
    struct Prepared;
    NginxProcess(const Prepared& prepared, milliseconds limit);

    Endpoint endpoint_;
    ChildProcess child_;
};

}  // namespace girin::test
