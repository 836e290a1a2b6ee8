#pragma once

// The zygotes, as decisions: pure, in the manner of the Fleet. A generation that preloads has one process that has loaded
// its application, and from which its workers are forked; it is started when the first of them is wanted, and again when
// it has died before the next one. One worker is forked at a time. What a zygote says is believed only where it fits what
// it was asked, and where the kernel says so too. Not here: processes and messages (zygote_set.hpp, zygote_process.hpp).

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "girin/base/clock.hpp"
#include "girin/log.hpp"
#include "girin/run/exit_code.hpp"
#include "supervisor/zygote/zygote_message.hpp"
#include "supervisor/zygote/zygote_view.hpp"

namespace girin {

/// Far longer than a fork takes; shorter than anybody's patience.
inline constexpr Duration kForkLimit = std::chrono::seconds(10);

struct ZygoteAction {
    enum class Kind : std::uint8_t {
        start,    // id, generation: fork a zygote; say so if that can't be
        order,    // id, generation, slot, number: have it fork a worker; say so if that can't be
        take,     // slot, pid, generation: this child of ours is the worker of that slot
        discard,  // pid: this child of ours is nobody's; end it
        fail,     // slot, text, code: nobody comes; what was prepared for it is let go of
        end,      // id: its process is no longer needed, or not to be trusted; nothing of it is told any more
        log,      // level, text
    };

    explicit ZygoteAction(Kind what) : kind(what) {}

    Kind kind;
    std::uint32_t id = 0;  // of a zygote's process, never used again
    std::uint32_t generation = 0;
    std::size_t slot = 0;
    std::uint64_t number = 0;
    pid_t pid = 0;
    ExitCode code = ExitCode::ok;
    LogLevel level = LogLevel::info;
    std::string text;
};

/// Every spawn is answered once, by `take` or `fail`. Each wait has an end: a fork by kForkLimit, a load when whoever
/// waits for it has called off.
class Zygotes {
  public:
    using Actions = std::vector<ZygoteAction>;

    // --- the Fleet's wishes
    Actions spawn(std::size_t slot, std::uint32_t generation, TimePoint now);
    /// A spawn that was answered already is left alone.
    Actions call_off(std::size_t slot, TimePoint now);
    /// No worker of it will be wanted any more.
    Actions drop(std::uint32_t generation);
    /// Nor of any.
    Actions drop_all();
    /// `to` is to be as `from` was, whose workers nobody will want any more.
    void pass_on(std::uint32_t from, std::uint32_t to);

    // --- what came of actions, and of zygotes
    void on_started(std::uint32_t id, pid_t pid);
    /// Its start, or the order, couldn't be carried out.
    Actions on_impossible(std::uint32_t id, const std::string& why, TimePoint now);
    /// `is_ours`: of `forked`, whether its pid is a child of this process that nobody has yet.
    Actions on_report(std::uint32_t id, const ZygoteReport& report, bool is_ours, TimePoint now);
    /// It has said what no zygote says.
    Actions on_broken(std::uint32_t id, TimePoint now);
    /// Its process has ended. `sentence` follows "the zygote … ".
    Actions on_ended(std::uint32_t id, const std::string& sentence, TimePoint now);
    Actions on_deadline(TimePoint now);
    std::optional<TimePoint> next_deadline() const;

    /// A worker may come, and be a child that nobody knows yet.
    bool expects_child() const;

    std::vector<ZygoteView> all() const;

  private:
    struct Zygote {
        ZygoteState state = ZygoteState::none;
        std::uint32_t id = 0;
        pid_t pid = 0;
        TimePoint since{};
        std::deque<std::size_t> queue;  // slots that wait, in order
        std::uint64_t number = 0;       // of the order under way
        std::optional<std::size_t> slot;  // … and whose; none: called off
        TimePoint deadline{};

        Zygote() = default;
    };
    using Entry = std::pair<const std::uint32_t, Zygote>;

    Entry* find(std::uint32_t id);
    void advance(Entry& entry, TimePoint now);
    void order_next(Entry& entry, TimePoint now);
    void on_loaded(Entry& entry, TimePoint now);
    void on_not_loaded(Entry& entry, const ZygoteReport& report);
    void on_forked(Entry& entry, const ZygoteReport& report, bool is_ours, TimePoint now);
    void on_not_forked(Entry& entry, const ZygoteReport& report, TimePoint now);
    void distrust(Entry& entry, const std::string& why);
    void end(Entry& entry);
    void fail_order(Entry& entry, const std::string& why);
    void fail_queue(Entry& entry, const std::string& why, ExitCode code);
    void fail(std::size_t slot, const std::string& why, ExitCode code);
    void enter(Entry& entry, ZygoteState state, TimePoint now);
    void log(LogLevel level, const Entry& entry, const std::string& text);
    ZygoteAction& act(ZygoteAction::Kind kind);
    Actions take_actions() { return std::exchange(actions_, {}); }

    std::map<std::uint32_t, Zygote> all_;  // by generation
    Actions actions_;
    std::uint32_t last_id_ = 0;
    std::uint64_t last_number_ = 0;
};

}  // namespace girin
