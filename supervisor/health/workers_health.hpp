#pragma once

// The workers' health, as a part of the master: looks at them in time, tells what the judge finds, and has one that hangs
// or crashes examined, in a child, before it is ended. Not here: what is judged (health_judge.hpp), and what a worker that
// hangs gets (fleet/).

#include <map>
#include <optional>
#include <string>

#include "supervisor/health/health_judge.hpp"
#include "supervisor/process/inquiry.hpp"
#include "supervisor/turn/common.hpp"
#include "supervisor/turn/part.hpp"

namespace girin {

class WorkersHealth : public Part {
  public:
    explicit WorkersHealth(Common& common) : common_(common) {}

    Result<void> begin(Inbox& inbox) override;
    std::optional<TimePoint> next_deadline() const override;
    void on_wake(TimePoint now, std::optional<TimePoint> due) override;
    bool owns(SourceKind kind) const override { return kind == SourceKind::examination_end; }
    bool on_ready(ReadySource source, Inbox& inbox) override;
    void on_time(TimePoint now, Inbox& inbox) override;
    void carry_out(const Action& action, Inbox& inbox) override;
    void hear(const Order& order, Inbox& inbox) override;
    std::vector<pid_t> children() const override;
    void let_go() override { examinations_.clear(); }

  private:
    /// A child that looks at a worker which hangs, or which crashes and waits for it to be done.
    struct Examination {
        std::optional<Inquiry> look;
        TimePoint deadline{};
        std::optional<Finding> hang;  // none: of a crash
        std::string reason;

        static Examination of_hang(const Finding& finding, std::string why) { return {finding, std::move(why)}; }
        static Examination of_crash(std::string why) { return {std::nullopt, std::move(why)}; }

      private:
        Examination(std::optional<Finding> finding, std::string why) : hang(std::move(finding)), reason(std::move(why)) {}
    };

    void use(const Settings& settings);
    void look_at_workers(TimePoint now, Inbox& inbox);
    void look_at_worker(std::size_t slot, TimePoint now, Inbox& inbox);
    std::string describe_work(std::size_t slot, const Finding& finding) const;
    void on_finding(std::size_t slot, const Finding& finding, Inbox& inbox);
    void on_hang(std::size_t slot, const Finding& finding, Inbox& inbox);
    void on_crash(std::size_t slot);
    bool is_crashing(std::size_t slot, TimePoint now);
    Result<void> examine(std::size_t slot, pid_t thread, Examination examination);
    void on_hang_examined(std::size_t slot, const Finding& hang, const std::string& reason, const std::string& details,
                          Inbox& inbox);
    void end_late_examinations(TimePoint now);
    void abandon_examination(std::size_t slot);

    Common& common_;
    HealthJudge judge_{HealthOptions()};
    std::optional<TimePoint> next_look_;
    std::map<std::size_t, Examination> examinations_;
};

}  // namespace girin
