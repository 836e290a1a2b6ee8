#include "supervisor/settings/guides.hpp"

namespace girin {
namespace {

constexpr Guide kGuides[] = {
    {"README.md", "what girin is, five minutes, a table of all guides"},
    {"deploy/QUESTIONS.md", "what is asked often, and where the answer stands"},
    {"worker/APPLICATIONS.md", "writing, testing, debugging applications"},
    {"loop/LOOP.md", "tasks, time limits, threads, sockets, outgoing calls"},
    {"supervisor/OPERATING.md", "running it: status, reload, logs, hooks, systemd, containers"},
    {"supervisor/upgrade/UPGRADING.md", "a new binary of girin itself"},
    {"supervisor/exec/PROGRAMS.md", "programs in other languages"},
    {"deploy/settings.md", "each setting"},
    {"deploy/", "a service to copy from, nginx, HAProxy, systemd, Kubernetes"},
};

}  // namespace

std::span<const Guide> guides() { return kGuides; }

std::string guide_sentence(ExitCode code) {
    if (code != ExitCode::application_not_loaded) return {};
    return "What an application is built with, and has to match: share/doc/girin/worker/APPLICATIONS.md, \"What a library has to "
           "match\"";
}

}  // namespace girin
