#pragma once

// The second way in which a slot gets a worker's process: a zygote of its generation forks it (zygote/), and the answer
// comes later. Here it is chosen what such a worker is given, as in worker_birth. Not here: what is decided about zygotes
// (zygotes.hpp).

#include <functional>
#include <optional>
#include <vector>

#include "supervisor/crew/worker_birth.hpp"
#include "supervisor/process/exit_cause.hpp"
#include "supervisor/zygote/zygote_set.hpp"

namespace girin {

class ZygoteBirth : private ZygoteSet::Host {
  public:
    /// Told of each spawn, once: the worker, or why there is none, and if the application is to be blamed for that.
    using Born = std::function<void(std::size_t slot, Result<Newborn> born, ExitCode code, Inbox&)>;

    ZygoteBirth(Common& common, WorkerBirth& birth, Listening& listening, OomWatch& oom, Born born)
        : common_(common), birth_(birth), listening_(listening), oom_(oom), born_(std::move(born)),
          zygotes_(common.os, common.wait, *this) {}

    /// Whether this generation's workers are born so.
    bool is_for(std::uint32_t generation) const;
    /// spawn, call_off_spawn, drop_generation, and the way back, which takes the former generation's zygote over.
    void carry_out(const Action& action, Inbox& inbox);
    bool owns(SourceKind kind) const { return kind == SourceKind::zygote_channel || kind == SourceKind::zygote_end; }
    /// As Part::on_ready.
    bool on_ready(ReadySource source, Inbox& inbox);
    void on_time(TimePoint now, Inbox& inbox);
    std::optional<TimePoint> next_deadline() const { return zygotes_.next_deadline(); }
    /// Nobody is spawned any more.
    void end(Inbox& inbox);

    bool expects_child() const { return zygotes_.expects_child(); }
    std::vector<pid_t> pids() const { return zygotes_.pids(); }
    std::vector<ZygoteView> all() const { return zygotes_.all(); }
    void let_go() { zygotes_.forget(); }

  private:
    Result<SpawnedZygote> start_zygote(std::uint32_t generation) override;
    Result<WorkerOrder> prepare_worker(std::size_t slot, std::uint32_t generation) override;
    void on_forked(std::size_t slot, std::uint32_t generation, SpawnedWorker worker, const WorkerOrder& order) override;
    void on_not_forked(std::size_t slot, const std::string& why, ExitCode code) override;
    bool is_known_child(pid_t pid) const override;
    bool was_out_of_memory() override { return oom_.has_killed_since(); }
    void say(LogLevel level, const std::string& text) override { common_.report.say(level, text); }
    ZygoteLife leave_for_zygote(std::uint32_t number);

    Common& common_;
    WorkerBirth& birth_;
    Listening& listening_;
    OomWatch& oom_;
    Born born_;
    ZygoteSet zygotes_;
    Inbox* inbox_ = nullptr;  // of the call that is under way
};

}  // namespace girin
