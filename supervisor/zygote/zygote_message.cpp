#include "supervisor/zygote/zygote_message.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace girin {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr char kGo = 'g';

struct ReportHead {
    std::uint8_t version = kVersion;
    std::uint8_t says = 0;
    std::uint16_t text_bytes = 0;
    std::uint32_t reserved = 0;
    std::uint64_t number = 0;
    std::int64_t value = 0;
};

struct OrderHead {
    std::uint64_t number = 0;
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    std::int32_t cpu = -1;
    std::uint8_t log_level = 0;
    std::uint8_t has_error_log = 0;
    std::uint8_t has_access_log = 0;
    std::uint8_t reserved = 0;
};

struct Attachment {
    alignas(cmsghdr) char bytes[CMSG_SPACE(ZygoteOrder::kMostDescriptors * sizeof(int))] = {};
};

/// A line for each: what kind it is, and its address. Their descriptors go beside.
std::string listener_lines(const std::vector<ListenerSocket>& listeners) {
    std::string lines;
    for (const ListenerSocket& listener : listeners) {
        lines.append(listener.is_unix ? "u" : "t").append(listener.is_inherited ? "i" : "o").append(listener.address).append("\n");
    }
    return lines;
}

std::vector<ListenerSocket> listeners_of(const std::string& lines) {
    std::vector<ListenerSocket> listeners;
    for (std::size_t begin = 0, end; (end = lines.find('\n', begin)) != std::string::npos; begin = end + 1) {
        if (end - begin < 2) continue;
        listeners.emplace_back(-1, lines.substr(begin + 2, end - begin - 2), lines[begin] == 'u', lines[begin + 1] == 'i');
    }
    return listeners;
}

std::vector<int> descriptors_of(const ZygoteOrder& order) {
    std::vector<int> descriptors = {order.channel_fd};
    if (order.error_log_fd >= 0) descriptors.push_back(order.error_log_fd);
    if (order.access_log_fd >= 0) descriptors.push_back(order.access_log_fd);
    for (const ListenerSocket& listener : order.listeners) descriptors.push_back(listener.fd);
    return descriptors;
}

void attach(msghdr& header, Attachment& attachment, const std::vector<int>& descriptors) {
    const std::size_t bytes = descriptors.size() * sizeof(int);
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

/// The descriptors get the places that the order has for them. False: they are fewer, or more.
bool give_out(ReceivedOrder& received, const OrderHead& head) {
    ZygoteOrder& order = received.order;
    const std::size_t expected = 1U + head.has_error_log + head.has_access_log + order.listeners.size();
    if (received.descriptors.size() != expected) return false;
    auto next = received.descriptors.begin();
    order.channel_fd = (next++)->get();
    if (head.has_error_log != 0) order.error_log_fd = (next++)->get();
    if (head.has_access_log != 0) order.access_log_fd = (next++)->get();
    for (ListenerSocket& listener : order.listeners) listener.fd = (next++)->get();
    return true;
}

ssize_t wait_and_receive(int fd, msghdr& header) {
    while (true) {
        pollfd watched = {fd, POLLIN, 0};
        if (::poll(&watched, 1, -1) < 0 && errno != EINTR) return -1;
        const ssize_t bytes = ::recvmsg(fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        const bool again = bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
        if (!again) return bytes;
    }
}

}  // namespace

Result<std::pair<UniqueFd, UniqueFd>> make_zygote_pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
        return Error::from_errno(errno, "make a channel to a zygote");
    }
    return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

