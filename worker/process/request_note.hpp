#pragma once

// RequestNote: the request whose handler runs now, in shared memory, so that the master can name it when the worker
// can't speak any more. A few plain stores a request; a reader that meets a writer reads nothing. Not here: the other
// words of a slot (scoreboard.hpp).

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace girin {

/// The other end of a connection, as socket addresses have it: AF_INET, AF_INET6, or something without a host.
struct NotedPeer {
    std::uint16_t family = 0;
    std::uint16_t port = 0;
    std::array<std::uint8_t, 16> bytes{};
};

/// What a note says.
struct NotedRequest {
    std::string line;  // "GET /shop?x=1", cut to what a note holds
    std::string peer;  // "192.0.2.1:5312", "unix:"
    std::int64_t began_ns = 0;

    NotedRequest() = default;
};

class alignas(64) RequestNote {
  public:
    static constexpr std::size_t kLineBytes = 80;

    // The writer: the worker's loop, or a thread of its pool.
    void set(std::string_view line, const NotedPeer& peer, std::int64_t began_ns) noexcept;
    /// How long it may run, by the clock; with `extended` because the handler said so.
    void set_deadline(std::int64_t deadline_ns, bool extended) noexcept {
        extended_.store(extended, kRelaxed);
        deadline_ns_.store(deadline_ns, kRelaxed);
    }
    /// No handler runs.
    void clear() noexcept { began_ns_.store(0, std::memory_order_relaxed); }
    void reset() noexcept { clear(); }
    /// What the other one says, on the thread that writes that.
    void copy(const RequestNote& other) noexcept;
    bool is_set() const noexcept { return began_ns_.load(kRelaxed) != 0; }

    /// Nothing: no handler runs, or it changes just now.
    std::optional<NotedRequest> read() const;
    /// 0: none.
    std::int64_t deadline_ns() const { return began_ns_.load(kRelaxed) != 0 ? deadline_ns_.load(kRelaxed) : 0; }
    bool is_extended() const { return extended_.load(kRelaxed) != 0; }

  private:
    using Word = std::uint64_t;
    static constexpr auto kRelaxed = std::memory_order_relaxed;
    static constexpr std::size_t kLineWords = kLineBytes / sizeof(Word);

    std::atomic<std::uint32_t> sequence_;  // odd while it is written
    std::atomic<std::uint16_t> line_bytes_;
    std::atomic<std::uint16_t> extended_;
    std::atomic<std::int64_t> began_ns_;  // 0: no handler runs
    std::atomic<std::int64_t> deadline_ns_;
    std::array<std::atomic<Word>, 3> peer_;
    std::array<std::atomic<Word>, kLineWords> line_;
};
static_assert(sizeof(RequestNote) == 128, "two cache lines");

}  // namespace girin
