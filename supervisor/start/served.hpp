#pragma once

// What is served: the application that settings name or a program brings, or the program of --exec. Finding it, looking
// at it, keeping a copy of its code, and running it in a worker. Not here: the master that does so (master.hpp), and how
// a library is loaded (worker/app/loader.hpp).

#include <memory>
#include <optional>
#include <string>

#include "girin/base/unique_fd.hpp"
#include "supervisor/settings/settings.hpp"
#include "supervisor/turn/supervisor_setup.hpp"
#include "worker/app/loader.hpp"

namespace girin {

class Served {
  public:
    /// `linked`: the application of a program that brings its own. `program_is_ours`: it is girin itself, which builds
    /// nothing that a worker's exit() must not destroy.
    explicit Served(std::optional<AppSource> linked, bool program_is_ours = false)
        : linked_(std::move(linked)), program_is_ours_(program_is_ours) {}

    /// Whether what `settings` name can be served. Errors: it isn't there, or can't be loaded or run. With `code_fd` the
    /// application's file is copied into it first (LibraryCopy). Blocks: as a disk does.
    Result<void> check_blocking(const Settings& settings, int code_fd = -1) const;

    /// The library's file; empty: there is none.
    std::string file(const Settings& settings) const;
    /// A place for a library's code; empty where libraries are loaded in place. Whether there will be a library, and
    /// its name, isn't known before a reload's check; that of the one that serves is as good in a process's list of
    /// mappings. Errors: no memory, no descriptors.
    Result<UniqueFd> make_code_copy(const Settings& running) const;

    /// In a zygote: loads it, for the workers that are forked from it. None: it is loaded. Else why not: as a worker that
    /// can't load it says, or because it started threads, which no fork would take along.
    std::optional<LoadFailure> preload(const Settings& settings, const WorkerPlace& place);

    /// In a worker: its whole life. Returns its exit code.
    int work(const Settings& settings, const WorkerPlace& place);

  private:
    Result<AppSource> find(const Settings& settings) const;

    /// Nothing in a worker's process was built before its fork but girin's own: its end may be like any program's.
    bool is_workers_own() const { return program_is_ours_ && !has_preloaded_; }

    std::optional<AppSource> linked_;
    bool program_is_ours_;
    bool has_preloaded_ = false;  // the library was in this process's parent before
    std::unique_ptr<Application> preloaded_;
};

}  // namespace girin
