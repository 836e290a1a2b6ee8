#pragma once

// Runnable: what a loop can be asked to run once. It is its own list node, so that scheduling neither allocates nor
// fails, and destroying one that is still scheduled takes it off whichever list it stands on.

#include <boost/intrusive/list.hpp>

#include "girin/base/boost_types.hpp"

namespace girin {

class Runnable : public boost::intrusive::list_base_hook<
                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    Runnable() = default;
    Runnable(const Runnable&) = delete;
    Runnable& operator=(const Runnable&) = delete;

    /// Called once for each time it was scheduled, on the loop's thread, already off the queue.
    virtual void run() = 0;

    bool is_scheduled() const { return is_linked(); }

  protected:
    ~Runnable() = default;
};

/// First in, first out. Owns: nothing.
using RunnableList =
    boost::intrusive::list<Runnable, boost::intrusive::constant_time_size<false>>;

}  // namespace girin