Result<void> send_order(int channel_fd, const ZygoteOrder& order) {
    const std::vector<int> descriptors = descriptors_of(order);
    std::string lines = listener_lines(order.listeners);
    if (descriptors.size() > ZygoteOrder::kMostDescriptors || lines.size() > ZygoteOrder::kMostText) {
        return Error("too many addresses to listen on for --preload: " + std::to_string(order.listeners.size()));
    }
    OrderHead head;
    head.number = order.number;
    head.slot = order.slot;
    head.generation = order.generation;
    if (order.cpu) head.cpu = static_cast<std::int32_t>(*order.cpu);
    head.log_level = static_cast<std::uint8_t>(order.log_level);
    head.has_error_log = order.error_log_fd >= 0;
    head.has_access_log = order.access_log_fd >= 0;
    iovec from[] = {{&head, sizeof head}, {lines.data(), lines.size()}};
    msghdr header{};
    header.msg_iov = from;
    header.msg_iovlen = std::size(from);
    Attachment attachment;
    attach(header, attachment, descriptors);
    if (::sendmsg(channel_fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return Error::from_errno(errno, "order a worker");
    return {};
}

std::optional<ReceivedOrder> receive_order_blocking(int channel_fd) {
    OrderHead head;
    std::string lines(ZygoteOrder::kMostText, '\0');
    iovec into[] = {{&head, sizeof head}, {lines.data(), lines.size()}};
    msghdr header{};
    header.msg_iov = into;
    header.msg_iovlen = std::size(into);
    Attachment attachment;
    header.msg_control = attachment.bytes;
    header.msg_controllen = sizeof attachment.bytes;
    const ssize_t bytes = wait_and_receive(channel_fd, header);
    if (bytes < static_cast<ssize_t>(sizeof head)) return std::nullopt;
    lines.resize(static_cast<std::size_t>(bytes) - sizeof head);
    ReceivedOrder received;
    received.descriptors = detach(header);
    received.order.number = head.number;
    received.order.slot = head.slot;
    received.order.generation = head.generation;
    if (head.cpu >= 0) received.order.cpu = static_cast<unsigned>(head.cpu);
    received.order.log_level = static_cast<LogLevel>(head.log_level);
    received.order.listeners = listeners_of(lines);
    if (!give_out(received, head)) return std::nullopt;
    return received;
}

std::vector<std::byte> pack(const ZygoteReport& report) {
    ReportHead head;
    head.says = static_cast<std::uint8_t>(report.says);
    head.text_bytes = static_cast<std::uint16_t>(std::min(report.text.size(), ZygoteReport::kMostText));
    head.number = report.number;
    head.value = report.value;
    std::vector<std::byte> packet(sizeof head + head.text_bytes);
    std::memcpy(packet.data(), &head, sizeof head);
    std::memcpy(packet.data() + sizeof head, report.text.data(), head.text_bytes);
    return packet;
}

std::optional<ZygoteReport> unpack_report(std::span<const std::byte> packet) {
    ReportHead head;
    if (packet.size() < sizeof head) return std::nullopt;
    std::memcpy(&head, packet.data(), sizeof head);
    const bool well_formed = head.version == kVersion && head.says <= static_cast<std::uint8_t>(kLastOfZygoteSays) &&
                             head.text_bytes <= ZygoteReport::kMostText && packet.size() == sizeof head + head.text_bytes;
    if (!well_formed) return std::nullopt;
    ZygoteReport report(static_cast<ZygoteSays>(head.says), head.number, head.value);
    report.text.assign(reinterpret_cast<const char*>(packet.data()) + sizeof head, head.text_bytes);
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
    std::ranges::replace_if(report.text, is_control, ' ');
    return report;
}

bool send_report(int channel_fd, const ZygoteReport& report) {
    const std::vector<std::byte> packet = pack(report);
    return ::send(channel_fd, packet.data(), packet.size(), MSG_NOSIGNAL) >= 0;
}

ReceivedReport receive_report(int channel_fd, ZygoteReport& report) {
    std::byte packet[sizeof(ReportHead) + ZygoteReport::kMostText + 1];  // one that is longer is no report either
    ssize_t bytes;
    do {
        bytes = ::recv(channel_fd, packet, sizeof packet, MSG_DONTWAIT);
    } while (bytes < 0 && errno == EINTR);
    if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return ReceivedReport::nothing_yet;
    if (bytes <= 0) return ReceivedReport::closed;
    auto unpacked = unpack_report(std::span(packet).first(static_cast<std::size_t>(bytes)));
    if (!unpacked) return ReceivedReport::broken;
    report = std::move(*unpacked);
    return ReceivedReport::report;
}

bool send_go(int channel_fd) { return ::send(channel_fd, &kGo, sizeof kGo, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof kGo; }

bool receive_go_blocking(int channel_fd) {
    char word = '\0';
    iovec into{&word, sizeof word};
    msghdr header{};
    header.msg_iov = &into;
    header.msg_iovlen = 1;
    return wait_and_receive(channel_fd, header) == sizeof word && word == kGo;
}

}  // namespace girin
