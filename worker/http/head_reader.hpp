#pragma once

// HeadReader: collects the few fields of a head that decide something, then decides (RFC 9112 §3.2, §6.3,
// §9.3). Reading the fields off the wire is request_parser.hpp's.

#include <array>
#include <string_view>

#include "worker/http/chars.hpp"
#include "worker/http/field_values.hpp"
#include "worker/http/request_head.hpp"

namespace girin {

/// The fields of one head go through read(), in order, at least those that may_decide(); then conclude(). The
/// first error is the verdict.
class HeadReader {
  public:
    /// `out` is as new, and is complete after conclude().
    HeadReader(HttpVersion version, HeadDecisions& out) : version_(version), out_(out) {}

    /// False: no field of this name (never empty) decides anything, so it needn't be read. Tells nearly all of
    /// them, by size and first letter.
    static constexpr bool may_decide(std::string_view name) {
        return name.size() < kInitials.size() && kInitials[name.size()] == chars::lower(name[0]);
    }

    ParseError read(std::string_view name, std::string_view value);
    /// As read() of a Host field, whose value the caller has already found to be good or not.
    ParseError read_host(std::string_view value, bool is_good);
    ParseError conclude();

  private:
    // By size: host, expect, upgrade, connection, content-length, transfer-encoding.
    static constexpr std::array<char, 18> kInitials = {0, 0, 0, 0, 'h', 0, 'e', 'u', 0,
                                                       0, 'c', 0, 0, 0, 'c', 0, 0, 't'};

    ParseError read_length(std::string_view value);
    ParseError read_expect(std::string_view value);

    const HttpVersion version_;
    HeadDecisions& out_;
    bool has_host_ = false, has_length_ = false, has_upgrade_ = false;
    TransferCodings codings_;
    ConnectionOptions connection_;
};

}  // namespace girin
