#include "girin/run/hook_facts.hpp"

#include <algorithm>

namespace girin {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

/// What a worker or a settings file has said may be anything, and a script reads lines.
std::string one_line(std::string text) {
    if (text.size() > kLongestHookValue) text.resize(kLongestHookValue);
    std::ranges::replace_if(text, is_control, ' ');
    return text;
}

class Variables {
  public:
    void add(const char* name, std::string value) {
        if (!value.empty()) entries_.push_back(std::string(name) + "=" + one_line(std::move(value)));
    }
    void add(const char* name, std::optional<int> value) {
        if (value) add(name, std::to_string(*value));
    }
    std::vector<std::string> take() { return std::move(entries_); }

  private:
    std::vector<std::string> entries_;
};

}  // namespace

std::string_view to_text(HookEvent event) {
    switch (event) {
        case HookEvent::starting: return "starting";
        case HookEvent::ready: return "ready";
        case HookEvent::reload: return "reload";
        case HookEvent::worker_exit: return "worker-exit";
        case HookEvent::degraded: return "degraded";
    }
    return "unknown";
}

std::vector<std::string> to_environment(const HookFacts& facts) {
    Variables variables;
    variables.add("GIRIN_EVENT", std::string(to_text(facts.event)));
    variables.add("GIRIN_MASTER_PID", std::to_string(facts.master_pid));
    variables.add("GIRIN_NAME", facts.name);
    variables.add("GIRIN_GENERATION", std::to_string(facts.generation));
    variables.add("GIRIN_LISTEN", facts.listen);
    variables.add("GIRIN_OUTCOME", facts.outcome);
    variables.add("GIRIN_REASON", facts.reason);
    if (facts.worker) {
        variables.add("GIRIN_WORKER_PID", std::to_string(facts.worker->pid));
        variables.add("GIRIN_SLOT", std::to_string(facts.worker->slot));
        variables.add("GIRIN_CAUSE", facts.worker->cause);
        variables.add("GIRIN_EXIT_CODE", facts.worker->exit_code);
        variables.add("GIRIN_SIGNAL", facts.worker->signal);
    }
    return variables.take();
}

}  // namespace girin
