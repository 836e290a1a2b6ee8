#include "supervisor/zygote/zygotes.hpp"

#include <algorithm>
#include <utility>

namespace girin {

using Kind = ZygoteAction::Kind;

namespace {

/// The one code that a worker has for itself is also the master's.
ExitCode to_boot_code(std::int64_t told) {
    const auto not_loaded = static_cast<std::int64_t>(ExitCode::application_not_loaded);
    return told == not_loaded ? ExitCode::application_not_loaded : ExitCode::worker_boot_failed;
}

}  // namespace

std::string_view to_text(ZygoteState state) {
    constexpr std::string_view kNames[] = {"none", "loading", "idle", "forking"};
    return kNames[static_cast<std::size_t>(state)];
}

Zygotes::Actions Zygotes::spawn(std::size_t slot, std::uint32_t generation, TimePoint now) {
    Entry& entry = *all_.try_emplace(generation).first;
    entry.second.queue.push_back(slot);
    advance(entry, now);
    return take_actions();
}

/// Whoever hangs in a load that nobody waits for any more would stay for ever.
Zygotes::Actions Zygotes::call_off(std::size_t slot, TimePoint) {
    for (Entry& entry : all_) {
        Zygote& zygote = entry.second;
        const bool is_queued = std::erase(zygote.queue, slot) > 0;
        const bool is_ordered = zygote.slot == slot;
        if (!is_queued && !is_ordered) continue;
        if (is_ordered) zygote.slot.reset();  // what comes of it is discarded
        fail(slot, "called off", ExitCode::failure);
        if (zygote.state != ZygoteState::loading || !zygote.queue.empty()) break;
        log(LogLevel::warning, entry, "was still loading the application when nobody waited for it any more; it is ended");
        end(entry);
        break;
    }
    return take_actions();
}

Zygotes::Actions Zygotes::drop(std::uint32_t generation) {
    const auto found = all_.find(generation);
    if (found == all_.end()) return {};
    fail_order(*found, "its generation is gone");
    fail_queue(*found, "its generation is gone", ExitCode::failure);
    end(*found);
    all_.erase(found);
    return take_actions();
}

Zygotes::Actions Zygotes::drop_all() {
    Actions actions;
    while (!all_.empty()) {
        for (ZygoteAction& action : drop(all_.begin()->first)) actions.push_back(std::move(action));
    }
    return actions;
}

void Zygotes::pass_on(std::uint32_t from, std::uint32_t to) {
    auto node = all_.extract(from);
    if (node.empty()) return;
    node.key() = to;
    all_.insert(std::move(node));
}

void Zygotes::on_started(std::uint32_t id, pid_t pid) {
    if (Entry* const entry = find(id)) entry->second.pid = pid;
}

Zygotes::Actions Zygotes::on_impossible(std::uint32_t id, const std::string& why, TimePoint now) {
    Entry* const entry = find(id);
    if (!entry) return {};
    if (entry->second.state == ZygoteState::loading) {
        enter(*entry, ZygoteState::none, now);
        fail_queue(*entry, why, ExitCode::failure);
    } else if (entry->second.state == ZygoteState::forking) {
        fail_order(*entry, why);
        enter(*entry, ZygoteState::idle, now);
        advance(*entry, now);
    }
    return take_actions();
}

Zygotes::Actions Zygotes::on_report(std::uint32_t id, const ZygoteReport& report, bool is_ours, TimePoint now) {
    Entry* const entry = find(id);
    if (!entry) return {};  // of one that was ended: its channel is closed
    switch (report.says) {
        case ZygoteSays::loaded: on_loaded(*entry, now); break;
        case ZygoteSays::not_loaded: on_not_loaded(*entry, report); break;
        case ZygoteSays::forked: on_forked(*entry, report, is_ours, now); break;
        case ZygoteSays::not_forked: on_not_forked(*entry, report, now); break;
    }
    return take_actions();
}

void Zygotes::on_loaded(Entry& entry, TimePoint now) {
    if (entry.second.state != ZygoteState::loading) return distrust(entry, "says twice that it has loaded the application");
    log(LogLevel::info, entry, "has loaded the application after " + to_text(now - entry.second.since));
    enter(entry, ZygoteState::idle, now);
    advance(entry, now);
}

void Zygotes::on_not_loaded(Entry& entry, const ZygoteReport& report) {
    if (entry.second.state != ZygoteState::loading) return distrust(entry, "says that it couldn't load what it has loaded");
    end(entry);
    fail_queue(entry, report.text, to_boot_code(report.value));
}

void Zygotes::on_forked(Entry& entry, const ZygoteReport& report, bool is_ours, TimePoint now) {
    Zygote& zygote = entry.second;
    const bool fits = zygote.state == ZygoteState::forking && report.number == zygote.number;
    const auto pid = static_cast<pid_t>(report.value);
    if (is_ours && (!fits || !zygote.slot)) act(Kind::discard).pid = pid;
    if (!fits) return distrust(entry, "names a worker that it wasn't asked for");
    if (!is_ours) return distrust(entry, "names pid " + std::to_string(report.value) + ", which is no child of ours");
    if (zygote.slot) {
        ZygoteAction& take = act(Kind::take);
        take.slot = *std::exchange(zygote.slot, std::nullopt);
        take.pid = pid;
        take.generation = entry.first;
    }
    enter(entry, ZygoteState::idle, now);
    advance(entry, now);
}

void Zygotes::on_not_forked(Entry& entry, const ZygoteReport& report, TimePoint now) {
    Zygote& zygote = entry.second;
    const bool fits = zygote.state == ZygoteState::forking && report.number == zygote.number;
    if (!fits) return distrust(entry, "couldn't fork what it wasn't asked for");
    fail_order(entry, report.text);
    enter(entry, ZygoteState::idle, now);
    advance(entry, now);
}

Zygotes::Actions Zygotes::on_broken(std::uint32_t id, TimePoint) {
    if (Entry* const entry = find(id)) distrust(*entry, "says what no zygote says");
    return take_actions();
}

/// Those that wait behind a worker whose fork went wrong have done nothing; behind a load they wait for the same again.
Zygotes::Actions Zygotes::on_ended(std::uint32_t id, const std::string& sentence, TimePoint now) {
    Entry* const entry = find(id);
    if (!entry) return {};
    const ZygoteState was = entry->second.state;
    const bool was_loading = was == ZygoteState::loading;
    log(was_loading ? LogLevel::error : LogLevel::warning, *entry,
        sentence + (was_loading ? ", while it loaded the application"
                                : ". Workers go on; it is started again before the next one"));
    enter(*entry, ZygoteState::none, now);
    entry->second.pid = 0;
    fail_order(*entry, "its zygote " + sentence);
    if (was_loading) {
        fail_queue(*entry, "the zygote " + sentence + ", while it loaded the application", ExitCode::worker_boot_failed);
    }
    advance(*entry, now);
    return take_actions();
}

Zygotes::Actions Zygotes::on_deadline(TimePoint now) {
    for (Entry& entry : all_) {
        const Zygote& zygote = entry.second;
        if (zygote.state != ZygoteState::forking || zygote.deadline > now) continue;
        distrust(entry, "doesn't answer for " + to_text(kForkLimit));
    }
    return take_actions();
}

std::optional<TimePoint> Zygotes::next_deadline() const {
    std::optional<TimePoint> next;
    for (const auto& [generation, zygote] : all_) {
        const bool has_one = zygote.state == ZygoteState::forking;
        if (has_one && (!next || zygote.deadline < *next)) next = zygote.deadline;
    }
    return next;
}

bool Zygotes::expects_child() const {
    return std::ranges::any_of(all_, [](const auto& entry) { return entry.second.state == ZygoteState::forking; });
}

std::vector<ZygoteView> Zygotes::all() const {
    std::vector<ZygoteView> views;
    for (const auto& [generation, zygote] : all_) {
        if (zygote.pid == 0) continue;
        ZygoteView view;
        view.generation = generation;
        view.pid = zygote.pid;
        view.state = zygote.state;
        view.since = zygote.since;
        views.push_back(view);
    }
    return views;
}

Zygotes::Entry* Zygotes::find(std::uint32_t id) {
    const auto is_it = [id](const Entry& entry) { return entry.second.id == id && entry.second.state != ZygoteState::none; };
    const auto found = std::ranges::find_if(all_, is_it);
    return found == all_.end() ? nullptr : &*found;
}

/// Does for the next in the queue what the zygote's state allows.
void Zygotes::advance(Entry& entry, TimePoint now) {
    Zygote& zygote = entry.second;
    if (zygote.queue.empty()) return;
    if (zygote.state == ZygoteState::idle) return order_next(entry, now);
    if (zygote.state != ZygoteState::none) return;
    zygote.id = ++last_id_;
    enter(entry, ZygoteState::loading, now);
    ZygoteAction& start = act(Kind::start);
    start.id = zygote.id;
    start.generation = entry.first;
}

void Zygotes::order_next(Entry& entry, TimePoint now) {
    Zygote& zygote = entry.second;
    zygote.slot = zygote.queue.front();
    zygote.queue.pop_front();
    zygote.number = ++last_number_;
    zygote.deadline = now + kForkLimit;
    enter(entry, ZygoteState::forking, now);
    ZygoteAction& order = act(Kind::order);
    order.id = zygote.id;
    order.generation = entry.first;
    order.slot = *zygote.slot;
    order.number = zygote.number;
}

/// What it says is of no use. All who wait are told, since the next one might be the same.
void Zygotes::distrust(Entry& entry, const std::string& why) {
    log(LogLevel::error, entry, why + "; it is ended");
    end(entry);
    fail_order(entry, "its zygote " + why);
    fail_queue(entry, "its zygote " + why, ExitCode::failure);
}

void Zygotes::end(Entry& entry) {
    Zygote& zygote = entry.second;
    if (std::exchange(zygote.state, ZygoteState::none) == ZygoteState::none) return;
    zygote.pid = 0;
    act(Kind::end).id = zygote.id;
}

void Zygotes::fail_order(Entry& entry, const std::string& why) {
    if (const auto slot = std::exchange(entry.second.slot, std::nullopt)) fail(*slot, why, ExitCode::failure);
}

void Zygotes::fail_queue(Entry& entry, const std::string& why, ExitCode code) {
    for (const std::size_t slot : std::exchange(entry.second.queue, {})) fail(slot, why, code);
}

void Zygotes::fail(std::size_t slot, const std::string& why, ExitCode code) {
    ZygoteAction& action = act(Kind::fail);
    action.slot = slot;
    action.text = why;
    action.code = code;
}

void Zygotes::enter(Entry& entry, ZygoteState state, TimePoint now) {
    entry.second.state = state;
    entry.second.since = now;
}

void Zygotes::log(LogLevel level, const Entry& entry, const std::string& text) {
    ZygoteAction& action = act(Kind::log);
    action.level = level;
    action.text = "The zygote of generation " + std::to_string(entry.first) + " (pid " + std::to_string(entry.second.pid) +
                  ") " + text;
}

ZygoteAction& Zygotes::act(Kind kind) { return actions_.emplace_back(kind); }

}  // namespace girin
