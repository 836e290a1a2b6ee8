#include "worker/process/request_note.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace girin {
namespace {

std::string peer_text(const NotedPeer& peer) {
    std::array<char, INET6_ADDRSTRLEN> host;
    if (peer.family != AF_INET && peer.family != AF_INET6) return "unix:";
    if (::inet_ntop(peer.family, peer.bytes.data(), host.data(), host.size()) == nullptr) return "?";
    const std::string text = host.data();
    return (peer.family == AF_INET6 ? "[" + text + "]" : text) + ":" + std::to_string(peer.port);
}

}  // namespace

// A sequence lock (H. Boehm, "Can seqlocks get along with programming language memory models?", 2012, figure 6).

void RequestNote::set(std::string_view line, const NotedPeer& peer, std::int64_t began_ns) noexcept {
    const std::uint32_t sequence = sequence_.load(kRelaxed);
    sequence_.store(sequence + 1, kRelaxed);
    std::atomic_thread_fence(std::memory_order_release);
    const std::size_t bytes = std::min(line.size(), kLineBytes);
    line_bytes_.store(static_cast<std::uint16_t>(bytes), kRelaxed);
    for (std::size_t at = 0; at < bytes; at += sizeof(Word)) {
        Word word = 0;
        std::memcpy(&word, line.data() + at, std::min(sizeof word, bytes - at));
        line_[at / sizeof(Word)].store(word, kRelaxed);
    }
    std::array<Word, 3> peer_words{Word{peer.family} | Word{peer.port} << 16};
    std::memcpy(&peer_words[1], peer.bytes.data(), peer.bytes.size());
    for (std::size_t i = 0; i < peer_.size(); ++i) peer_[i].store(peer_words[i], kRelaxed);
    began_ns_.store(began_ns, kRelaxed);
    sequence_.store(sequence + 2, std::memory_order_release);
}

void RequestNote::copy(const RequestNote& other) noexcept {
    const std::uint32_t sequence = sequence_.load(kRelaxed);
    sequence_.store(sequence + 1, kRelaxed);
    std::atomic_thread_fence(std::memory_order_release);
    line_bytes_.store(other.line_bytes_.load(kRelaxed), kRelaxed);
    for (std::size_t i = 0; i < line_.size(); ++i) line_[i].store(other.line_[i].load(kRelaxed), kRelaxed);
    for (std::size_t i = 0; i < peer_.size(); ++i) peer_[i].store(other.peer_[i].load(kRelaxed), kRelaxed);
    extended_.store(other.extended_.load(kRelaxed), kRelaxed);
    deadline_ns_.store(other.deadline_ns_.load(kRelaxed), kRelaxed);
    began_ns_.store(other.began_ns_.load(kRelaxed), kRelaxed);
    sequence_.store(sequence + 2, std::memory_order_release);
}

std::optional<NotedRequest> RequestNote::read() const {
    const std::uint32_t before = sequence_.load(std::memory_order_acquire);
    NotedRequest noted;
    noted.began_ns = began_ns_.load(kRelaxed);
    std::array<Word, kLineWords> line{};
    for (std::size_t i = 0; i < line.size(); ++i) line[i] = line_[i].load(kRelaxed);
    const std::size_t bytes = std::min<std::size_t>(line_bytes_.load(kRelaxed), kLineBytes);
    const Word ends = peer_[0].load(kRelaxed);
    const std::array<Word, 2> host{peer_[1].load(kRelaxed), peer_[2].load(kRelaxed)};
    std::atomic_thread_fence(std::memory_order_acquire);
    if (noted.began_ns == 0 || before % 2 != 0 || sequence_.load(kRelaxed) != before) return std::nullopt;
    noted.line.resize(bytes);
    std::memcpy(noted.line.data(), line.data(), bytes);
    NotedPeer peer;
    peer.family = static_cast<std::uint16_t>(ends);
    peer.port = static_cast<std::uint16_t>(ends >> 16);
    std::memcpy(peer.bytes.data(), host.data(), peer.bytes.size());
    noted.peer = peer_text(peer);
    return noted;
}

}  // namespace girin
