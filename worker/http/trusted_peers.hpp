#pragma once

// Which peers are proxies of the operator's own, whose word about the client is believed.

#include <string>
#include <string_view>
#include <vector>

#include "girin/base/error.hpp"
#include "worker/http/ip_address.hpp"

namespace girin {

class TrustedPeers {
  public:
    /// Trusts peers on Unix sockets alone.
    TrustedPeers() = default;

    /// Entries: an address, a network ("10.0.0.0/8"), or "*" for all. Errors: an entry that is none of them.
    static Result<TrustedPeers> parse(const std::vector<std::string>& entries);

    /// `address`: text without port; empty for the peer of a Unix socket, who has passed the file's permissions.
    bool trusts(std::string_view address) const;
    bool trusts(const IpAddress& address) const;

  private:
    std::vector<IpNetwork> networks_;
    bool all_ = false;
};

}  // namespace girin
