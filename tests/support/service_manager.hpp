#pragma once

// ServiceManager: what a test needs of systemd: a notify socket that keeps every message and every descriptor that it
// is handed, and gives the descriptors back to the next start.

#include <map>
#include <string>
#include <vector>

#include "girin/base/unique_fd.hpp"
#include "tests/support/girin_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace girin::test {

class ServiceManager {
  public:
    /// Listens on a socket in `dir`.
    explicit ServiceManager(const TempDir& dir);

    /// `command` as the manager would start it: NOTIFY_SOCKET, and LISTEN_FDS for `sockets` (name, descriptor; borrowed
    /// until it has started) with the starting process's own pid.
    GirinCommand command(GirinCommand command, const std::vector<std::pair<std::string, int>>& sockets = {}) const;

    /// All messages so far; several lines each.
    const std::vector<std::string>& messages();
    /// Waits for a message with this whole line, in the messages from `from` on.
    [[nodiscard]] testing::AssertionResult hears(const std::string& line, std::size_t from = 0,
                                                 milliseconds limit = milliseconds{10'000});
    /// The last value of `variable`; empty: never told.
    std::string last(const std::string& variable);
    std::size_t count(const std::string& line);

    /// The descriptors that it keeps, by their names. Like systemd it keeps the same open file only once.
    std::vector<std::pair<std::string, int>> kept();

    const std::string& path() const { return path_; }

  private:
    void read_all();
    void read_message(const std::string& text, std::vector<UniqueFd> fds);

    std::string path_;
    UniqueFd socket_;
    std::vector<std::string> messages_;
    std::multimap<std::string, UniqueFd> kept_;
};

}  // namespace girin::test
