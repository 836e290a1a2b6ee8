#include "supervisor/reload/preload.hpp"

#include <cstddef>
#include <string>

#include "supervisor/process/threads.hpp"

namespace girin {

Result<LoadedApplication> preload_application(const AppSource& source) {
    const std::ptrdiff_t before = count_threads();  // a sanitizer may have one of its own
    auto loaded = load_application(source);
    if (!loaded) return loaded.error();
    const std::ptrdiff_t started = count_threads() - before;
    if (started > 0) {
        return Error(source.text() + ": can't be preloaded, because it starts threads (" + std::to_string(started) +
                     ") while it is loaded, and a fork would leave them behind; run without --preload, or start "
                     "them in startup()");
    }
    return loaded;
}

}  // namespace girin
