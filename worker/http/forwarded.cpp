#include "worker/http/forwarded.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "worker/http/chars.hpp"
#include "worker/http/host.hpp"

namespace girin {
namespace {

/// The members of a list field, nearest hop first; those beyond the bound, which are the farthest, fall out.
class Hops {
  public:
    static constexpr std::size_t kMax = 32;

    void add(std::string_view hop) { hops_[count_++ % kMax] = hop; }
    std::size_t size() const { return std::min(count_, kMax); }
    std::size_t count() const { return count_; }
    std::string_view operator[](std::size_t distance) const { return hops_[(count_ - 1 - distance) % kMax]; }

  private:
    std::array<std::string_view, kMax> hops_;
    std::size_t count_ = 0;
};

/// The size of the member that `list` begins with: up to a comma outside of quotes. An open quote takes all
/// the rest.
std::size_t member_size(std::string_view list, char separator) {
    bool quoted = false;
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (quoted && list[i] == '\\') {
            ++i;
        } else if (list[i] == '"') {
            quoted = !quoted;
        } else if (!quoted && list[i] == separator) {
            return i;
        }
    }
    return list.size();
}

/// Takes the next member off `list`.
std::string_view take_member(std::string_view& list, char separator) {
    const std::size_t size = member_size(list, separator);
    const std::string_view member = chars::trim_blanks(list.substr(0, size));
    list.remove_prefix(std::min(size + 1, list.size()));
    return member;
}

Hops read_hops(FieldList fields, std::string_view name) {
    Hops hops;
    for (Field field : fields.find_all(name)) {
        std::string_view rest = field.value;
        do hops.add(take_member(rest, ','));
        while (!rest.empty());
    }
    return hops;
}

bool is_port(std::string_view text) {
    return !text.empty() && text.size() <= 5 && chars::all(text, chars::kDigit);
}

/// "1.2.3.4", "1.2.3.4:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80": the text of the address alone.
std::optional<std::string_view> address_text(std::string_view node) {
    std::string_view address = node, port = "0";
    if (node.starts_with('[')) {
        const std::size_t close = node.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        address = node.substr(1, close - 1);
        if (address.find(':') == std::string_view::npos) return std::nullopt;
        const std::string_view rest = node.substr(close + 1);
        if (!rest.empty()) port = rest.front() == ':' ? rest.substr(1) : std::string_view();
    } else if (std::count(node.begin(), node.end(), ':') == 1) {
        address = node.substr(0, node.find(':'));
        port = node.substr(address.size() + 1);
    }
    if (!is_port(port) || !IpAddress::parse(address)) return std::nullopt;
    return address;
}

/// The value of one parameter of a Forwarded element, without its quotes; none where it's missing, given
/// twice or malformed. A quoted pair is taken as malformed: nothing that we read needs one.
std::optional<std::string_view> parameter(std::string_view element, std::string_view name) {
    std::optional<std::string_view> found;
    while (!element.empty()) {
        const std::string_view pair = take_member(element, ';');
        const std::size_t equals = pair.find('=');
        if (equals == std::string_view::npos || !is_field_name(pair.substr(0, equals))) return std::nullopt;
        std::string_view value = pair.substr(equals + 1);
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
            value = value.substr(1, value.size() - 2);
            if (!chars::all(value, chars::kQuoted)) return std::nullopt;
        } else if (!is_field_name(value)) {
            return std::nullopt;
        }
        if (!chars::equal_no_case(pair.substr(0, equals), name)) continue;
        if (found) return std::nullopt;
        found = value;
    }
    return found;
}

std::string_view scheme_of(std::string_view text) {
    if (chars::equal_no_case(text, "https") || chars::equal_no_case(text, "wss")) return "https";
    if (chars::equal_no_case(text, "http") || chars::equal_no_case(text, "ws")) return "http";
    return {};
}

std::string_view host_of(std::string_view text) { return is_host(text) ? text : std::string_view(); }

struct Walk {
    std::string_view client = kUnknownClient;
    std::size_t distance = 0;  // of the client's hop, or the nearest
};

template <class NodeOf>
Walk walk(const Hops& hops, const TrustedPeers& trusted, NodeOf node_of) {
    Walk found;
    for (std::size_t i = 0; i < hops.size(); ++i) {
        const std::optional<std::string_view> node = node_of(hops[i]);
        const std::optional<std::string_view> address = node ? address_text(*node) : std::nullopt;
        if (!address) return {kUnknownClient, found.distance};
        found = {*address, i};
        if (!trusted.trusts(*address)) return found;
    }
    if (hops.count() > hops.size()) found.client = kUnknownClient;
    return found;
}

/// The member that belongs to the client's hop, if there is one for each hop; else the nearest proxy's.
std::string_view pick(const Hops& values, const Hops& hops, std::size_t distance) {
    if (values.count() == 0) return {};
    return values[values.count() == hops.count() ? distance : 0];
}

Origin read_x_forwarded(FieldList fields, const TrustedPeers& trusted) {
    const Hops hops = read_hops(fields, "x-forwarded-for");
    const Hops schemes = read_hops(fields, "x-forwarded-proto");
    const Hops hosts = read_hops(fields, "x-forwarded-host");
    const Walk found = walk(hops, trusted, [](std::string_view hop) { return std::optional(hop); });
    return {found.client, scheme_of(pick(schemes, hops, found.distance)), host_of(pick(hosts, hops, found.distance))};
}

Origin read_forwarded(FieldList fields, const TrustedPeers& trusted) {
    const Hops hops = read_hops(fields, "forwarded");
    if (hops.count() == 0) return {kUnknownClient, {}, {}};
    const Walk found = walk(hops, trusted, [](std::string_view hop) { return parameter(hop, "for"); });
    const std::string_view own = hops[found.distance];
    return {found.client, scheme_of(parameter(own, "proto").value_or("")), host_of(parameter(own, "host").value_or(""))};
}

bool was_forwarded(FieldList fields) {
    for (const std::string_view name : {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded"}) {
        if (fields.find(name)) return true;
    }
    return false;
}

}  // namespace

Origin find_origin(const Origin& direct, FieldList fields, const TrustedPeers& trusted, ForwardedHeader believed) {
    if (believed == ForwardedHeader::none || !trusted.trusts(direct.client) || !was_forwarded(fields)) return direct;
    const bool is_x = believed == ForwardedHeader::x_forwarded;
    Origin origin = is_x ? read_x_forwarded(fields, trusted) : read_forwarded(fields, trusted);
    if (origin.scheme.empty()) origin.scheme = direct.scheme;
    if (origin.host.empty()) origin.host = direct.host;
    return origin;
}

}  // namespace girin
