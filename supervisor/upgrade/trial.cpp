#include "supervisor/upgrade/trial.hpp"

#include <utility>

#include "girin/log.hpp"
#include "supervisor/upgrade/trial_beside.hpp"
#include "supervisor/upgrade/trial_in_place.hpp"

namespace girin {

void Trial::take_over(Inbox& inbox) {
    Standing& standing = common_.standing;
    standing.on_trial = standing.predecessor_listens = false;
    common_.generations.claim_files();
    const bool in_part = common_.setup.take_over && common_.setup.take_over();
    log_info("Upgrade: this master has taken over");
    inbox.put(TakenOver());
    inbox.put(AnswerTaken{in_part});
    if (std::exchange(standing.reload_waits, false)) inbox.put(FleetEvent::reload_requested());
}

Standing standing_at_start(const SupervisorSetup& setup) {
    Standing standing;
    if (!setup.predecessor) return standing;
    const bool in_place = setup.predecessor->is_in_place();
    standing.on_trial = true;
    standing.predecessor_listens = !in_place;
    standing.may_go_back = in_place && setup.has_way_back;
    standing.has_no_way_back = in_place && !setup.has_way_back;
    return standing;
}

std::unique_ptr<Trial> make_trial(Common& common) {
    const Predecessor* const predecessor = common.setup.predecessor;
    if (!predecessor) return nullptr;
    if (predecessor->is_in_place()) return std::make_unique<TrialInPlace>(common);
    return std::make_unique<TrialBeside>(common);
}

}  // namespace girin
