#pragma once

// Who asked, how and for which host, when trusted proxies stand between: Forwarded (RFC 7239) and
// X-Forwarded-For, -Proto and -Host. The PROXY protocol is not here.

#include <string_view>

#include "worker/http/fields.hpp"
#include "worker/http/trusted_peers.hpp"

namespace girin {

struct Origin {
    std::string_view client;  // an address without port or brackets; empty for a Unix socket's peer
    std::string_view scheme;  // "http" or "https"
    std::string_view host;    // valid by parse_host(), or what the request itself says
};

/// `direct` is what connection and request say themselves: the peer's address, the listener's scheme, the
/// request's host. What trusted proxies say replaces it, part by part; the views then point into `fields`.
///
/// The hops are walked from the nearest one: each is believed as long as the one that told it is trusted, so
/// the first untrusted address is the client's. A part that can't be parsed ends the walk at the last good
/// one; so does the 32nd hop. Scheme and host come from the client's own hop when they are given for each,
/// else from the nearest proxy.
///
/// When both families of fields are there and disagree, neither is believed: a proxy that sets one passes the
/// other on from whoever sent it. Names are compared byte for byte without case: "X_Forwarded_For" is another
/// field.
Origin find_origin(const Origin& direct, FieldList fields, const TrustedPeers& trusted);

}  // namespace girin
