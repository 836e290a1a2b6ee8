// What hooks are told of the server's life. Not here: how they run (hooks/hooks.hpp).

#include <unistd.h>

#include <algorithm>

#include "supervisor/supervisor.hpp"

namespace girin {

HookFacts Supervisor::facts_of(HookEvent event, std::uint32_t generation) const {
    const Generation& serving = generations_.committed();
    HookFacts facts(event);
    facts.master_pid = ::getpid();
    facts.name = serving.settings.name;
    facts.generation = generation;
    facts.listen = listener_lines(serving.listeners);
    if (!facts.listen.empty()) facts.listen.pop_back();
    std::ranges::replace(facts.listen, '\n', ' ');
    return facts;
}

void Supervisor::tell_hooks(HookEvent event, const std::string& reason) {
    HookFacts facts = facts_of(event, fleet_.generation());
    facts.reason = reason;
    hooks_.tell(generations_.committed().settings, facts);
}

void Supervisor::tell_hooks_of_reload(std::uint32_t generation, const std::string& outcome,
                                      const std::string& reason) {
    HookFacts facts = facts_of(HookEvent::reload, generation);
    facts.outcome = outcome;
    facts.reason = reason;
    hooks_.tell(generations_.committed().settings, facts);
}

void Supervisor::tell_hooks_of_exit(ExitedWorker worker, std::uint32_t generation) {
    HookFacts facts = facts_of(HookEvent::worker_exit, generation);
    facts.worker = std::move(worker);
    hooks_.tell(generations_.committed().settings, facts);
}

}  // namespace girin
