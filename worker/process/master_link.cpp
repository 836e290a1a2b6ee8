#include "worker/process/master_link.hpp"

#include "girin/loop/asio_loop.hpp"
#include "girin/loop/executor.hpp"

namespace girin {

Result<void> MasterLink::send(MessageKind kind, std::int64_t value, std::string text) {
    return send_message(descriptor_.fd(), Message(kind, value, std::move(text)));
}

void MasterLink::complete(bool aborted) noexcept {
    if (aborted) return;
    // Started before reading, so that what comes in between wakes us again.
    descriptor_.start(Direction::read, *this);
    Message message;
    for (;;) {
        switch (receive_message(descriptor_.fd(), message, descriptors_)) {
            case Received::message: listener_.on_message(message); break;
            case Received::nothing_yet: return;
            case Received::closed:
                descriptor_.cancel(Direction::read);
                listener_.on_master_gone();
                return;
        }
    }
}

}  // namespace girin
