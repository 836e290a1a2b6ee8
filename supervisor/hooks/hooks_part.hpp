#pragma once

// Hooks, as a part of the master: which of the server's events they are told, and with what facts. Not here: how they run
// (hooks.hpp).

#include <string>

#include "supervisor/hooks/hooks.hpp"
#include "supervisor/turn/common.hpp"
#include "supervisor/turn/part.hpp"

namespace girin {

class HooksPart : public Part {
  public:
    explicit HooksPart(Common& common) : common_(common), hooks_(common.os, common.wait, common.setup.callbacks) {}

    std::optional<TimePoint> next_deadline() const override { return hooks_.next_deadline(); }
    bool owns(SourceKind kind) const override { return kind == SourceKind::hook_end; }
    bool on_ready(ReadySource source, Inbox& inbox) override;
    void on_time(TimePoint now, Inbox& inbox) override;
    void carry_out(const Action& action, Inbox& inbox) override;
    void hear(const Order& order, Inbox& inbox) override;
    std::vector<pid_t> children() const override { return hooks_.pids(); }
    void let_go() override { hooks_.forget(); }

    /// As Hooks::finish_blocking.
    void finish_blocking() { hooks_.finish_blocking(); }

  private:
    HookFacts facts_of(HookEvent event, std::uint32_t generation) const;
    void tell(const HookFacts& facts) { hooks_.tell(common_.settings(), facts); }
    void tell_of_reload(std::uint32_t generation, const std::string& outcome, const std::string& reason = {});

    Common& common_;
    Hooks hooks_;
};

}  // namespace girin
