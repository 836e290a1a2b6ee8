#pragma once

// The control desk: what operators have asked of the master and still wait to hear the outcome of. Pure: it is told
// what is asked and what happens, and gives answers. Not here: doing it (operators.hpp), and who may ask
// (supervisor/monitor).

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "girin/base/clock.hpp"
#include "girin/base/error.hpp"

namespace girin {

enum class ControlVerb : std::uint8_t { reload, scale, stop, reopen, upgrade, kill, log_level };

std::string_view to_text(ControlVerb verb);

/// On the channel: three lines, verb, argument, and who asks ("uid 0, pid 123").
struct ControlRequest {
    ControlVerb verb = ControlVerb::reload;
    std::string argument;  // "+2", "3", "quick", "settled", "debug"
    std::string asker;

    ControlRequest() = default;

    std::string to_text() const;
    /// Lines that are missing are empty. Errors: no such verb, or more than three lines.
    static Result<ControlRequest> parse(std::string_view text);
};

/// How many workers are asked for: "4", "+1", "-2".
struct ScaleArgument {
    bool relative = false;
    int count = 0;
};
Result<ScaleArgument> parse_scale(std::string_view text);

enum class AnswerKind : std::uint8_t {
    done,
    refused,  // nothing was begun
    failed,   // it was begun, and didn't work
};

/// On the channel: the kind's word, a line's end, a sentence.
struct ControlAnswer {
    std::uint64_t id = 0;
    AnswerKind kind = AnswerKind::done;
    std::string text;

    ControlAnswer() = default;
    ControlAnswer(std::uint64_t number, AnswerKind answer, std::string sentence)
        : id(number), kind(answer), text(std::move(sentence)) {}
    std::string to_text() const;
    /// Errors: no such kind.
    static Result<ControlAnswer> parse(std::uint64_t id, std::string_view text);
};

/// What an outcome is judged by.
struct FleetGlance {
    std::size_t wanted = 0;
    std::size_t ready = 0;
    bool degraded = false;
    std::string degraded_why;

    FleetGlance() = default;
};

class ControlDesk {
  public:
    static constexpr std::size_t kMaxWaiting = 64;  // requests at once; more are refused

    bool is_full() const { return waiting_.size() >= kMaxWaiting; }

    /// What `id` waits for from now on.
    void await_reload(std::uint64_t id, bool until_settled = false);
    /// `remark` follows the answer's sentence once so many serve.
    void await_scale(std::uint64_t id, std::size_t workers, std::string remark = {});
    void await_exit(std::uint64_t id, std::size_t slot, pid_t pid);
    void await_stop(std::uint64_t id);
    void answer(ControlAnswer answer) { answers_.push_back(std::move(answer)); }

    /// A reload that begins is the one that those waited for who had asked before.
    void on_reload_begins(std::uint32_t generation);
    /// `watch`: for how long it may still be gone back from.
    void on_reload_committed(std::uint32_t generation, Duration watch);
    /// `why_not` is empty: it has stayed well.
    void on_watch_ended(std::uint32_t generation, const std::string& why_not);
    void on_reload_rolled_back(std::uint32_t generation, const std::string& reason);
    void on_worker_exited(std::size_t slot, pid_t pid, const std::string& sentence);
    /// The server stops: only that it has stopped can still be waited for.
    void on_stopping();
    void on_stopped();
    /// Another binary follows in this process, which knows nothing of what was asked here.
    void on_replaced();
    /// After everything else that happened.
    void look(const FleetGlance& glance);
    /// Nobody is there any more to be answered.
    void forget_all();

    std::vector<ControlAnswer> take_answers();

  private:
    struct Waiting {
        std::uint64_t id = 0;
        ControlVerb verb = ControlVerb::reload;
        std::uint32_t generation = 0;  // reload: 0 until it begins
        bool until_settled = false;    // reload: not done before its watch has ended
        bool committed = false;        // reload
        std::size_t count = 0;         // scale: workers; kill: slot
        pid_t pid = 0;
        std::string remark;  // scale
    };

    Waiting& add(std::uint64_t id, ControlVerb verb);
    template <class Predicate>
    void end_where(Predicate predicate, AnswerKind kind, const std::string& text);

    std::vector<Waiting> waiting_;
    std::vector<ControlAnswer> answers_;
};

}  // namespace girin
