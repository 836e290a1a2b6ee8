#pragma once

// Session: the whole server side of one worker, from its listener to its access log, played by one fuzz input: options,
// clients, pieces, silence, ends, time, handlers; and judged (judge.hpp). Real sockets, virtual time. See README.md.

#include <string_view>

namespace girin::test {

/// Plays `input` and ends the process where an oracle says no.
void play_session(std::string_view input);

}  // namespace girin::test
