#include "girin/run/exit_code.hpp"

namespace girin {

namespace {
constexpr ExitCodeMeaning kExitCodes[] = {
    {ExitCode::ok, "ok", "Stopped as asked, or the command did what it was asked to do."},
    {ExitCode::failure, "failure",
     "The server could not start or go on: an address in use, a missing permission, no process to be had."},
    {ExitCode::usage, "usage", "A setting is unknown, has a bad value, or contradicts another; nothing was started."},
    {ExitCode::worker_boot_failed, "boot failed",
     "A worker failed during the first start: it threw, exited, crashed or was not ready in time; or on-starting failed."},
    {ExitCode::application_not_loaded, "no application",
     "The application could not be loaded: no such file or symbol, or built for another version of girin."},
};
}  // namespace

std::span<const ExitCodeMeaning> exit_codes() { return kExitCodes; }

}  // namespace girin
