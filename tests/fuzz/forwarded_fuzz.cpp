// What proxies tell of a client, and what a client may make of it: addresses, hosts, and whom they yield.

#include <algorithm>
#include <utility>

#include "tests/fuzz/server/choices.hpp"
#include "tests/fuzz/server/verdict.hpp"
#include "worker/http/forwarded.hpp"
#include "worker/http/host.hpp"

namespace girin::test {
namespace {

constexpr ForwardedHeader kFamilies[] = {ForwardedHeader::x_forwarded, ForwardedHeader::forwarded, ForwardedHeader::none};
const char* const kNames[] = {"X-Forwarded-For", "Forwarded", "X-Forwarded-Proto", "X-Forwarded-Host", "x-forwarded-for",
                              "X_Forwarded_For"};
// What a field is put together from, so that it makes sense often.
const std::string_view kWords[] = {"10.0.0.1", "192.0.2.7", "2001:db8::1", "[2001:db8::1]:80", "for=", "for=192.0.2.7",
                                   "for=\"[2001:db8::1]:4711\"", ";proto=https", ";host=evil.example", ",", ", ", "unknown",
                                       "https",
                                   "http", "shop.example", "127.0.0.1", "::1", "\"", "10.9.9.9:80", " "};

std::string value_of(Choices& choices) {
    std::string value;
    for (std::size_t count = choices.below(8); count > 0; --count) {
        const std::size_t which = choices.below(std::size(kWords) + 4);
        value += which < std::size(kWords) ? kWords[which] : choices.bytes(1 + choices.below(6));
    }
    return value;
}

Origin direct_from(std::string_view peer) {
    Origin direct;
    direct.client = peer;
    direct.scheme = "http";
    direct.host = "own.example";
    return direct;
}

bool same(const Origin& a, const Origin& b) { return a.client == b.client && a.scheme == b.scheme && a.host == b.host; }

void judge_origin(Choices& choices) {
    const auto trusted = TrustedPeers::parse({"10.0.0.0/8", "127.0.0.1", "::1"});
    expect(trusted.has_value(), "peers to trust");
    Fields fields;
    std::string all;
    for (std::size_t count = choices.below(6); count > 0; --count) {
        const std::string value = value_of(choices);
        fields.add(choices.of(kNames), value);
        all += value + "\n";
    }
    const ForwardedHeader believed = choices.of(kFamilies);
    const Origin stranger = direct_from("192.0.2.200");
    expect(same(find_origin(stranger, fields.list(), *trusted, believed), stranger), "a stranger's word counts for nothing",
        all);
    const Origin proxy = direct_from("10.0.0.200");
    const Origin told = find_origin(proxy, fields.list(), *trusted, believed);
    const bool is_unknown = told.client == kUnknownClient;
    expect(is_unknown || told.client == proxy.client || IpAddress::parse(told.client), "a client is an address",
        std::string(told.client) + " of " + all);
    expect(believed != ForwardedHeader::none || same(told, proxy), "nobody is believed", all);
    expect(told.scheme == "http" || told.scheme == "https", "a scheme is one of two", all);
    expect(told.host == proxy.host || is_host(told.host), "a host is one", all);
    const auto comes_from = [&](std::string_view part, std::string_view own) {
        return part == own || part == "http" || part == "https" || all.find(part) != std::string::npos;
    };
    expect((is_unknown || comes_from(told.client, proxy.client)) &&
               comes_from(told.host, proxy.host), "nothing comes from nowhere", all);
    // What is far from us never changes what the nearest untrusted hop yields.
    if (is_unknown || told.client == proxy.client || trusted->trusts(told.client)) return;
    Fields more;
    bool is_first = true;  // in whose front the farthest hop stands
    for (const Field field : fields.list()) {
        const bool is_list = field.name.size() == 15 && (field.name[0] | 32) == 'x' && field.name[1] == '-' &&
            field.name.ends_with("or");
        std::string value(field.value);
        if (is_list && std::exchange(is_first, false)) value = "203.0.113.9, " + value;
        more.add(field.name, value);
        if (field.value.find('"') != std::string_view::npos) return;  // an open quote takes what follows
    }
    const Origin farther = find_origin(proxy, more.list(), *trusted, believed);
    const bool too_many = farther.client == kUnknownClient;  // hops
    expect(too_many || farther.client == told.client, "a farther hop doesn't change the client", all);
}

void judge_addresses(std::string_view text) {
    const auto address = IpAddress::parse(text);
    if (address) {
        expect(!text.empty() && text.size() < 46 && text.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos,
               "an address has its characters", std::string(text));
        const auto network = IpNetwork::parse(text);
        expect(network && network->contains(*address), "an address is a network of its own", std::string(text));
    }
    if (const auto network = IpNetwork::parse(text)) {
        expect(network->prefix_bits >= 0 && network->prefix_bits <= 128, "a prefix is one", std::string(text));
        expect(network->contains(network->address), "a network has its own address", std::string(text));
    }
    Host host;
    if (parse_host(text, host)) {
        expect(!host.name.empty() && text.starts_with(host.name), "a host begins with its name", std::string(text));
        expect(text.find_first_of(" ,@/\t\r\n") == std::string_view::npos, "a host has no such characters", std::string(text));
        expect(host.port.size() <= 5 || host.port.find_first_not_of('0') != std::string_view::npos, "a port is short",
            std::string(text));
    }
}

}  // namespace
}  // namespace girin::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace girin::test;
    Choices choices({reinterpret_cast<const char*>(data), size});
    if (choices.byte() % 3 == 2) {
        judge_addresses(choices.rest());
    } else {
        judge_origin(choices);
    }
    return 0;
}
