#pragma once

// Published<T>: a plain value in shared memory with one writer and any number of readers, who never see half of it.
// A sequence lock: neither side waits. Not here: what is published (master_board.hpp).

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <thread>
#include <type_traits>

namespace girin {

/// Zeroed memory is a published T of zeroes.
template <class T>
class Published {
    static_assert(std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T>);

  public:
    void store(const T& value) noexcept {
        std::array<std::uint64_t, kWords> words{};
        std::memcpy(words.data(), &value, sizeof(T));
        const std::uint64_t version = version_.load(std::memory_order_relaxed);
        version_.store(version + 1, std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_release);
        for (std::size_t i = 0; i < kWords; ++i) words_[i].store(words[i], std::memory_order_relaxed);
        version_.store(version + 2, std::memory_order_release);
    }

    /// The last whole value. A writer that died in the midst of store() leaves half of one, which is better than a
    /// reader that hangs.
    T load() const noexcept {
        std::array<std::uint64_t, kWords> words{};
        for (int tries = 0; tries < kTries; ++tries) {
            if (tries > kSpins) std::this_thread::yield();  // to a writer that lost its core in the midst of it
            const std::uint64_t before = version_.load(std::memory_order_acquire);
            for (std::size_t i = 0; i < kWords; ++i) words[i] = words_[i].load(std::memory_order_relaxed);
            std::atomic_thread_fence(std::memory_order_acquire);
            if (before % 2 == 0 && version_.load(std::memory_order_relaxed) == before) break;
        }
        T value;
        std::memcpy(static_cast<void*>(&value), words.data(), sizeof(T));
        return value;
    }

  private:
    static constexpr std::size_t kWords = (sizeof(T) + 7) / 8;
    static constexpr int kSpins = 100;
    static constexpr int kTries = 10'000;

    std::atomic<std::uint64_t> version_;
    std::array<std::atomic<std::uint64_t>, kWords> words_;
};

/// Text of a bounded length, to be published; what is longer is cut, and ends with "…".
template <std::size_t Bytes>
struct FixedText {
    std::uint16_t length = 0;
    std::array<char, Bytes> bytes{};

    FixedText() = default;
    explicit FixedText(std::string_view text) : length(static_cast<std::uint16_t>(fitting(text))) {
        std::memcpy(bytes.data(), text.data(), length);
        if (length == text.size()) return;
        std::memcpy(bytes.data() + length, kCut.data(), kCut.size());
        length = static_cast<std::uint16_t>(length + kCut.size());
    }
    std::string_view view() const { return {bytes.data(), length < Bytes ? length : Bytes}; }
    bool operator==(const FixedText& other) const { return view() == other.view(); }

  private:
    static constexpr std::string_view kCut = "…";
    static_assert(Bytes >= kCut.size());

    /// Not in the middle of a UTF-8 character.
    static std::size_t fitting(std::string_view text) {
        if (text.size() <= Bytes) return text.size();
        std::size_t end = Bytes - kCut.size();
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
        return end;
    }
};

}  // namespace girin
