#include "worker/http/target.hpp"

#include <algorithm>

#include "worker/http/chars.hpp"
#include "worker/http/host.hpp"

namespace girin {
namespace {

constexpr ParseError kBadEncoding(400, "malformed percent-encoding in the path");
constexpr ParseError kBadPath(400, "character in the path that has to be percent-encoded");
constexpr ParseError kNulInPath(400, "encoded NUL in the path");
constexpr ParseError kBadForm(400, "target of a form that is not for this method");
constexpr ParseError kBadAuthority(400, "invalid authority in the target");

enum class Encoding { none, good, bad };

Encoding check_encoding(std::string_view text) {
    std::size_t at = text.find('%');
    if (at == std::string_view::npos) return Encoding::none;
    for (; at != std::string_view::npos; at = text.find('%', at + 3)) {
        if (text.size() - at < 3) return Encoding::bad;
        if (!chars::is(text[at + 1], chars::kHex) || !chars::is(text[at + 2], chars::kHex)) return Encoding::bad;
    }
    return Encoding::good;
}

ParseError split_path(std::string_view text, Target& target) {
    const std::size_t mark = text.find('?');
    target.path = text.substr(0, mark);
    target.has_query = mark != std::string_view::npos;
    target.query = target.has_query ? text.substr(mark + 1) : std::string_view();
    if (target.path.find_first_of(kNeverInPath) != std::string_view::npos) return kBadPath;
    const Encoding path = check_encoding(target.path);
    if (path == Encoding::bad) return kBadEncoding;
    target.encoded = path == Encoding::good;
    const bool has_nul = target.encoded && target.path.find("%00") != std::string_view::npos;
    return has_nul ? kNulInPath : ParseError();
}

ParseError split_authority(std::string_view text, Target& target) {
    Host host;
    if (!parse_host(text, host) || host.port.empty()) return kBadAuthority;
    target.form = TargetForm::authority;
    target.authority = text;
    return {};
}

ParseError split_absolute(std::string_view text, Target& target) {
    const std::size_t scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) return kBadForm;
    target.form = TargetForm::absolute;
    target.scheme = text.substr(0, scheme_end);
    if (!chars::equal_no_case(target.scheme, "http") && !chars::equal_no_case(target.scheme, "https")) {
        return {400, "target with a scheme that is not http or https"};
    }
    const std::string_view rest = text.substr(scheme_end + 3);
    const std::size_t authority_size = std::min(rest.find_first_of("/?"), rest.size());
    target.authority = rest.substr(0, authority_size);
    if (!is_host(target.authority)) return kBadAuthority;
    if (ParseError error = split_path(rest.substr(authority_size), target)) return error;
    if (target.path.empty()) target.path = "/";
    return {};
}

ParseError split_any(std::string_view method, std::string_view text, Target& target) {
    if (method == "CONNECT") return split_authority(text, target);
    if (text.starts_with('/')) return split_path(text, target);
    if (text != "*") return split_absolute(text, target);
    if (method != "OPTIONS") return kBadForm;
    target.form = TargetForm::asterisk;
    target.path = text;
    return {};
}

}  // namespace

ParseError split_target(std::string_view method, std::string_view text, Target& target) {
    Target split;
    const ParseError error = split_any(method, text, split);
    if (!error) target = split;
    return error;
}

bool append_percent_decoded(std::string& out, std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] != '%') {
            out.push_back(text[at++]);
            continue;
        }
        if (text.size() - at < 3) return false;
        const int high = chars::hex_value(text[at + 1]), low = chars::hex_value(text[at + 2]);
        if (high < 0 || low < 0) return false;
        out.push_back(static_cast<char>(high * 16 + low));
        at += 3;
    }
    return true;
}

std::string_view decode_path(const Target& target, std::string& storage) {
    if (!target.encoded) return target.path;
    storage.clear();
    append_percent_decoded(storage, target.path);
    return storage;
}

}  // namespace girin
