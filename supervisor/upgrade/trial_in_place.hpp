#pragma once

// A trial in the place of the former binary, in the same process, as PID 1 has it: the former's workers (elders) serve
// until ours do, and where there is a way back the former binary is executed again when we fail.

#include <optional>
#include <string>

#include "supervisor/upgrade/elders.hpp"
#include "supervisor/upgrade/trial.hpp"

namespace girin {

class TrialInPlace : public Trial {
  public:
    explicit TrialInPlace(Common& common) : Trial(common), elders_(common.os, common.wait) {}

    Result<void> begin(Inbox& inbox) override;
    std::optional<TimePoint> next_deadline() const override;
    bool owns(SourceKind kind) const override { return kind == SourceKind::elder; }
    bool on_ready(ReadySource source, Inbox& inbox) override;
    void on_turn_end(TimePoint now, Inbox& inbox) override;
    void hear(const Order& order, Inbox& inbox) override;
    std::vector<pid_t> children() const override { return elders_.pids(); }
    void let_go() override { elders_.forget(); }

    bool has_elders() const override { return !elders_.empty(); }
    void hurry() override { elders_.quit(); }

  private:
    std::optional<TimePoint> decision_due() const;
    void decide(TimePoint now, Inbox& inbox);
    void give_back(const std::string& why, Inbox& inbox);
    void count_elders() { common_.standing.elders = elders_.list().size(); }

    Elders elders_;
    TimePoint began_{};
    std::optional<TimePoint> well_since_;
};

}  // namespace girin
