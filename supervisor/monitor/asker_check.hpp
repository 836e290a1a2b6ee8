#pragma once

// Whether a request that came by TCP may be a page of another site, which uses its reader's browser to get at an
// address that only the reader reaches. Pure. Not here: what the control socket asks of its peers.

#include <string>
#include <string_view>
#include <vector>

namespace girin {

/// A browser names in Host what stands in its address bar. A page can have its own name point to our address (DNS
/// rebinding), but can't have itself called by an address, by "localhost" or by one of `names`; "*" among them is all.
/// `host` is the field's value: "127.0.0.1:8001", "[::1]", "shop-7:8001".
bool is_own_host(std::string_view host, const std::vector<std::string>& names);

/// What a browser says in Sec-Fetch-Site of a request that a page of another site has made.
bool is_from_other_site(std::string_view sec_fetch_site);

}  // namespace girin
