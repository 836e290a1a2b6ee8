#pragma once

// What tests of the real girin share: its applications, its load, and short ways to say what is expected. Not here:
// starting and stopping it (tests/support/girin_process.hpp).

#include <string>
#include <vector>

#include "tests/load/load_client.hpp"
#include "tests/support/girin_process.hpp"

namespace girin::test {

/// Path of a shared object of tests/apps: "misbehaving" → "…/apps/misbehaving.so".
std::string app(const std::string& name);

/// Whether the long forms are wanted (GIRIN_LONG=1), and a number by it.
bool is_long();
template <class T>
T in_short_or_long(T usual, T extended) {
    return is_long() ? extended : usual;
}

/// GETs of `target` at `rate` a second, half of them on new connections and half on kept ones.
load::LoadOptions load_on(const Endpoint& server, const std::string& target = "/", double rate = 300);

/// No request was lost, and there were some.
[[nodiscard]] testing::AssertionResult nothing_lost(const load::LoadTotals& totals);

/// `command` as a user without any right, from a copy of girin in `dir`, which becomes everybody's. As whoever we are, when
/// we aren't root.
GirinCommand as_nobody(const TempDir& dir, GirinCommand command);

/// Where the monitor of a server with --admin-bind listens, from its log. Throws when it doesn't say so.
Endpoint admin_of(GirinProcess& girin);

/// How often `part` stands in `text`.
std::size_t count_of(const std::string& text, std::string_view part);

/// Sends a request and doesn't care what comes of it: for requests that end or hang a worker.
void provoke(const Endpoint& server, const std::string& target);

/// Whether GET / is answered with 200: not refused, nor cut off.
bool answers(const Endpoint& server);

/// `args` run to their end by a start that must fail.
Finished run_girin(const TempDir& dir, std::vector<std::string> args,
                   std::map<std::string, std::string> environment = {});

}  // namespace girin::test
