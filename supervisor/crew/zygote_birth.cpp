#include "supervisor/crew/zygote_birth.hpp"

#include <algorithm>
#include <utility>

#include "supervisor/crew/listening.hpp"
#include "worker/process/channel.hpp"

namespace girin {

bool ZygoteBirth::is_for(std::uint32_t number) const {
    const Generation* const generation = common_.generations.find(number);
    return generation != nullptr && generation->settings.preload;
}

void ZygoteBirth::carry_out(const Action& action, Inbox& inbox) {
    inbox_ = &inbox;
    switch (action.kind) {
        case ActionKind::spawn: return zygotes_.spawn(action.slot, action.generation);
        case ActionKind::call_off_spawn: return zygotes_.call_off(action.slot);
        case ActionKind::drop_generation: return zygotes_.drop(action.generation);
        case ActionKind::prepare_reload:
            if (action.restores != 0) zygotes_.pass_on(action.restores, action.generation);
            return;
        default: return;
    }
}

bool ZygoteBirth::on_ready(ReadySource source, Inbox& inbox) {
    inbox_ = &inbox;
    if (source.kind == SourceKind::zygote_end) zygotes_.on_end(source.id);
    const bool more = source.kind == SourceKind::zygote_channel && zygotes_.on_channel(source.id);
    if (!more) inbox.put(ReapAdopted());  // strangers have waited meanwhile
    return more;
}

void ZygoteBirth::on_time(TimePoint now, Inbox& inbox) {
    inbox_ = &inbox;
    zygotes_.on_deadline(now);
}

void ZygoteBirth::end(Inbox& inbox) {
    inbox_ = &inbox;
    zygotes_.drop_all();
}

Result<SpawnedZygote> ZygoteBirth::start_zygote(std::uint32_t number) {
    if (common_.generations.find(number) == nullptr) return Error("generation " + std::to_string(number) + " is gone");
    return spawn_zygote(common_.os, [this, number] { return leave_for_zygote(number); });
}

/// In the zygote: of the master it keeps the settings, the code, and the board, for its workers.
ZygoteLife ZygoteBirth::leave_for_zygote(std::uint32_t number) {
    Kept kept;
    kept.generation = number;
    kept.has_children = true;
    common_.leave_master(kept);
    common_.generations.leave_files();
    common_.generations.close_listeners();
    std::vector<UniqueFd> logs = common_.generations.release_logs(number);
    common_.report.forget();
    if (common_.setup.leave_monitor) common_.setup.leave_monitor();
    const Generation& generation = *common_.generations.find(number);
    const Settings settings = birth_.settings_of(generation);
    ZygoteLife life;
    life.child = common_.setup.child;
    life.child.variables = settings.env;
    life.place = birth_.place_for(0, number, generation, 0);
    life.place.error_log_fd = logs.front().release();  // the access log is its workers' alone
    life.load = [this, settings](const WorkerPlace& place) { return common_.setup.preload(settings, place); };
    life.take_line = [this](std::size_t slot) { return common_.board.keep_writable(slot); };
    life.work = [this, settings](const WorkerPlace& own, LogLevel level) {
        Settings as_now = settings;
        as_now.log_level = level;
        return common_.setup.work(as_now, own);
    };
    return life;
}

Result<WorkerOrder> ZygoteBirth::prepare_worker(std::size_t slot, std::uint32_t number) {
    const Generation* const generation = common_.generations.find(number);
    if (generation == nullptr) return Error("generation " + std::to_string(number) + " is gone");
    listening_.listen_again(*inbox_);
    auto channel = make_channel_pair();
    if (!channel) return channel.error();
    WorkerOrder prepared;
    prepared.our_end = std::move(channel->first);
    prepared.their_end = std::move(channel->second);
    prepared.lane = listening_.make_lane(number, *inbox_);
    const WorkerPlace place = birth_.place_for(slot, number, *generation, prepared.lane);
    prepared.order.slot = static_cast<std::uint32_t>(slot);
    prepared.order.generation = number;
    prepared.order.cpu = birth_.choose_cpu(*generation, number);
    prepared.order.log_level = birth_.settings_of(*generation).log_level;
    prepared.order.error_log_fd = place.error_log_fd;
    prepared.order.access_log_fd = place.access_log_fd;
    prepared.order.listeners = place.listeners;
    common_.board[slot].reset();
    return prepared;
}

void ZygoteBirth::on_forked(std::size_t slot, std::uint32_t generation, SpawnedWorker worker, const WorkerOrder& order) {
    Newborn born;
    born.process = std::move(worker);
    born.generation = generation;
    born.lane = order.lane;
    born.cpu = order.order.cpu;
    born_(slot, std::move(born), ExitCode::ok, *inbox_);
}

void ZygoteBirth::on_not_forked(std::size_t slot, const std::string& why, ExitCode code) {
    born_(slot, Error(why), code, *inbox_);
}

bool ZygoteBirth::is_known_child(pid_t pid) const {
    const std::vector<pid_t> own = common_.children();
    return std::ranges::find(own, pid) != own.end();
}

}  // namespace girin
