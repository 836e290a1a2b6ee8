#include "tests/supervisor/fleet/sim/ailment.hpp"

namespace girin::sim {

ProcessSample Ailment::sample(TimePoint now) const {
    // In the order of the kinds.
    constexpr char kStates[] = {'S', 'R', 'R', 'S', 'T', 'R', 't'};
    ProcessSample sample;
    sample.state = kStates[static_cast<std::size_t>(kind)];
    sample.cpu = kind == AilmentKind::none ? Duration::zero() : lasted(now) * running_percent / 100;
    sample.run_delay = kind == AilmentKind::none ? Duration::zero() : lasted(now) * waiting_percent / 100;
    return sample;
}

Ailment make_ailment(AilmentKind kind, TimePoint now, std::uint64_t lot) {
    Ailment ailment;
    ailment.kind = kind;
    ailment.began = ailment.all_counts_from = now;
    const int part = static_cast<int>(lot % 60);
    if (kind == AilmentKind::lags) ailment.running_percent = 90;
    if (kind == AilmentKind::spins) ailment.running_percent = 40 + part;  // the less, the more others want to run
    if (kind == AilmentKind::spins) ailment.waiting_percent = 100 - ailment.running_percent;
    if (kind == AilmentKind::starves) ailment.running_percent = part / 10;
    if (kind == AilmentKind::starves) ailment.waiting_percent = 100 - ailment.running_percent;
    // A loop with nothing to do can be stopped, too.
    const bool may_idle = kind == AilmentKind::stopped || kind == AilmentKind::debugged;
    ailment.in_callback = !may_idle || lot % 2 == 0;
    return ailment;
}

}  // namespace girin::sim
