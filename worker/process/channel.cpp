#include "worker/process/channel.hpp"

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

/// Room for descriptors beside a packet.
struct Attachment {
    alignas(cmsghdr) char bytes[CMSG_SPACE(kMostDescriptors * sizeof(int))] = {};
};

void attach(msghdr& header, Attachment& attachment, std::span<const int> descriptors) {
    if (descriptors.empty()) return;
    const std::size_t bytes = std::min(descriptors.size(), kMostDescriptors) * sizeof(int);
    header.msg_control = attachment.bytes;
    header.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr* const first = CMSG_FIRSTHDR(&header);
    first->cmsg_level = SOL_SOCKET;
    first->cmsg_type = SCM_RIGHTS;
    first->cmsg_len = CMSG_LEN(bytes);
    std::memcpy(CMSG_DATA(first), descriptors.data(), bytes);
}

std::vector<UniqueFd> detach(msghdr& header) {
    std::vector<UniqueFd> descriptors;
    const cmsghdr* const first = CMSG_FIRSTHDR(&header);
    if (!first || first->cmsg_level != SOL_SOCKET || first->cmsg_type != SCM_RIGHTS) return descriptors;
    const std::size_t count = (first->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(first) + i * sizeof(int), sizeof fd);
        descriptors.emplace_back(fd);
    }
    return descriptors;
}

Received read_packet(const Packet& packet, ssize_t bytes, Message& message) {
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

}  // namespace

std::string cut_message_text(std::string text) {
    constexpr std::string_view kMark = "…";
    if (text.size() <= Message::kMaxText) return text;
    std::size_t end = Message::kMaxText - kMark.size();
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text.resize(end);
    return text.append(kMark);
}

Result<void> send_message(int channel_fd, const Message& message, std::span<const int> descriptors) {
    Packet packet;
    packet.kind = static_cast<std::uint8_t>(message.kind);
    packet.value = message.value;
    const std::size_t text_bytes = std::min(message.text.size(), Message::kMaxText);
    packet.text_bytes = static_cast<std::uint16_t>(text_bytes);
    std::memcpy(packet.text, message.text.data(), text_bytes);
    iovec from{&packet, kHeadBytes + text_bytes};
    msghdr header{};
    header.msg_iov = &from;
    header.msg_iovlen = 1;
    Attachment attachment;
    attach(header, attachment, descriptors);
    if (::sendmsg(channel_fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
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
    return read_packet(packet, bytes, message);
}

Received receive_message(int channel_fd, Message& message, std::vector<UniqueFd>& descriptors) {
    Packet packet;
    iovec into{&packet, sizeof packet};
    Attachment attachment;
    msghdr header{};
    header.msg_iov = &into;
    header.msg_iovlen = 1;
    header.msg_control = attachment.bytes;
    header.msg_controllen = sizeof attachment.bytes;
    ssize_t bytes;
    do {
        bytes = ::recvmsg(channel_fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (bytes < 0 && errno == EINTR);
    descriptors = bytes >= 0 ? detach(header) : std::vector<UniqueFd>();
    return read_packet(packet, bytes, message);
}

}  // namespace girin
