#pragma once

// The whole of girin behind one call: command line, settings, master and workers. For girin's own main() (run_girin), and
// for programs that link their application:
//
//     int main(int argc, char** argv) {
//         return girin::run_server(argc, argv, [] { return std::make_unique<Shop>(); }, "shop");
//     }

#include <string>

#include "girin/app/application.hpp"
#include "girin/run/exit_code.hpp"
#include "girin/run/server_callbacks.hpp"

namespace girin {

/// For girin's own main(): as run_server() below, in a process that is girin's alone, where descriptors and timers that it
/// was started with are set straight, and workers may end as programs do.
int run_girin(int argc, char** argv);

/// Reads the settings, starts the server and runs it until it is stopped. Returns the exit code (ExitCode) for
/// main() to return; whatever was to be said has been logged or printed. Workers leave by _exit(): what main() and static
/// objects have built is the master's to destroy.
///
/// The application is the one that the command line names. Threads: to be called from main(), before any other
/// thread is started; workers are forked from this one. Blocks: for as long as the server lives.
int run_server(int argc, char** argv);

/// The same for an application that is part of the program: `make` is called once in each worker, `name` is for log
/// lines. The command line then takes the same options, but no application.
/// `callbacks` are called in the master as things happen there; their contract is ServerCallbacks'.
int run_server(int argc, char** argv, ApplicationFactory make, const std::string& name,
               ServerCallbacks callbacks = ServerCallbacks());

}  // namespace girin
