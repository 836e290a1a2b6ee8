#pragma once

// What the process's exit status tells its caller: one table, from which that of supervisor/OPERATING.md is printed.

#include <span>
#include <string_view>

namespace girin {

enum class ExitCode : int {
    ok = 0,
    failure = 1,
    usage = 2,
    worker_boot_failed = 3,
    application_not_loaded = 4,
};

struct ExitCodeMeaning {
    ExitCode code;
    std::string_view name;     // one word or two, for a table's first column
    std::string_view meaning;  // one sentence
};

/// Every code there is, in order.
std::span<const ExitCodeMeaning> exit_codes();

}  // namespace girin
