#pragma once

// The zygotes that run: carries out what is decided about them (zygotes.hpp), with processes, channels and the kernel's
// word for whose child a worker is. Each spawn that is asked for is answered to the host, once. Not here: what a worker
// is given (the host), and a zygote's own life (zygote_process.hpp).

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "supervisor/process/os.hpp"
#include "supervisor/turn/event_wait.hpp"
#include "supervisor/zygote/zygote_process.hpp"
#include "supervisor/zygote/zygotes.hpp"

namespace girin {

/// A worker that is ordered: what it is to have, and what the master keeps of it meanwhile.
struct WorkerOrder {
    ZygoteOrder order;   // descriptors are borrowed until it is sent, but for the channel's
    UniqueFd their_end;  // of the channel
    UniqueFd our_end;
    std::size_t lane = 0;

    WorkerOrder() = default;
};

class ZygoteSet {
  public:
    class Host {
      public:
        virtual Result<SpawnedZygote> start_zygote(std::uint32_t generation) = 0;
        /// With its channel's two ends, and no number yet.
        virtual Result<WorkerOrder> prepare_worker(std::size_t slot, std::uint32_t generation) = 0;
        /// It is this process's child, and told to go on.
        virtual void on_forked(std::size_t slot, std::uint32_t generation, SpawnedWorker worker, const WorkerOrder& order) = 0;
        virtual void on_not_forked(std::size_t slot, const std::string& why, ExitCode code) = 0;
        /// A child that this process waits for already.
        virtual bool is_known_child(pid_t pid) const = 0;
        /// One more process was killed for want of memory; asked once for each that was killed by nobody we know.
        virtual bool was_out_of_memory() = 0;
        virtual void say(LogLevel level, const std::string& text) = 0;

      protected:
        ~Host() = default;
    };

    /// All are borrowed for its life.
    ZygoteSet(Os& os, EventWait& wait, Host& host) : os_(os), wait_(wait), host_(host) {}

    void spawn(std::size_t slot, std::uint32_t generation);
    void call_off(std::size_t slot);
    void drop(std::uint32_t generation);
    void drop_all();
    void pass_on(std::uint32_t from, std::uint32_t to) { zygotes_.pass_on(from, to); }

    /// A channel is readable. True: there may be more.
    bool on_channel(std::uint32_t id);
    void on_end(std::uint32_t id);
    void on_deadline(TimePoint now);
    std::optional<TimePoint> next_deadline() const { return zygotes_.next_deadline(); }

    /// Children that nobody knows may be workers: they aren't to be reaped as strangers yet.
    bool expects_child() const { return zygotes_.expects_child(); }
    std::vector<ZygoteView> all() const { return zygotes_.all(); }
    std::vector<pid_t> pids() const;
    /// For a child: lets go of its copies. The processes are the master's.
    void forget();

  private:
    struct Process {
        pid_t pid = 0;
        UniqueFd pidfd;
        UniqueFd channel;  // the master's end; empty once it was ended, or has closed its own
        bool ended_by_us = false;

        Process() = default;
    };

    void carry_out(Zygotes::Actions actions);
    void carry_out(const ZygoteAction& action);
    void start(const ZygoteAction& action);
    void order(const ZygoteAction& action);
    void take(const ZygoteAction& action);
    void discard(pid_t pid);
    void end(std::uint32_t id);
    bool is_ours(pid_t pid) const;
    void stop_listening_to(Process& process);

    Os& os_;
    EventWait& wait_;
    Host& host_;
    Zygotes zygotes_;
    std::map<std::uint32_t, Process> processes_;  // by id; also those that are to end
    std::map<std::size_t, WorkerOrder> ordered_;  // by slot; sent, and not answered
    std::deque<ZygoteAction> actions_;
    bool carrying_out_ = false;
};

}  // namespace girin
