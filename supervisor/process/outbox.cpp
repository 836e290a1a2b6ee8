#include "supervisor/process/outbox.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace girin {
namespace {

bool is_full(const Result<void>& sent) {
    const int reason = sent ? 0 : sent.error().errno_value();
    return reason == EAGAIN || reason == EWOULDBLOCK || reason == ENOBUFS || reason == ENOMEM || reason == ETOOMANYREFS;
}

/// One of them says it all; requests and their answers are each somebody's.
bool is_superseded_by_its_like(MessageKind kind) { return kind != MessageKind::answer && kind != MessageKind::taken; }

}  // namespace

Result<void> Outbox::send(int channel_fd, const Message& message, std::span<const int> descriptors, TimePoint now) {
    if (!kept_.empty()) return keep(message, descriptors, now);
    auto sent = send_message(channel_fd, message, descriptors);
    if (is_full(sent)) return keep(message, descriptors, now);
    return sent;
}

Result<void> Outbox::keep(const Message& message, std::span<const int> descriptors, TimePoint now) {
    Kept kept;
    kept.message = message;
    for (const int fd : descriptors) {
        auto copy = duplicate(fd);
        if (!copy) return copy.error();
        kept.descriptors.push_back(std::move(*copy));
    }
    if (kept_.empty()) retry_at_ = now + kRetry;
    if (is_superseded_by_its_like(message.kind)) {
        std::erase_if(kept_, [&](const Kept& other) { return other.message.kind == message.kind; });
    }
    if (kept_.size() >= kMost) return Error("too much waits to be said on the channel");
    kept_.push_back(std::move(kept));
    return {};
}

std::optional<TimePoint> Outbox::next_deadline() const {
    if (kept_.empty()) return std::nullopt;
    return retry_at_;
}

Result<void> Outbox::on_deadline(int channel_fd, TimePoint now) {
    if (kept_.empty() || now < retry_at_) return {};
    while (!kept_.empty()) {
        std::vector<int> descriptors;
        for (const UniqueFd& fd : kept_.front().descriptors) descriptors.push_back(fd.get());
        const auto sent = send_message(channel_fd, kept_.front().message, descriptors);
        if (is_full(sent)) break;
        if (!sent) kept_.clear();
        if (!sent) return sent;
        kept_.pop_front();
    }
    retry_at_ = now + kRetry;
    return {};
}

}  // namespace girin
