#pragma once

// The surveyor, as a part of the master: what it looks at from time to time, because nothing tells it: how old, how large
// and how busy workers are. And the application's file, which does tell. Also how many workers operators want, since with
// a range that moves its lower end. Not here: silence (health/), and what is decided on (fleet/).

#include <sys/stat.h>

#include <optional>
#include <vector>

#include "supervisor/survey/file_watch.hpp"
#include "supervisor/survey/worker_survey.hpp"
#include "supervisor/turn/common.hpp"
#include "supervisor/turn/part.hpp"

namespace girin {

class Surveyor : public Part {
  public:
    explicit Surveyor(Common& common) : common_(common) {}

    Result<void> begin(Inbox& inbox) override;
    std::optional<TimePoint> next_deadline() const override;
    bool owns(SourceKind kind) const override { return kind == SourceKind::file_change; }
    bool on_ready(ReadySource source, Inbox& inbox) override;
    void on_time(TimePoint now, Inbox& inbox) override;
    void carry_out(const Action& action, Inbox& inbox) override;
    void hear(const Order& order, Inbox& inbox) override;
    void let_go() override { file_ = FileWatch(); }

  private:
    void begin_surveys();
    void survey(TimePoint now, Inbox& inbox);
    std::vector<WorkerLook> look_at_all(TimePoint now) const;
    Result<void> scale(const AskScale& asked, Inbox& inbox);
    void scale_by(int workers, Inbox& inbox);
    void watch_file();
    void unwatch_file();
    void on_file_change(Inbox& inbox);

    Common& common_;
    WorkerSurvey survey_;
    std::optional<TimePoint> next_survey_;
    FileWatch file_;
    struct stat directory_ {};  // that names were relative to when file_ was opened
};

}  // namespace girin
