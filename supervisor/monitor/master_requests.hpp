#pragma once

// Requests to the master, over the monitor's channel: asked with a number, answered when the outcome is known. Not
// here: what can be asked (supervisor/control/control_desk.hpp).

#include <map>
#include <string>

#include "loop/asio_loop.hpp"
#include "loop/future.hpp"
#include "supervisor/control/control_desk.hpp"
#include "worker/master_link.hpp"

namespace girin {

class MasterRequests final : private MasterLink::Listener {
  public:
    static constexpr std::size_t kMaxWaiting = ControlDesk::kMaxWaiting;

    /// Owns: `fd`.
    MasterRequests(AsioLoop& loop, UniqueFd fd) : loop_(loop), link_(loop, std::move(fd), *this) { link_.start(); }

    /// Waits for the outcome, however long that takes.
    /// Cancel: the master goes on with it all the same.
    Coro<ControlAnswer> ask(ControlRequest request);

  private:
    void on_message(const Message& message) override;
    void on_master_gone() override;

    AsioLoop& loop_;
    MasterLink link_;
    std::map<std::uint64_t, Future<ControlAnswer>> waiting_;
    std::uint64_t last_id_ = 0;
};

}  // namespace girin
