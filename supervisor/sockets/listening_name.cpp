#include "supervisor/sockets/listening_name.hpp"

#include <charconv>
#include <cstdint>

namespace girin {
namespace {

constexpr std::string_view kPrefix = "girin.";
constexpr std::size_t kLongest = 255;

std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || end == text.data() + text.size() || *end != '.') return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
    return number;
}

}  // namespace

std::string to_text(const ListeningName& name, std::string_view address) {
    std::string text(kPrefix);
    text += std::to_string(name.lane) + "." + std::to_string(name.device) + "." + std::to_string(name.inode) + ".";
    for (const char c : address) text += c > ' ' && c < 0x7f && c != ':' ? c : '-';
    return text.substr(0, kLongest);
}

std::optional<ListeningName> parse_listening_name(std::string_view text) {
    if (!text.starts_with(kPrefix)) return std::nullopt;
    text.remove_prefix(kPrefix.size());
    const auto lane = take_number(text);
    const auto device = lane ? take_number(text) : std::nullopt;
    const auto inode = device ? take_number(text) : std::nullopt;
    if (!inode) return std::nullopt;
    ListeningName name;
    name.lane = static_cast<std::size_t>(*lane);
    name.device = static_cast<dev_t>(*device);
    name.inode = static_cast<ino_t>(*inode);
    return name;
}

}  // namespace girin
