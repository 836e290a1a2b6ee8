#include "supervisor/crew/listening.hpp"

#include <algorithm>
#include <utility>

#include "girin/log.hpp"
#include "supervisor/sockets/lanes.hpp"

namespace girin {

/// A new lane is opened when each has a worker already; but not in the middle of a reload, where lanes are counted
/// in two sets of sockets at once. Then, or when there are no more descriptors, workers share one.
std::size_t Listening::make_lane(std::uint32_t generation, Inbox& inbox) {
    Generations& generations = common_.generations;
    if (!generations.has_lanes()) return 0;
    const std::size_t lanes = generations.lanes();
    const std::size_t lane = choose_lane(common_.workers.all(), generation, lanes);
    if (lane < lanes || generations.has_candidate() || common_.standing.on_trial) return lane % lanes;
    if (auto wide = generations.widen(lanes + 1); !wide) {
        log_warning(wide.error().within("open one more socket for --reuse-port").message());
    }
    inbox.put(SocketsChanged());
    return lane % generations.lanes();
}

void Listening::steer() {
    Generations& generations = common_.generations;
    if (!generations.has_lanes() || common_.fleet.is_stopping() || common_.standing.on_trial) return;
    std::vector<bool> served = served_lanes(common_.workers.all(), generations.lanes());
    if (served == served_) return;
    served_ = std::move(served);
    if (auto steered = generations.steer(served_); !steered) log_warning(steered.error().message());
}

/// A new Unix socket in the place of one that was shut down isn't in the workers that run: they are replaced, one after
/// another. Not while others have copies that nobody could tell of it: another master, or a candidate's workers.
void Listening::listen_again(Inbox& inbox) {
    if (common_.fleet.is_stopping()) return;
    const Standing& standing = common_.standing;
    const bool may_replace = !standing.on_trial && standing.successor == 0 && !common_.generations.has_candidate();
    const bool some_are_new = common_.generations.listen_again(may_replace);
    common_.report.set_deaf(common_.generations.committed().listeners.deaf());
    if (!some_are_new) return;
    inbox.put(SocketsChanged());
    for (const std::size_t slot : common_.workers.slots()) {
        common_.workers.find(slot)->has_old_sockets = true;
        replace_deaf(slot, inbox);
    }
}

/// Those that aren't ready yet are once they are.
void Listening::replace_deaf(std::size_t slot, Inbox& inbox) {
    const WorkerProcess* const worker = common_.workers.find(slot);
    if (!worker || !worker->has_old_sockets) return;
    inbox.put(FleetEvent::worker_asks_recycle(slot, "a listening socket was shut down for all"));
}

void Listening::refuse_newcomers() {
    const Standing& standing = common_.standing;
    if (standing.predecessor_listens || standing.retiring || !standing.place_failure.empty()) return;
    if (auto refused = common_.generations.refuse_new(); !refused) log_warning(refused.error().message());
}

/// Once a stopping server accepts nothing more, newcomers are better refused than left waiting for a reset.
void Listening::close_when_unused() {
    if (!common_.fleet.is_stopping()) return;
    // A program may take what is queued for as long as it likes, and doesn't say when it is done.
    const bool programs = common_.generations.serves_programs();
    const auto uses = [programs](const auto& entry) { return programs ? entry.second.accepting : entry.second.has_listeners; };
    if (std::ranges::any_of(common_.workers.all(), uses)) return;
    return programs ? common_.generations.close_listeners() : end();
}

/// The last of a server: a process that a handler has forked would keep the address, and a queue that nobody serves.
void Listening::end() {
    if (!others_go_on()) common_.generations.shut_down_listeners();
    common_.generations.close_listeners();
}

/// With our sockets: another master, the binary that we go back to, its workers, or who is started next by a manager that
/// keeps them.
bool Listening::others_go_on() const {
    const Standing& standing = common_.standing;
    const bool may_fail_trial = standing.predecessor_listens || (standing.on_trial && standing.may_go_back);
    const bool are_kept = common_.setup.service && common_.setup.service->keeps_some();
    return standing.retiring || standing.successor != 0 || may_fail_trial || standing.elders > 0 || are_kept;
}

}  // namespace girin
