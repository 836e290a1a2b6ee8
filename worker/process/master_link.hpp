#pragma once

// MasterLink: the worker's end of the channel (channel.hpp) on its loop.

#include <utility>
#include <vector>

#include "girin/loop/runnable.hpp"
#include "girin/net/descriptor.hpp"
#include "worker/process/channel.hpp"

namespace girin {

class MasterLink final : private IoOp {
  public:
    class Listener {
      public:
        virtual void on_message(const Message& message) = 0;
        /// The master is gone, or has closed the channel.
        virtual void on_master_gone() = 0;

      protected:
        ~Listener() = default;
    };

    /// Owns: `channel_fd`. Silent until start().
    MasterLink(AsioLoop& loop, UniqueFd channel_fd, Listener& listener)
        : descriptor_(loop, std::move(channel_fd)), listener_(listener) {}

    /// From now on the listener is told; of what has come before, too, in this call. Once.
    void start() { complete(false); }

    /// What came along with the message that the listener is being told of.
    std::vector<UniqueFd> take_descriptors() { return std::move(descriptors_); }

    /// Errors: it is lost. The master is gone, which is told soon enough; or so much waits for it (EAGAIN) as a worker, which
    /// says few things, never has to say.
    Result<void> send(MessageKind kind, std::int64_t value = 0, std::string text = {});

  private:
    IoStatus perform(Readiness readiness) noexcept override {
        return readiness.event ? IoStatus::done : IoStatus::pending;
    }
    void complete(bool aborted) noexcept override;

    Descriptor descriptor_;
    std::vector<UniqueFd> descriptors_;
    Listener& listener_;
};

}  // namespace girin
