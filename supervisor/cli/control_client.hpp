#pragma once

// The other end of the control socket: finds a server's, asks, and waits for the answer. For girin's own commands;
// everything here blocks. Not here: what the commands are (commands.hpp).

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "girin/base/error.hpp"

namespace girin {

struct ControlReply {
    int status = 0;
    std::string body;
};

/// One request on a connection of its own. Waits for as long as it takes; for `limit` as a whole, where one is given.
/// `while_waiting` is called once a second as long as nothing of the answer has come.
/// Errors: nobody listens; the connection ends before the answer; time is over.
Result<ControlReply> ask_blocking(const std::string& socket_path, const std::string& method, const std::string& target,
                                  const std::string& body = {},
                                  std::optional<std::chrono::milliseconds> limit = std::nullopt,
                                  const std::function<void()>& while_waiting = {});

/// Which server is meant.
struct ServerChoice {
    std::string socket_path;  // empty: the only one there is, of those that fit
    std::string name;         // as --name; empty: any
    std::string pidfile;      // of its master; empty: any
};

/// Errors: there is none, or there are several (all are named), or the pidfile can't be read.
struct ServerPath {
    std::string path;
};
Result<ServerPath> find_server_blocking(const ServerChoice& choice);

}  // namespace girin
