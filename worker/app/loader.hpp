#pragma once

// The application loader: from what stands on the command line to an Application object. A shared object is loaded
// through a private copy (library_image.hpp says why and how), so each load sees the file as it is then, and
// overwriting it later touches no process that runs. Not here: how a library exports an application (export.hpp).

#include <memory>
#include <string>
#include <string_view>

#include "girin/app/application.hpp"
#include "girin/base/error.hpp"

namespace girin {

/// Which application, not yet loaded.
class AppSource {
  public:
    enum class Kind { demo, library, linked };

    /// The built-in one.
    AppSource() = default;
    /// `name` as given to GIRIN_APPLICATION.
    static AppSource library(std::string file, std::string name = "app");
    /// Linked into the user's own program; `name` for log lines.
    static AppSource linked(ApplicationFactory factory, std::string name);

    /// A library's code is loaded from a copy of its file (LibraryCopy), borrowed until then. -1: there is none.
    void use_copy(int fd) { copy_fd_ = fd; }

    Kind kind() const { return kind_; }
    int copy_fd() const { return copy_fd_; }
    const std::string& file() const { return file_; }
    const std::string& name() const { return name_; }
    const ApplicationFactory& factory() const { return factory_; }
    /// As an operator would write it: "demo", "./libshop.so", "./libshop.so:other".
    std::string text() const;

  private:
    Kind kind_ = Kind::demo;
    std::string file_;
    std::string name_ = "demo";
    ApplicationFactory factory_;
    int copy_fd_ = -1;
};

/// `demo`, `PATH.so` or `PATH.so:NAME`. The file is not looked at. Errors: none of these, or a bad NAME.
Result<AppSource> parse_app_source(std::string_view text);

/// An application, made and not yet started. Code of a library stays mapped until the process ends: exceptions,
/// thread-local objects and coroutine frames may point into it for longer than anybody can tell.
/// Code that is in the process and fits; its object has yet to be made.
struct ApplicationCode {
    ApplicationFactory make;
    std::string built_with;

    ApplicationCode() = default;
    ApplicationCode(ApplicationFactory factory, std::string headers)
        : make(std::move(factory)), built_with(std::move(headers)) {}
};

struct LoadedApplication {
    std::unique_ptr<Application> application;
    /// Whose headers it was built with: "girin 0.1".
    std::string built_with;

    LoadedApplication() = default;
    LoadedApplication(std::unique_ptr<Application> made, std::string headers)
        : application(std::move(made)), built_with(std::move(headers)) {}
};

/// Loads the code; runs the library's static constructors.
///
/// Errors: each in one sentence that begins with the file as it was given: missing or unreadable file, not a shared
/// object for this machine, cut off, missing dependency or symbol, no application of that name (those there are get
/// listed), another ABI, a static constructor that throws (then the process must report it and exit: the dynamic
/// linker stays locked).
/// Blocks: reads the file.  Threads: one at a time.
Result<ApplicationCode> load_code(const AppSource& source);
/// Constructs it, and has it load(). Errors: one of them throws.
Result<LoadedApplication> make_application(const ApplicationCode& code, const AppSource& source);
/// Both.
Result<LoadedApplication> load_application(const AppSource& source);

/// Only what can be told without running any of its code: the file is there, fits this machine, exports that
/// application for this ABI. For `--check-config`. Blocks: reads the file.
Result<void> check_application(const AppSource& source);

}  // namespace girin
