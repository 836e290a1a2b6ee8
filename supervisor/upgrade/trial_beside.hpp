#pragma once

// A trial beside the master that has started us: it hears whether we are well, tells us to take over or to end, and serves
// from the same sockets meanwhile.

#include <optional>

#include "supervisor/upgrade/trial.hpp"

namespace girin {

class TrialBeside : public Trial {
  public:
    using Trial::Trial;

    Result<void> begin(Inbox& inbox) override;
    bool owns(SourceKind kind) const override { return kind == SourceKind::predecessor; }
    bool on_ready(ReadySource source, Inbox& inbox) override;
    void on_turn_end(TimePoint now, Inbox& inbox) override;
    void hear(const Order& order, Inbox& inbox) override;
    void let_go() override { common_.setup.predecessor->hang_up(); }

  private:
    bool on_word(std::string_view word, Inbox& inbox);
    void on_gone(Inbox& inbox);
    void hang_up();

    std::optional<bool> told_ready_;
};

}  // namespace girin
