#pragma once

// GirinProcess: the real girin, started by a test on port 0, with its real addresses read back from its log.

#include <csignal>
#include <string>
#include <vector>

#include "tests/support/child_process.hpp"
#include "tests/support/endpoint.hpp"
#include "tests/support/temp_dir.hpp"

namespace girin::test {

/// How to start girin.
struct GirinCommand {
    std::vector<std::string> args;                   // {"-w", "2", "-b", "127.0.0.1:0", "demo"}
    std::map<std::string, std::string> environment;  // added to the test's
    std::size_t ready_workers = 1;                   // started() waits for so many; 0: for none
    milliseconds limit{15'000};                      // for the start
    std::string program;                             // empty: the girin of this build
    std::vector<std::pair<int, int>> inherit;        // descriptor here → number there, for `fd://N`

    GirinCommand() {}
    GirinCommand(std::vector<std::string> with, std::size_t ready = 1) : args(std::move(with)), ready_workers(ready) {}
};

/// Path of the girin of this build.
std::string girin_binary();
/// girin with `args`, as a Command for run(): for `--help` and for starts that must fail.
Command girin_command(std::vector<std::string> args);

class GirinProcess {
  public:
    /// Starts girin in `dir` (its working directory, and where its output is kept) and returns when it listens and
    /// `ready_workers` workers have said that they are ready. Errors: it ended or didn't get there in time; the
    /// exception's text is its log.
    GirinProcess(const TempDir& dir, const GirinCommand& command);
    /// Ends the master, and every worker that outlives it; such a worker fails the test.
    ~GirinProcess();

    pid_t pid() const { return child_.pid(); }
    ChildProcess& child() { return child_; }
    /// Where it listens, in the order of its log; ports are the real ones.
    const std::vector<Endpoint>& endpoints() const { return endpoints_; }
    const Endpoint& endpoint() const { return endpoints_.front(); }

    /// Live children of the master, but for its monitor and its zygotes.
    std::vector<pid_t> workers() const;
    /// Waits until there are `count` live workers, none of which is among `not_these`, and no zombie.
    [[nodiscard]] testing::AssertionResult workers_become(std::size_t count, const std::vector<pid_t>& not_these = {},
                                                          milliseconds limit = milliseconds{15'000}) const;
    /// Waits until `count` more workers have said that they are ready, counted from `from` in the log.
    [[nodiscard]] testing::AssertionResult becomes_ready(std::size_t count, std::size_t from,
                                                         milliseconds limit = milliseconds{15'000}) const;

    void signal(int number) { child_.signal(number); }
    void hup() { signal(SIGHUP); }
    void term() { signal(SIGTERM); }
    void interrupt() { signal(SIGINT); }
    void quit() { signal(SIGQUIT); }
    void ttin() { signal(SIGTTIN); }
    void ttou() { signal(SIGTTOU); }
    void usr1() { signal(SIGUSR1); }

    /// TERM, then how it ended; nullopt: it still runs after `limit`.
    std::optional<ExitStatus> stop(milliseconds limit = milliseconds{15'000});

    /// Its log so far (standard error).
    std::string log() const { return child_.standard_error(); }
    /// A place in the log to look on from.
    std::size_t mark() const { return child_.mark(); }
    std::optional<std::string> wait_for_log(std::string_view part, milliseconds limit = milliseconds{10'000},
                                            std::size_t from = 0) {
        return child_.wait_for_line(part, limit, from);
    }

  private:
    void wait_until_started(const GirinCommand& command);

    ChildProcess child_;
    std::vector<Endpoint> endpoints_;
};

}  // namespace girin::test
