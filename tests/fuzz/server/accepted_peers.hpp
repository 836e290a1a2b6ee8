#pragma once

// AcceptedPeers: addresses for clients on a Unix socket, as if each came over TCP from a host of its own. This program's
// accept4() gives them, in the order in which they connected: 127.9.0.N for the Nth. So what belongs to a peer can be
// told apart, and the server needs to know nothing of it.

#include <cstdint>
#include <string>

namespace girin::test {

struct AcceptedPeers {
    static void reset(int send_buffer_bytes);
    /// How many the server has accepted since.
    static unsigned count();
    /// "127.9.0.N", with or without a port: N; 0: none of ours.
    static unsigned number_of(std::string_view address);
};

}  // namespace girin::test
