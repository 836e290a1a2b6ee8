#pragma once

// What a start would find wrong although the settings are valid in themselves: places where nothing can be made, a format
// that nobody can write, a library that can't be linked. For --check-config and --check-start; nothing is created, bound or
// served. Not here: what only trying can tell (check_start.hpp).

#include "girin/base/error.hpp"
#include "supervisor/settings/settings.hpp"
#include "worker/app/loader.hpp"

namespace girin {

/// Whether the files and sockets that the settings name could be made or opened by us. Relative names mean the current
/// directory. Errors: the first that couldn't, or two addresses that are the same once their names are looked up.
Result<void> check_surroundings_blocking(const Settings& settings);

/// Whether workers could take their options.
Result<void> check_for_workers(const Settings& settings);

/// Loads a library in a child, as its user and with the settings' environment, which runs its static constructors as a
/// start would; makes no application of it. Errors: as load_code(), or how the child ended.
///
/// Blocks: at most for --boot-timeout.
Result<void> try_loading_blocking(const AppSource& source, const Settings& settings);

}  // namespace girin
