#pragma once

// Where the guides lie that help, manual page and error messages name: one list. tests/docs/check_links compares it with
// the headings that there are.

#include <span>
#include <string>
#include <string_view>

#include "girin/run/exit_code.hpp"

namespace girin {

struct Guide {
    std::string_view file;   // below share/doc/girin, as in the tree
    std::string_view about;  // "writing applications"
};

std::span<const Guide> guides();

/// A sentence that names the guide for a start that ended so; empty: there is none that would help.
std::string guide_sentence(ExitCode code);

}  // namespace girin
