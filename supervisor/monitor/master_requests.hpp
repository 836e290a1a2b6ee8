#pragma once

// Requests to the master, over the monitor's channel: asked with a number, answered when the outcome is known. Not
// here: what can be asked (supervisor/control/control_desk.hpp).

#include <map>
#include <string>
#include <utility>

#include "girin/loop/asio_loop.hpp"
#include "girin/loop/future.hpp"
#include "supervisor/control/control_desk.hpp"
#include "worker/process/master_link.hpp"

namespace girin {

/// Until the one who asks is told that nothing came of it.
struct RequestLimits {
    Duration taken = std::chrono::seconds(10);    // by the master, which never blocks
    Duration outcome = std::chrono::hours(24);    // from then on

    RequestLimits() {}
    RequestLimits(Duration until_taken, Duration until_done) : taken(until_taken), outcome(until_done) {}
};

class MasterRequests final : private MasterLink::Listener {
  public:
    static constexpr std::size_t kMaxWaiting = ControlDesk::kMaxWaiting;

    /// Owns: `fd`.
    MasterRequests(AsioLoop& loop, UniqueFd fd, const RequestLimits& limits = RequestLimits())
        : loop_(loop), limits_(limits), link_(loop, std::move(fd), *this) {
        link_.start();
    }
    ~MasterRequests();
    MasterRequests(const MasterRequests&) = delete;
    MasterRequests& operator=(const MasterRequests&) = delete;

    /// Waits for the outcome, within the limits; `failed` also when the master can't be reached.
    /// Cancel: the master goes on with it all the same.
    Coro<ControlAnswer> ask(ControlRequest request);

  private:
    struct Waiting {
        Future<ControlAnswer> outcome;
        Handle alarm;

        Waiting(Future<ControlAnswer> future, Handle handle) : outcome(std::move(future)), alarm(std::move(handle)) {}
    };

    void end(std::uint64_t id, ControlAnswer answer);
    Handle set_alarm(std::uint64_t id, Duration limit, std::string sentence);
    void on_message(const Message& message) override;
    void on_master_gone() override;

    AsioLoop& loop_;
    const RequestLimits limits_;
    MasterLink link_;
    std::map<std::uint64_t, Waiting> waiting_;
    std::uint64_t last_id_ = 0;
};

}  // namespace girin
