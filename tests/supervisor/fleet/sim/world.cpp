#include "tests/supervisor/fleet/sim/world.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

#include "tests/supervisor/fleet/sim/invariants.hpp"

namespace girin::sim {

using namespace std::chrono_literals;

namespace {

/// It failed because of what was to be loaded.
bool is_blamed_spawn(const FleetEvent& event) {
    return event.kind == EventKind::worker_spawn_failed && event.code != ExitCode::failure;
}

}  // namespace

World::World(std::uint64_t seed, Saboteur& saboteur)
    : random_(seed), saboteur_(saboteur), options_(draw_options()), fleet_(options_), board_(fleet_.slots()) {
    witness_.slots = fleet_.slots();
    // The waits of draw_options at their longest, and the token bucket's.
    witness_.longest_wait = 10s;
    witness_.longest_ladder = 10s + 3s + 1s;
    witness_.longest_spawn = 10s;
    forks_ = static_cast<Forks>(random_() % 3);
    upgrade_options_.boot_timeout = draw(500ms, 10s);
    upgrade_options_.soak = draw(0ms, 2s);
    upgrade_options_.rehearses = random_() % 2 == 0;
    upgrade_options_.finish_patience = draw(1s, 10s);
    witness_.upgrade_soak = upgrade_options_.soak;
    witness_.successor_patience = std::max(upgrade_options_.end_patience, upgrade_options_.finish_patience) + 1ms;
    witness_.faults_to_go_back = options_.roll_back_failures;
    witness_.roll_back_window = options_.roll_back_window;
    witness_.respawn_burst = witness_.respawn_tokens = static_cast<double>(options_.respawn_burst);
    witness_.respawns_per_second = options_.respawns_per_second;
    settings_[1] = draw_watch_settings();
    watch_by(1);
}

void World::start() {
    change_load();
    tell(FleetEvent::start(settings_[1].survey.scaling.least));
    schedule(draw(1ms, 5s), Happening::operators);
}

bool World::step() {
    if (is_over()) return false;
    begin_upgrade_when_free();
    if (is_over()) return false;
    const std::optional<TimePoint> due = next_wake();
    if (queue_.empty() && !due) return false;
    // A master that comes late hears first of all that has happened, as its loop does.
    const bool has_news = !queue_.empty() && (!due || queue_.top().at < *due || queue_.top().at <= now_);
    now_ = std::max(now_, has_news ? queue_.top().at : *due);
    const MasterTurn turn = saboteur_.alter(MasterTurn{now_, due, suspended_});
    judge_.on_turn(turn.now, turn.due, turn.suspended);
    if (!has_news) return run_deadlines();
    const Scheduled next = queue_.top();
    queue_.pop();
    happen(next);
    return true;
}

/// One thing at a time, in the master's order.
bool World::run_deadlines() {
    if (next_look_ && *next_look_ <= now_) {
        look_at_workers();
    } else if (zygotes_.next_deadline() && *zygotes_.next_deadline() <= now_) {
        carry_out(zygotes_.on_deadline(now_));
    } else if (next_survey_ && *next_survey_ <= now_) {
        take_survey();
    } else {
        const bool is_upgrades = upgrade_.deadline() && *upgrade_.deadline() <= now_;
        is_upgrades ? tell_upgrade(UpgradeEvent::tick) : tell(FleetEvent::tick());
    }
    return true;
}

std::optional<TimePoint> World::next_wake() {
    std::optional<TimePoint> next = next_deadline();
    for (const auto& time : {next_look_, next_survey_, zygotes_.next_deadline()}) {
        if (time && (!next || *time < *next)) next = time;
    }
    return next;
}

bool World::is_converged() const {
    const auto is_settled = [this](const auto& entry) {
        const Process& p = witness_.processes[entry.second];
        return p.ready && !p.told_to_end && p.generation == fleet_.generation();
    };
    return !fleet_.is_reloading() && witness_.serving() == fleet_.wanted() &&
           std::ranges::all_of(witness_.in_slot, is_settled);
}

void World::tell(const FleetEvent& event) {
    if (is_over()) return;
    for (const FleetEvent& altered : saboteur_.alter(event)) tell_unaltered(altered);
}

void World::tell_unaltered(const FleetEvent& event) {
    if (is_over()) return;
    ++events_;
    observe(event);
    check_event(witness_, event);
    if (witness_.violation) return;
    const std::vector<Action> actions = saboteur_.alter(fleet_.decide(event, now_), fleet_);
    witness_.wanted_before = std::exchange(witness_.wanted, fleet_.wanted());
    witness_.surge = fleet_.options().surge;
    std::size_t ready_ended = 0;
    for (const Action& action : actions) {
        check_action(witness_, action);
        if (witness_.violation) return;
        ready_ended += perform(action);
    }
    if (fleet_.is_stopping()) carry_out(zygotes_.drop_all());
    witness_.next_deadline = saboteur_.alter(fleet_.next_deadline());
    check_decision(witness_, ready_ended);
}

void World::observe(const FleetEvent& event) {
    witness_.now = now_;
    ++witness_.decision;
    witness_.reload_has_moved = false;
    witness_.is_tick = event.kind == EventKind::tick;
    if (is_disturbance(witness_, event)) witness_.disturb();
    observe_worker(event);
    if (event.kind == EventKind::stop_graceful || event.kind == EventKind::stop_quick) witness_.asked_to_stop = true;
    if (event.kind == EventKind::worker_ready && witness_.serving() > 0) witness_.ever_ready = true;
}

void World::observe_worker(const FleetEvent& event) {
    const bool is_fault = event.kind == EventKind::worker_exited || event.kind == EventKind::worker_boot_failed ||
                          event.kind == EventKind::worker_silent || is_blamed_spawn(event);
    if (!is_fault && event.kind != EventKind::worker_asks_recycle) return;
    Process* const last = witness_.last_in(event.slot);
    if (last == nullptr) return;
    last->has_a_reason = true;
    last->said_to_be_worn = last->said_to_be_worn || is_said_by_survey(event);
    if (is_fault && !last->told_to_end && event.status != FleetEvent::kKilled) witness_.note_fault(*last);
}

/// How many ready workers were told to drain or to quit: none or one.
std::size_t World::perform(const Action& action) {
    switch (action.kind) {
        case ActionKind::spawn: perform_spawn(action); return 0;
        case ActionKind::call_off_spawn: perform_call_off(action); return 0;
        case ActionKind::tell_drain:
        case ActionKind::tell_quit:
        case ActionKind::signal: return perform_order(action);
        case ActionKind::drop_generation: carry_out(zygotes_.drop(action.generation)); return 0;
        case ActionKind::prepare_reload:
            if (action.restores != 0) know_again(action);
            // Sometimes the validation takes for ever.
            if (!fault(20)) schedule(draw(1ms, 500ms), Happening::reload_prepared, 0, action.generation);
            return 0;
        case ActionKind::commit_reload: watch_by(action.generation); return 0;
        case ActionKind::exit_master: witness_.exited = action.code; return 0;
        default: return 0;
    }
}

void World::perform_spawn(const Action& action) {
    Process process;
    process.slot = action.slot;
    process.generation = action.generation;
    process.is_probe = action.is_probe;
    process.is_respawn = action.is_respawn;
    process.decision = witness_.decision;
    process.asked_at = now_;
    witness_.processes.push_back(process);
    stubbornness_.push_back(fault(4) ? 1 + static_cast<int>(random_() % 4) : 0);
    const std::size_t index = witness_.processes.size() - 1;
    witness_.in_slot[action.slot] = index;
    schedule_answer(index);
}

/// Some are never answered, until they are called off.
void World::schedule_answer(std::size_t index) {
    const Process& process = witness_.processes[index];
    if (forks_ == Forks::zygote) return carry_out(zygotes_.spawn(process.slot, process.generation, now_));
    if (forks_ == Forks::itself) return schedule(Duration::zero(), Happening::spawn_answered, index);
    if (fault(30)) return;
    schedule(draw(0ms, fault(15) ? 12s : 100ms), Happening::spawn_answered, index);
}

/// Answered at once, as it is asked for: but it may have been done already.
void World::perform_call_off(const Action& action) {
    Process& process = witness_.processes[witness_.in_slot.at(action.slot)];
    if (action.text.starts_with("was not spawned within")) witness_.note_fault(process);
    process.told_at = now_;
    process.told_to_end = process.called_off = true;
    if (forks_ == Forks::zygote) return carry_out(zygotes_.call_off(action.slot, now_));
    schedule(Duration::zero(), Happening::spawn_answered, witness_.in_slot.at(action.slot));
}

std::size_t World::perform_order(const Action& action) {
    const std::size_t index = witness_.in_slot.at(action.slot);
    work_on();
    Process& process = witness_.processes[index];
    const bool is_wish = action.kind != ActionKind::signal;
    const bool was_serving = process.ready && process.alive && !process.told_to_end;
    // One that is late with its start.
    if (!process.told_to_end && !process.ready && action.signal_number == SIGABRT) witness_.note_fault(process);
    if (!process.told_to_end) process.told_at = now_;
    process.told_to_end = true;
    process.sent_order = true;
    process.sent_kill = process.sent_kill || action.signal_number == SIGKILL;
    if (obeys(index, action)) {
        const bool drains = action.kind == ActionKind::tell_drain;
        schedule(draw(1ms, drains ? 3s : 200ms), Happening::ends, index);
    }
    return is_wish && was_serving ? 1 : 0;
}

bool World::obeys(std::size_t index, const Action& action) const {
    if (action.signal_number == SIGKILL) return true;
    if (action.kind != ActionKind::signal && witness_.processes[index].ailment.hangs()) return false;
    if (action.signal_number == SIGABRT) return stubbornness_[index] < 4;
    if (action.signal_number == SIGTERM) return stubbornness_[index] < 3;
    if (action.kind == ActionKind::tell_quit) return stubbornness_[index] < 2;
    return stubbornness_[index] < 1;
}

void World::happen(const Scheduled& scheduled) {
    const std::size_t index = scheduled.process;
    switch (scheduled.what) {
        case Happening::operators: return operate();
        case Happening::reload_prepared: return answer_prepare(scheduled.generation);
        case Happening::load_changes: return change_load();
        case Happening::spawn_answered: return answer_spawn(index);
        case Happening::zygote_loads:
        case Happening::zygote_answers:
        case Happening::zygote_dies: return happen_to_zygote(scheduled);
        case Happening::successor_spawned:
        case Happening::successor_ready:
        case Happening::successor_unwell:
        case Happening::successor_takes:
        case Happening::successor_finishes:
        case Happening::successor_ends: return happen_to_successor(scheduled);
        default: break;
    }
    Process& process = witness_.processes[index];
    if (!process.alive) return;
    const std::size_t slot = process.slot;
    switch (scheduled.what) {
        case Happening::ends: return end_process(index);
        case Happening::boot_fails: return tell(FleetEvent::worker_boot_failed(slot, "application threw"));
        case Happening::gets_ready: return get_ready(index);
        case Happening::asks_recycle: return tell(FleetEvent::worker_asks_recycle(slot, "max-requests"));
        case Happening::falls_ill: return fall_ill(index);
        case Happening::goes_on: return go_on(index);
        case Happening::examined: return end_examination(index);
        default: return;
    }
}

void World::fail_spawn(std::size_t index, const std::string& reason, ExitCode code) {
    Process& process = witness_.processes[index];
    process.alive = false;
    witness_.in_slot.erase(process.slot);
    tell(FleetEvent::worker_spawn_failed(process.slot, reason, code));
}

void World::answer_spawn(std::size_t index) {
    Process& process = witness_.processes[index];
    if (!process.alive || process.pid != 0) return;  // answered before
    if (process.outcome && process.outcome->pid == 0) return fail_spawn(index, process.outcome->why, process.outcome->code);
    if (process.outcome) {
        process.pid = process.outcome->pid;
        return begin_life(index);
    }
    if (process.called_off && random_() % 2 == 0) return fail_spawn(index, "called off");
    if (fault(30)) return fail_spawn(index, "fork: resource temporarily unavailable");
    const bool loads_first = forks_ == Forks::anybody && random_() % 2 == 0;
    if (loads_first && is_generation_bad(process.generation)) {
        return fail_spawn(index, "the constructor threw", ExitCode::worker_boot_failed);
    }
    process.pid = ++last_pid_;
    begin_life(index);
}

void World::begin_life(std::size_t index) {
    const Process& process = witness_.processes[index];
    if (is_generation_bad(process.generation) || fault(40)) {
        const Duration after = draw(1ms, 300ms);
        const auto kind = random_() % 3;
        if (kind == 0) schedule(after, Happening::boot_fails, index);
        if (kind <= 1) schedule(after + 1ms, Happening::ends, index);  // else it never gets ready
    } else if (!fault(60)) {
        schedule(draw(1ms, fault(20) ? 12s : 300ms), Happening::gets_ready, index);
    }
    tell(FleetEvent::worker_spawned(process.slot, process.pid));
}

void World::get_ready(std::size_t index) {
    work_on();
    Process& process = witness_.processes[index];
    process.ready = true;
    process.ready_at = now_;
    live_on(index);
    tell(FleetEvent::worker_ready(process.slot));
}

/// Draws what will become of a worker that is ready.
void World::live_on(std::size_t index) {
    if (is_generation_rotten(witness_.processes[index].generation)) schedule(draw(1ms, 4s), Happening::ends, index);
    if (fault(8)) schedule(draw(1ms, 20s), Happening::ends, index);
    if (fault(6)) schedule(draw(1ms, 20s), Happening::asks_recycle, index);
    if (fault(5)) schedule(draw(1ms, 20s), Happening::falls_ill, index);
    Process& process = witness_.processes[index];
    process.work_place = static_cast<Process::WorkPlace>(random_() % 3);
    process.habit = draw_habit();
}

void World::end_process(std::size_t index) {
    Process& process = witness_.processes[index];
    if (calm_ && !process.told_to_end && process.ready) return;  // a crash that was drawn before the calm
    work_on();
    process.alive = false;
    witness_.in_slot.erase(process.slot);
    judge_.forget(process.slot);
    const auto how = process.told_to_end ? 0 : random_() % 8;
    if (how == 1) return tell(FleetEvent::worker_exited(process.slot, FleetEvent::kKilled, "was killed by SIGKILL from outside"));
    if (how > 4) return tell(FleetEvent::worker_exited(process.slot, FleetEvent::kSignalled, "crashed: SIGSEGV"));
    tell(FleetEvent::worker_exited(process.slot, static_cast<int>(random_() % 5), "exited"));
}

void World::operate() {
    if (calm_) return;
    if (random_() % 16 == 0) stand_still();
    const bool in_a_hurry = random_() % 3 == 0;
    schedule(in_a_hurry ? draw(0ms, 20ms) : draw(1ms, 10s), Happening::operators);
    switch (random_() % 15) {
        case 0:
        case 1: return scale_by_operator(1);
        case 2:
        case 3: return scale_by_operator(-1);
        case 4: return scale_to_by_operator(random_() % (options_.max_workers + 2));
        case 5:
            if (random_() % 20 != 0) return;
            tell_upgrade(UpgradeEvent::stop, "the server stops");
            return tell(random_() % 2 == 0 ? FleetEvent::stop_graceful() : FleetEvent::stop_quick());
        case 6: return tell(random_() % 4 == 0 ? FleetEvent::pause() : FleetEvent::resume());
        case 7: return tell(FleetEvent::resume());
        case 8: return upgrade_by_operator();
        // As the master does it: a reload waits for the end of an upgrade.
        default: return upgrade_.is_under_way() ? void() : tell(FleetEvent::reload_requested());
    }
}

void World::answer_prepare(std::uint32_t generation) {
    if (fault(10)) return tell(FleetEvent::reload_refused(generation, "bind: address in use"));
    FleetOptions options = options_;
    if (random_() % 4 == 0) options.surge = 1 + random_() % 3;
    const bool is_new = random_() % 3 == 0;
    const std::uint32_t running = witness_.committed;
    settings_.try_emplace(generation, is_new ? draw_watch_settings() : settings_[running]);
    const WatchSettings& settings = settings_[generation];
    const ScaleOptions& scaling = settings.survey.scaling;
    const std::size_t workers = workers_after_reload(fleet_, scaling.least, scaling.most);
    tell(FleetEvent::reload_prepared(generation, options, is_new || settings.has_range ? workers : 0));
}

/// Some loads of code are broken: every worker of theirs fails at start. Those that were good stay so, and in
/// calm all are.
bool World::is_generation_bad(std::uint32_t generation) {
    if (calm_) return false;
    const auto [entry, is_new] = bad_generations_.try_emplace(generation, false);
    if (is_new) entry->second = fault(generation == 1 ? 50 : 4);
    return entry->second;
}

/// Others start well, and each worker of theirs fails a moment later.
bool World::is_generation_rotten(std::uint32_t generation) {
    if (calm_) return false;
    const auto [entry, is_new] = rotten_generations_.try_emplace(generation, false);
    if (is_new) entry->second = fault(5);
    return entry->second;
}

/// What is gone back to is as it was.
void World::know_again(const Action& action) {
    bad_generations_[action.generation] = bad_generations_[action.restores];
    rotten_generations_[action.generation] = rotten_generations_[action.restores];
    settings_[action.generation] = settings_[action.restores];
    pass_on_zygote(action.restores, action.generation);
}

void World::schedule(Duration after, Happening what, std::size_t process, std::uint32_t generation) {
    queue_.push(Scheduled{now_ + after, ++order_, what, process, generation});
}

Duration World::draw(Duration least, Duration most) {
    const auto span = static_cast<std::uint64_t>((most - least).count());
    return least + Duration(static_cast<std::int64_t>(random_() % (span + 1)));
}

FleetOptions World::draw_options() {
    FleetOptions options;
    options.max_workers = 1 + random_() % 8;
    options.surge = 1 + random_() % 3;
    options.seed = random_();
    options.boot_timeout = draw(500ms, 10s);
    options.soak = random_() % 4 == 0 ? Duration::zero() : draw(1ms, 2s);
    options.graceful_timeout = draw(100ms, 10s);
    options.term_grace = draw(10ms, 3s);
    options.quick_grace = draw(10ms, 3s);
    options.abort_grace = draw(10ms, 1s);
    options.backoff_cap = draw(1s, 10s);
    options.roll_back_window = random_() % 4 == 0 ? Duration::zero() : draw(1s, 10s);
    options.roll_back_failures = 1 + random_() % 4;
    options.stable_after = draw(1s, 10s);
    options.respawn_burst = 1 + random_() % 20;
    options.outlives_first_failure = random_() % 4 == 0;
    return options;
}

}  // namespace girin::sim
