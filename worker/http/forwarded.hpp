#pragma once

// Who asked, how and for which host, when trusted proxies stand between: by X-Forwarded-For, -Proto and -Host, or by
// Forwarded (RFC 7239). The PROXY protocol is not here.

#include <string_view>

#include "girin/http/fields.hpp"
#include "worker/http/trusted_peers.hpp"
#include "worker/process/options.hpp"

namespace girin {

struct Origin {
    std::string_view client;  // an address without port or brackets, or kUnknownClient; empty: a Unix socket's peer
    std::string_view scheme;  // "http" or "https"
    std::string_view host;    // valid by parse_host(), or what the request itself says
};

/// The client of a request that was forwarded for somebody who isn't told: no address, so that no list of addresses
/// that are allowed something has it.
inline constexpr std::string_view kUnknownClient = "unknown";

/// `direct` is what connection and request say themselves: the peer's address, the listener's scheme, the
/// request's host. What trusted proxies say in fields of the family `believed` replaces it, part by part; the views
/// then point into `fields`.
///
/// The hops are walked from the nearest one: each is believed as long as the one that told it is trusted, so
/// the first untrusted address is the client's, and the farthest one's where all are trusted. Where a hop can't be
/// read before that, or more than 32 follow each other, the client is kUnknownClient: never the proxy that told it.
/// So it is when a trusted peer's request has fields of either family, but none of `believed` that names a client.
/// Scheme and host come from the client's own hop when they are given for each, else from the nearest proxy.
///
/// The other family's content is never looked at. Names are compared byte for byte without case: "X_Forwarded_For" is
/// another field.
Origin find_origin(const Origin& direct, FieldList fields, const TrustedPeers& trusted, ForwardedHeader believed);

}  // namespace girin
