#pragma once

// SlowClients: connections that hold a server's attention as long as it lets them, in a thread of their own. Bounded in
// number and in time.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <thread>
#include <vector>

#include "girin/base/clock.hpp"
#include "girin/base/unique_fd.hpp"
#include "tests/support/endpoint.hpp"
#include "tests/support/http_response.hpp"

namespace girin::load {

enum class Slowness {
    silent,       // connects and says nothing
    slow_header,  // a header byte at a time, never the end
    slow_body,    // a whole head, then a body byte at a time
    slow_reader,  // asks for much, reads a byte at a time
};

struct SlowOptions {
    test::Endpoint server;
    Slowness slowness = Slowness::slow_header;
    std::size_t count = 50;                     // connections, at most kMostSlowClients
    std::chrono::milliseconds interval{100};    // between two bytes
    std::chrono::milliseconds duration{5'000};  // then those that are left are closed
    std::string target = "/";                   // slow_body: that takes a body; slow_reader: of a large answer

    static constexpr std::size_t kMostSlowClients = 2'000;

    SlowOptions() {}
    SlowOptions(test::Endpoint to, Slowness how) : server(std::move(to)), slowness(how) {}
};

struct SlowTotals {
    std::size_t connected = 0;
    std::size_t refused = 0;
    std::size_t closed = 0;                   // by the server, in the end
    std::size_t reset = 0;
    std::size_t still_open = 0;               // at the end
    std::map<int, std::size_t> answers;       // by status: 408 as a rule
    std::uint64_t bytes_read = 0;
};

class SlowClients {
  public:
    /// Begins at once.
    explicit SlowClients(SlowOptions options);
    /// Stops them.
    ~SlowClients();

    /// Closes them all; what the server did to them. Blocks for an interval at most.
    SlowTotals finish();
    /// Blocks until the server has got rid of all of them, or the duration is over.
    SlowTotals wait();

  private:
    struct Client;

    void run();
    void connect_all();
    void step(Client& client);
    void send_a_byte(Client& client);
    void read(Client& client);
    void on_answer(Client& client, std::string_view bytes);

    SlowOptions options_;
    std::vector<Client> clients_;  // only touched by the thread
    SlowTotals totals_;            // likewise, until it is joined
    UniqueFd wake_;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

}  // namespace girin::load
