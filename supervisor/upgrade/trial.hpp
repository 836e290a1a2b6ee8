#pragma once

// The trial, as a part of the master: we are a successor, and have to show that we serve before what is the service's
// alone is ours. There are two kinds: beside the former master (trial_beside.hpp), and in its place, in the same process
// (trial_in_place.hpp). Here: what both have. Not here: having a successor (succession.hpp).

#include <memory>
#include <optional>

#include "supervisor/turn/common.hpp"
#include "supervisor/turn/part.hpp"

namespace girin {

class Trial : public Part {
  public:
    explicit Trial(Common& common) : common_(common) {}

    /// What is left of the former binary in this process, and whether it is waited for at the end; nothing beside it.
    virtual bool has_elders() const { return false; }
    /// They are told to end at once.
    virtual void hurry() {}

  protected:
    const Predecessor& predecessor() const { return *common_.setup.predecessor; }
    /// What is the service's alone is ours now.
    void take_over(Inbox& inbox);
    bool is_decided() const { return !common_.standing.on_trial || common_.fleet.is_stopping(); }

    Common& common_;
};

/// How a server stands that is on this trial, or on none.
Standing standing_at_start(const SupervisorSetup& setup);
/// Null: we are nobody's successor.
std::unique_ptr<Trial> make_trial(Common& common);

}  // namespace girin
