#pragma once

// Choices: a fuzz input, read as decisions. Used up, it decides 0 each time, so that every prefix of an input is one too.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace girin::test {

class Choices {
  public:
    explicit Choices(std::string_view input) : rest_(input) {}

    bool empty() const { return rest_.empty(); }
    std::uint8_t byte() {
        if (rest_.empty()) return 0;
        const auto value = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        return value;
    }
    std::size_t below(std::size_t bound) { return byte() % bound; }
    bool one_in(std::size_t count) { return byte() % count == 1; }
    template <class T, std::size_t N>
    const T& of(const T (&table)[N]) {
        return table[byte() % N];
    }
    /// So many bytes, or what is left.
    std::string_view bytes(std::size_t count) {
        const std::string_view taken = rest_.substr(0, count);
        rest_.remove_prefix(taken.size());
        return taken;
    }
    std::string_view rest() { return bytes(rest_.size()); }

  private:
    std::string_view rest_;
};

}  // namespace girin::test
