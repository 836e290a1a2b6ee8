#pragma once

// MasterProcess: a supervisor in a process of its own, with workers that are a few lines of the test instead of a
// server.

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "supervisor/turn/supervisor.hpp"
#include "tests/support/deadline.hpp"
#include "tests/support/temp_dir.hpp"

namespace girin::test {

using Work = std::function<int(const Settings&, const WorkerPlace&)>;

struct MasterOptions {
    Settings settings;
    Work work;
    std::function<Result<Settings>()> read_settings;  // none: the same again
    std::function<Result<void>(const Settings&, int)> check_settings;
    Os* os = nullptr;  // none: the real one

    MasterOptions();
};

class MasterProcess {
  public:
    /// Returns at once; see wait_for_log. Its log, and that of its workers, is `dir`/log.
    MasterProcess(const TempDir& dir, const MasterOptions& options);
    /// Kills the master if it still runs; its workers end with it.
    ~MasterProcess();
    MasterProcess(const MasterProcess&) = delete;
    MasterProcess& operator=(const MasterProcess&) = delete;

    pid_t pid() const { return pid_; }
    void signal(int signo) const;
    std::vector<pid_t> workers() const;
    std::string log() const;

    /// Waits for `count` occurrences of `part` in the log.
    [[nodiscard]] testing::AssertionResult logs(const std::string& part, std::size_t count = 1) const;
    /// How often `part` stands there now.
    std::size_t count(const std::string& part) const;
    [[nodiscard]] testing::AssertionResult has_workers(std::size_t count) const;
    /// The exit code; -1: it still runs after 10 s, or was killed.
    int wait_exit();
    /// Where it listens, from the log: the n-th address.
    std::string address(std::size_t index = 0) const;

  private:
    std::string log_file_;
    pid_t pid_ = -1;
    UniqueFd pidfd_;
};

/// Workers: says ready, ticks, and does as it is told. `on_ready` runs after it said so.
int obedient_worker(const WorkerPlace& place, const std::function<void()>& on_ready = [] {});

}  // namespace girin::test
