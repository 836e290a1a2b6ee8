#include "worker/channel.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace girin {
namespace {

struct Packet {
    std::uint8_t version = 1;
    std::uint8_t kind = 0;
    std::uint16_t text_bytes = 0;
    std::uint32_t reserved = 0;
    std::int64_t value = 0;
    char text[Message::kMaxText];
};
constexpr std::size_t kHeadBytes = offsetof(Packet, text);

}  // namespace

Result<void> send_message(int channel_fd, const Message& message) {
    Packet packet;
    packet.kind = static_cast<std::uint8_t>(message.kind);
    packet.value = message.value;
    const std::size_t text_bytes = std::min(message.text.size(), Message::kMaxText);
    packet.text_bytes = static_cast<std::uint16_t>(text_bytes);
    std::memcpy(packet.text, message.text.data(), text_bytes);
    if (::send(channel_fd, &packet, kHeadBytes + text_bytes, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        return Error::from_errno(errno, "send on channel");
    }
    return {};
}

bool send_bare_message(int channel_fd, MessageKind kind) noexcept {
    Packet packet;
    packet.kind = static_cast<std::uint8_t>(kind);
    return ::send(channel_fd, &packet, kHeadBytes, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

Received receive_message(int channel_fd, Message& message) {
    Packet packet;
    ssize_t bytes;
    do {
        bytes = ::recv(channel_fd, &packet, sizeof packet, MSG_DONTWAIT);
    } while (bytes < 0 && errno == EINTR);
    if (bytes < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK ? Received::nothing_yet : Received::closed;
    }
    const auto size = static_cast<std::size_t>(bytes);
    const bool well_formed = size >= kHeadBytes && packet.version == 1 &&
                             packet.kind <= static_cast<std::uint8_t>(kLastMessageKind) &&
                             size == kHeadBytes + packet.text_bytes;
    if (!well_formed) return Received::closed;
    message.kind = static_cast<MessageKind>(packet.kind);
    message.value = packet.value;
    message.text.assign(packet.text, packet.text_bytes);
    return Received::message;
}

}  // namespace girin
