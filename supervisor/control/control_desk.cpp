#include "supervisor/control/control_desk.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace girin {
namespace {

constexpr std::array<std::string_view, 7> kVerbs = {"reload", "scale", "stop", "reopen", "upgrade", "kill", "log-level"};
constexpr std::array<std::string_view, 3> kAnswers = {"done", "refused", "failed"};

/// The text before the first line's end; `text` becomes what follows it.
std::string_view take_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

std::string workers(std::size_t count) { return std::to_string(count) + (count == 1 ? " worker" : " workers"); }

}  // namespace

std::string_view to_text(ControlVerb verb) { return kVerbs[static_cast<std::size_t>(verb)]; }

std::string ControlRequest::to_text() const {
    return std::string(girin::to_text(verb)) + "\n" + argument + "\n" + asker;
}

Result<ControlRequest> ControlRequest::parse(std::string_view text) {
    const std::string_view word = take_line(text);
    const auto verb = std::ranges::find(kVerbs, word);
    if (verb == kVerbs.end()) return Error("no request is called '" + std::string(word) + "'");
    ControlRequest request;
    request.verb = static_cast<ControlVerb>(verb - kVerbs.begin());
    request.argument = take_line(text);
    const bool is_last = text.find('\n') == std::string_view::npos;
    request.asker = take_line(text);
    if (!is_last) return Error("a request has three lines");
    return request;
}

Result<ScaleArgument> parse_scale(std::string_view text) {
    constexpr int kMost = 1'000'000;
    ScaleArgument scale;
    scale.relative = text.starts_with('+') || text.starts_with('-');
    std::string_view digits = text;
    if (text.starts_with('+')) digits.remove_prefix(1);
    if (text.starts_with("+-")) digits = {};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), scale.count);
    const bool whole = error == std::errc() && end == digits.data() + digits.size() && !digits.empty();
    const bool fits = scale.count >= -kMost && scale.count <= kMost && (scale.relative || scale.count > 0);
    if (!whole || !fits) return Error("'" + std::string(text) + "' is no number of workers: N, +N or -N is");
    return scale;
}

std::string ControlAnswer::to_text() const {
    return std::string(kAnswers[static_cast<std::size_t>(kind)]) + "\n" + text;
}

Result<ControlAnswer> ControlAnswer::parse(std::uint64_t id, std::string_view text) {
    const auto kind = std::ranges::find(kAnswers, take_line(text));
    if (kind == kAnswers.end()) return Error("the master's answer is none that we know");
    return ControlAnswer(id, static_cast<AnswerKind>(kind - kAnswers.begin()), std::string(text));
}

ControlDesk::Waiting& ControlDesk::add(std::uint64_t id, ControlVerb verb) {
    Waiting& waiting = waiting_.emplace_back();
    waiting.id = id;
    waiting.verb = verb;
    return waiting;
}

void ControlDesk::await_reload(std::uint64_t id, bool until_settled) {
    add(id, ControlVerb::reload).until_settled = until_settled;
}

void ControlDesk::await_scale(std::uint64_t id, std::size_t count, std::string remark) {
    Waiting& waiting = add(id, ControlVerb::scale);
    waiting.count = count;
    waiting.remark = std::move(remark);
}

void ControlDesk::await_stop(std::uint64_t id) { add(id, ControlVerb::stop); }

void ControlDesk::await_exit(std::uint64_t id, std::size_t slot, pid_t pid) {
    Waiting& waiting = add(id, ControlVerb::kill);
    waiting.count = slot;
    waiting.pid = pid;
}

template <class Predicate>
void ControlDesk::end_where(Predicate predicate, AnswerKind kind, const std::string& text) {
    std::erase_if(waiting_, [&](const Waiting& waiting) {
        if (!predicate(waiting)) return false;
        answers_.emplace_back(waiting.id, kind, kind == AnswerKind::done ? text + waiting.remark : text);
        return true;
    });
}

void ControlDesk::on_reload_begins(std::uint32_t generation) {
    for (Waiting& waiting : waiting_) {
        if (waiting.verb == ControlVerb::reload && waiting.generation == 0) waiting.generation = generation;
    }
}

void ControlDesk::on_reload_committed(std::uint32_t generation, Duration watch) {
    const bool is_watched = watch > Duration::zero();
    for (Waiting& waiting : waiting_) {
        if (waiting.verb == ControlVerb::reload && waiting.generation == generation) waiting.committed = true;
    }
    const auto meant = [=](const Waiting& w) {
        return w.committed && w.generation == generation && !(is_watched && w.until_settled);
    };
    const std::string more = is_watched ? "; it is watched for " + girin::to_text(watch) + " more" : "";
    end_where(meant, AnswerKind::done, "generation " + std::to_string(generation) + " serves" + more);
}

void ControlDesk::on_watch_ended(std::uint32_t generation, const std::string& why_not) {
    const auto meant = [=](const Waiting& w) { return w.committed && w.generation == generation; };
    const std::string who = "generation " + std::to_string(generation);
    if (why_not.empty()) return end_where(meant, AnswerKind::done, who + " serves, and has stayed well");
    const std::string subject = why_not.starts_with(who) ? "" : who + ": ";
    end_where(meant, AnswerKind::failed, subject + why_not);
}

void ControlDesk::on_reload_rolled_back(std::uint32_t generation, const std::string& reason) {
    const auto meant = [=](const Waiting& w) { return w.verb == ControlVerb::reload && w.generation == generation; };
    end_where(meant, AnswerKind::failed,
              "generation " + std::to_string(generation) + " failed and was rolled back: " + reason);
}

void ControlDesk::on_worker_exited(std::size_t slot, pid_t pid, const std::string& sentence) {
    const auto meant = [=](const Waiting& w) { return w.verb == ControlVerb::kill && w.pid == pid; };
    end_where(meant, AnswerKind::done,
              "worker " + std::to_string(slot) + " (pid " + std::to_string(pid) + ") " + sentence);
}

void ControlDesk::on_stopping() {
    const auto other = [](const Waiting& w) { return w.verb != ControlVerb::stop; };
    end_where(other, AnswerKind::failed, "the server stops");
}

void ControlDesk::on_stopped() {
    const auto all = [](const Waiting&) { return true; };
    end_where(all, AnswerKind::done, "the server has stopped");
}

void ControlDesk::on_replaced() {
    const auto all = [](const Waiting&) { return true; };
    end_where(all, AnswerKind::failed, "a new binary is executed in place meanwhile; ask again");
}

void ControlDesk::look(const FleetGlance& glance) {
    const auto scales = [](const Waiting& w) { return w.verb == ControlVerb::scale; };
    const auto superseded = [&](const Waiting& w) { return scales(w) && w.count != glance.wanted; };
    end_where(superseded, AnswerKind::failed, "meanwhile somebody asked for " + workers(glance.wanted));
    const auto reached = [&](const Waiting& w) { return scales(w) && glance.ready == w.count; };
    end_where(reached, AnswerKind::done, workers(glance.wanted) + (glance.wanted == 1 ? " serves" : " serve"));
    if (!glance.degraded) return;
    const auto waits_for_worker = [&](const Waiting& w) { return scales(w) || w.verb == ControlVerb::kill; };
    end_where(waits_for_worker, AnswerKind::failed, "the server is degraded: " + glance.degraded_why);
}

void ControlDesk::forget_all() {
    waiting_.clear();
    answers_.clear();
}

std::vector<ControlAnswer> ControlDesk::take_answers() { return std::exchange(answers_, {}); }

}  // namespace girin
