#pragma once

// Loading the application once in the master (--preload), so that workers share its memory.

#include "worker/app/loader.hpp"

namespace girin {

/// Errors: as load_application; or the application started threads as it was loaded, which no fork would carry over.
Result<LoadedApplication> preload_application(const AppSource& source);

}  // namespace girin
