#pragma once

// What a worker is told: plain values, no settings text. The supervisor fills them from its settings; a test fills
// them by hand.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace girin {

/// Bounds on what one client may make a worker hold or do. Sizes are bytes.
struct Limits {
    std::size_t request_line_bytes = 8190;       // longer: 414
    std::size_t request_fields = 100;            // more header fields: 431
    std::size_t request_field_bytes = 8190;      // a longer field line: 431
    std::size_t request_head_bytes = 65536;      // request line and all fields together: 431
    std::uint64_t request_body_bytes = 0;        // longer: 413; 0: no limit of the server's
    std::size_t chunk_line_bytes = 256;          // a chunk's size and extensions: 400
    std::size_t trailer_bytes = 8190;            // all trailer fields together: 431
    std::size_t leading_empty_lines = 2;         // skipped before a request line; more: 400
    std::size_t response_buffer_bytes = 65536;   // waiting to be sent; more: the application's write waits
    std::size_t discarded_body_bytes = 262144;   // of an unread body, read to keep the connection; more: close
    std::size_t body_memory_bytes = 512UL << 20; // bodies held whole, all together; more: 503; 0: no limit
    std::size_t connections = 1000;              // open at once in a worker; more wait in the kernel's queue
    std::uint64_t min_rate_bytes = 240;        // a second, of a body that comes or an answer that goes; 0: any

    Limits() {}
};

/// How long each thing may take. Zero: no limit, unless said otherwise.
struct Timeouts {
    std::chrono::milliseconds header{10'000};     // first byte of a request to the end of its head: 408
    std::chrono::milliseconds body{30'000};       // between two pieces of a request body: 408
    std::chrono::milliseconds min_rate_grace{30'000};  // of waiting, before a body is judged by its minimum rate: 408
    std::chrono::milliseconds keep_alive{2'000};  // idle between requests; zero closes after each
    std::chrono::milliseconds write{30'000};      // a client that takes none of an answer: closed
    std::chrono::milliseconds linger{2'000};      // after our end is closed, reading what the client still sends
    std::chrono::milliseconds half_close{1'000};  // after a client's FIN, taking nothing: cancelled; zero: at once
    std::chrono::milliseconds graceful{30'000};   // drain: requests in flight may take this long
    std::chrono::milliseconds close_spread{0};    // drain: kept connections are closed one by one over this
    std::chrono::milliseconds request{0};         // a handler that waits longer: cancelled, 503
    std::chrono::milliseconds startup{0};         // the application's start-up

    Timeouts() {}
};

struct AccessLogOptions {
    bool enabled = false;
    std::string file = "-";    // "-": standard output
    std::string format;        // Gunicorn's atoms; empty: Gunicorn's default
    bool json = false;
    int opened_fd = -1;        // `file`, opened by the master, to be taken over; -1: it is still to be opened

    AccessLogOptions() {}
};

/// The one family of fields in which an operator's proxies speak of the client. A proxy that writes one passes the other
/// on from whoever sent it, so only one can be believed.
enum class ForwardedHeader {
    none,
    x_forwarded,  // X-Forwarded-For, -Proto and -Host
    forwarded,    // RFC 7239
};

struct WorkerOptions {
    Limits limits;
    Timeouts timeouts;
    AccessLogOptions access_log;
    std::uint64_t max_requests = 0;                       // ask to be replaced after so many; 0: never
    std::uint64_t max_requests_jitter = 0;                // up to so many more, drawn at start
    std::size_t threads = 0;                              // for synchronous handlers; 0: cores plus 4, at most 32
    bool accept_gate = true;                              // leave new connections to siblings with less in hand
    // Proxies whose word about the client is believed; "*": all. Peers on Unix sockets always are.
    std::vector<std::string> forwarded_allow_ips = {"127.0.0.1", "::1"};
    ForwardedHeader forwarded_header = ForwardedHeader::x_forwarded;  // in which they give it
    std::string name = "Worker";                          // in the log; and what is to be said when it is full
    std::string way_to_more = " (--worker-connections)";
    std::string server_header = "girin";                  // empty: no Server field

    WorkerOptions() {}
};

}  // namespace girin
