#pragma once

// LoadClient: many requests to one server from one thread, at a fixed rate (open loop) or a fixed number at a time
// (closed loop), some on new connections and some on kept ones, each judged. LoadThread runs one beside a test.

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <unordered_map>
#include <vector>

#include "tests/load/load_connection.hpp"
#include "tests/load/load_request.hpp"
#include "tests/load/totals.hpp"
#include "tests/support/endpoint.hpp"

namespace girin::load {

struct LoadOptions {
    test::Endpoint server;
    std::vector<LoadRequest> requests;           // one is drawn each time
    double rate = 500;                           // requests a second (open loop); 0: closed loop
    std::size_t connections = 32;                // open loop: kept connections; closed loop: requests at a time
    double new_share = 0.5;                      // of requests on a new connection, closed after
    std::size_t most_in_flight = 2000;           // open loop: beyond this, requests are not sent, and counted so
    std::chrono::milliseconds timeout{5'000};    // for a whole request
    std::chrono::milliseconds duration{0};       // 0: until stop()
    std::uint64_t requests_in_all = 0;           // then it ends; 0: no such limit
    unsigned seed = 1;

    LoadOptions() {}
    LoadOptions(test::Endpoint to, std::vector<LoadRequest> what) : server(std::move(to)), requests(std::move(what)) {}
};

class LoadClient {
  public:
    /// Precondition: there are requests, and rates and counts make sense. Errors: no descriptors throws.
    explicit LoadClient(LoadOptions options);
    ~LoadClient();

    /// Blocks until the duration is over or stop() was called, and every request has ended (at most `timeout` more).
    void run();
    /// Begins no more requests. Threads: any.
    void stop();
    /// What happened so far. Threads: any.
    LoadTotals totals() const;

  private:
    struct Entry {
        std::unique_ptr<LoadConnection> connection;
        unsigned events = 0;     // that epoll watches
        TimePoint closing_until; // answered; left to the server to close until then
        bool closing = false;
    };

    bool finished(TimePoint now);
    void begin_due_requests(TimePoint now);
    void begin_request(TimePoint due, TimePoint now);
    Entry* idle_connection();
    Entry* open_connection(bool kept, TimePoint due, TimePoint now);
    void wait();
    int wait_for_events(TimePoint until);
    void on_event(int fd, TimePoint now);
    void on_idle_event(Entry& entry);
    void on_closing_event(Entry& entry);
    void on_ended(Entry& entry, const Ended& ended, TimePoint now);
    void drop_overdue(TimePoint now);
    void count(Outcome outcome, TimePoint due, TimePoint now, const std::string& detail);
    void add_one(std::uint64_t LoadTotals::*counter);
    void watch(Entry& entry);
    void remove(Entry& entry);

    LoadOptions options_;
    std::mt19937 random_;
    UniqueFd epoll_;
    UniqueFd wake_;
    std::atomic<bool> stopping_ = false;

    std::unordered_map<int, Entry> connections_;  // by descriptor
    std::deque<int> idle_;                        // kept connections without a request, the longest idle first
    std::size_t kept_ = 0;                        // connections opened to be kept that still live
    std::size_t in_flight_ = 0;
    std::uint64_t begun_ = 0;
    TimePoint start_;
    TimePoint next_due_;            // open loop: of the next request; closed loop: not before, after a loss
    TimePoint next_overdue_check_;

    mutable std::mutex mutex_;  // guards totals_
    LoadTotals totals_;
};

/// A LoadClient in a thread of its own, from construction to finish().
class LoadThread {
  public:
    explicit LoadThread(LoadOptions options);
    ~LoadThread();

    LoadTotals totals() const { return client_.totals(); }
    /// Stops, waits for the requests that run, and returns the result. Blocks for at most the requests' timeout.
    LoadTotals finish();

  private:
    LoadClient client_;
    std::thread thread_;
};

}  // namespace girin::load
