#pragma once

// The table of the access log's atoms: letter, key in JSON, and how each is written. Not here: the format's grammar.

#include <string>
#include <string_view>

#include "worker/log/access_format.hpp"

namespace girin::detail {

struct AccessAtom {
    using Append = void (*)(std::string& out, const AccessRecord& record);

    std::string_view name;  // "h"; longer ones are reached through %({…}e)s only
    std::string_view json_key;
    bool is_number = false;  // in JSON
    Append append;           // nothing appended: the value is missing
    Append append_json = nullptr;  // where it differs
};

/// Null when there is none of that name.
const AccessAtom* find_access_atom(std::string_view name);
/// The atom that stands for a CGI variable, or null.
const AccessAtom* find_cgi_atom(std::string_view variable);

}  // namespace girin::detail
