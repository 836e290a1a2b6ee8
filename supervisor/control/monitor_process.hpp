#pragma once

// The monitor as the master sees it: one more child, with a channel for what workers say too and one for requests. It
// is started again when it ends, with a back-off, and killed first when its loop stands still; nothing else takes
// notice. Not here: what it does (supervisor/monitor), and what is done about requests (operators.hpp).

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/health/health_judge.hpp"
#include "supervisor/process/exit_cause.hpp"
#include "supervisor/process/os.hpp"
#include "supervisor/process/outbox.hpp"
#include "supervisor/process/spawn.hpp"
#include "supervisor/turn/event_wait.hpp"
#include "worker/process/channel.hpp"

namespace girin {

/// From being told to end until it is killed.
inline constexpr Duration kMonitorEndLimit = std::chrono::seconds(1);
/// … and until it cuts off by itself what is still in hand.
inline constexpr Duration kMonitorDrainLimit = std::chrono::milliseconds(400);
/// Its loop stands still for so long, in its own time (HealthJudge): it hangs. Noticed after half as much again.
inline constexpr Duration kMonitorTimeout = std::chrono::seconds(6);
/// The same for one whose successor serves already: it has time.
inline constexpr Duration kMonitorLongDrainLimit = std::chrono::seconds(10);

class MonitorProcess {
  public:
    /// What a fork gives: as for a worker, and the master's end of the channel for requests.
    struct Spawned {
        SpawnedWorker worker;
        UniqueFd requests;

        Spawned() = default;
        Spawned(SpawnedWorker w, UniqueFd fd) : worker(std::move(w)), requests(std::move(fd)) {}
    };
    using Spawn = std::function<Result<Spawned>()>;

    /// Both are borrowed. Without `spawn` there is never a monitor.
    MonitorProcess(Os& os, EventWait& wait, Spawn spawn) : os_(os), wait_(wait), spawn_(std::move(spawn)) {}

    /// Starts it now.
    void start();
    /// Once a turn of the master, as HeartbeatWatch::on_turn.
    void on_turn(TimePoint now, std::optional<TimePoint> due) { judge_.on_turn(now, due, os_.suspended()); }
    /// When on_deadline() is due.
    std::optional<TimePoint> next_deadline() const;
    void on_deadline(TimePoint now);
    /// Something of its is ready. Returns what it asks; at most so many at once that the master isn't kept.
    std::vector<Message> on_ready();
    /// What asked with `id` was read, and is answered some time.
    void acknowledge(std::uint64_t id) { say_of_request(Message(MessageKind::taken, static_cast<std::int64_t>(id))); }
    /// A monitor that doesn't read it now is told again until it does.
    void answer(std::uint64_t id, const std::string& text);
    void tell(const Message& message, std::span<const int> descriptors = {});

    /// The server stops: from now on it isn't news when the monitor ends, as it does with its whole process group.
    void on_server_stops() { news_.clear(), server_stops_ = true; }
    /// Told to end when what is in hand is done or `limit` is over, and killed if it doesn't soon.
    void begin_end(Duration limit = kMonitorDrainLimit);
    /// It has been told to end, and takes no more connections.
    bool has_stopped_accepting() const { return ending_ && (stopped_accepting_ || !is_running()); }
    bool is_running() const { return pid_ > 0; }
    /// A new one has been started since the last call: requests of the former are nobody's any more.
    bool was_renewed() { return std::exchange(renewed_, false); }
    pid_t pid() const { return pid_; }
    /// Borrowed.
    int channel() const { return channel_.get(); }
    int requests() const { return requests_.get(); }
    /// One line, which the monitor writes: for the monitor itself, which takes it with it. Made with the first start.
    Scoreboard& board() { return board_; }

    /// For a child: lets go of what is the master's.
    void forget();

  private:
    static constexpr Duration kFirstDelay = std::chrono::milliseconds(250);
    static constexpr Duration kLongestDelay = std::chrono::seconds(30);
    static constexpr Duration kStable = std::chrono::seconds(30);  // after such a life, back-off begins anew

    Result<void> try_start();
    Result<void> watch();
    void schedule(const std::string& why);
    Duration next_delay();
    void on_end(pid_t pid, const ExitEvidence& evidence);
    void read_worker_channel();
    void read_requests(std::vector<Message>& requests);
    void reap_if_ended();
    void let_go();
    void look_at_its_loop(TimePoint now);
    void say_of_request(const Message& message);
    void warn_if(bool begins_to_wait, const Result<void>& sent);

    Os& os_;
    EventWait& wait_;
    Spawn spawn_;
    pid_t pid_ = 0;
    UniqueFd pidfd_;
    UniqueFd channel_;
    UniqueFd requests_;
    Outbox orders_;   // what it hasn't taken from channel_
    Outbox answers_;  // … and from requests_
    Scoreboard board_;
    HealthJudge judge_{HealthOptions(kMonitorTimeout, Duration::zero())};
    std::optional<TimePoint> next_look_;  // while it runs and isn't ending
    TimePoint started_at_{};
    std::optional<TimePoint> deadline_;  // to be started, or while it ends, to be killed
    int failures_ = 0;
    std::string news_;  // told when another starts: a signal that was for the whole server is known as one by then
    bool ending_ = false;
    bool server_stops_ = false;
    bool stopped_accepting_ = false;
    bool renewed_ = false;
};

}  // namespace girin
