#include "worker/http/trusted_peers.hpp"

#include <algorithm>

#include "worker/http/chars.hpp"

namespace girin {

Result<TrustedPeers> TrustedPeers::parse(const std::vector<std::string>& entries) {
    TrustedPeers peers;
    for (const std::string& entry : entries) {
        const std::string_view text = chars::trim_blanks(entry);
        if (text == "*") {
            peers.all_ = true;
            continue;
        }
        const std::optional<IpNetwork> network = IpNetwork::parse(text);
        if (!network) return Error("trust peer \"" + entry + "\": neither an address, a network nor \"*\"");
        peers.networks_.push_back(*network);
    }
    return peers;
}

bool TrustedPeers::trusts(std::string_view address) const {
    if (all_ || address.empty()) return true;
    const std::optional<IpAddress> parsed = IpAddress::parse(address);
    return parsed && trusts(*parsed);
}

bool TrustedPeers::trusts(const IpAddress& address) const {
    return all_ || std::any_of(networks_.begin(), networks_.end(),
                               [&address](const IpNetwork& network) { return network.contains(address); });
}

}  // namespace girin
