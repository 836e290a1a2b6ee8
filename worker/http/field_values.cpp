#include "worker/http/field_values.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace girin {
namespace {

template <std::size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) {
    return std::any_of(names.begin(), names.end(),
                       [name](std::string_view known) { return chars::equal_no_case(name, known); });
}

constexpr std::array<std::string_view, 27> kForbiddenTrailers = {
    "transfer-encoding", "content-length", "host", "trailer", "te", "connection", "keep-alive", "upgrade",
    "proxy-connection", "expect", "max-forwards", "cache-control", "pragma", "range", "if-range",
    "authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate", "cookie", "set-cookie",
    "content-encoding", "content-type", "content-range", "forwarded", "x-forwarded-for", "x-forwarded-host"};

constexpr std::array<std::string_view, 6> kHopByHop = {"connection", "keep-alive", "proxy-connection",
                                                       "transfer-encoding", "te", "upgrade"};

}  // namespace

bool parse_content_length(std::string_view value, std::uint64_t& length) {
    if (value.empty() || !chars::all(value, chars::kDigit)) return false;
    constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t sum = 0;
    for (char c : value) {
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (sum > (kMax - digit) / 10) return false;
        sum = sum * 10 + digit;
    }
    length = sum;
    return true;
}

void ConnectionOptions::add(std::string_view value) {
    if (value == "keep-alive") {  // what nearly all of these fields say
        keep_alive = true;
        return;
    }
    for (chars::ListReader list(value); list.more;) {
        const std::string_view option = list.next();
        close |= chars::equal_no_case(option, "close");
        keep_alive |= chars::equal_no_case(option, "keep-alive");
        upgrade |= chars::equal_no_case(option, "upgrade");
    }
}

ParseError TransferCodings::add(std::string_view value) {
    any_ = true;
    for (chars::ListReader list(value); list.more;) {
        const std::string_view coding = list.next();
        if (coding.empty() || !chars::all(coding, chars::kToken)) return {400, "malformed Transfer-Encoding field"};
        const bool chunked = chars::equal_no_case(coding, "chunked");
        chunked_twice_ |= chunked && chunked_seen_;
        chunked_seen_ |= chunked;
        unknown_ |= !chunked;
        chunked_last_ = chunked;
    }
    return {};
}

ParseError TransferCodings::check() const {
    if (!chunked_last_) return {400, "Transfer-Encoding whose last coding is not chunked"};
    if (chunked_twice_) return {400, "Transfer-Encoding with chunked more than once"};
    return unknown_ ? ParseError(501, "Transfer-Encoding with an unknown coding") : ParseError();
}

bool is_forbidden_trailer(std::string_view name) { return is_one_of(name, kForbiddenTrailers); }
bool is_hop_by_hop(std::string_view name) { return is_one_of(name, kHopByHop); }

}  // namespace girin
