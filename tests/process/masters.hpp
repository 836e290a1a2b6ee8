#pragma once

// Masters: girin and those that follow it by upgrades, whoever is whose parent. The binary is the test's own copy, so
// that it can be replaced by a bad one. The test process adopts orphans meanwhile, and ends all of them.

#include <optional>
#include <string>
#include <vector>

#include "tests/support/girin_process.hpp"

namespace girin::test {

class Masters {
  public:
    /// Starts `command` from a copy of girin in `dir`, with a pidfile there.
    Masters(const TempDir& dir, GirinCommand command);
    ~Masters();

    GirinProcess& first() { return *girin_; }
    const Endpoint& endpoint() const { return girin_->endpoint(); }
    std::string log() const { return girin_->log(); }

    /// The one that serves, by the pidfile.
    pid_t pid() const;
    void signal(int number) const;
    /// Replaces the binary by an executable file with this content; or by nothing, or by the good one.
    void install(const std::string& content) const;
    void uninstall() const;
    void install_good() const;

    /// Waits for a line with `part` in the log of all of them.
    [[nodiscard]] testing::AssertionResult logs(const std::string& part, std::size_t from = 0,
                                                milliseconds limit = milliseconds{15'000}) const;
    /// USR2, and waits until another master has taken over and `pid()` before is gone.
    [[nodiscard]] testing::AssertionResult upgrade() const;
    /// USR2, and waits until the new master is ready and watched.
    [[nodiscard]] testing::AssertionResult begins_to_soak() const;
    [[nodiscard]] testing::AssertionResult is_gone(pid_t pid) const;
    /// Which master answers on an address of its monitor, as its /v1/status says; 0: none.
    static pid_t answering_on(const Endpoint& monitor);
    /// The first master's --admin-bind, with its real port.
    Endpoint admin() const;
    /// The pid of the last successor that was started.
    pid_t successor() const;

  private:
    void end_all();

    const TempDir& dir_;
    std::optional<GirinProcess> girin_;
};

}  // namespace girin::test
