#pragma once

// Signals, as a part of the master: what operators ask by them, one after another. Not here: doing it (the part that it is
// about), and which signal means what (process/signals.hpp).

#include <deque>
#include <string>

#include "supervisor/process/signals.hpp"
#include "supervisor/turn/common.hpp"
#include "supervisor/turn/part.hpp"

namespace girin {

class OperatorSignals : public Part {
  public:
    explicit OperatorSignals(Common& common) : common_(common) {}

    Result<void> begin(Inbox& inbox) override;
    bool owns(SourceKind kind) const override { return kind == SourceKind::signals; }
    bool on_ready(ReadySource source, Inbox& inbox) override;
    void let_go() override { reader_.close(); }

    /// What waits is thrown away. True: a quick stop was among it.
    bool read_late();

  private:
    void on_signal(const ReceivedSignal& signal, Inbox& inbox);
    std::string why_ignored(SignalMeaning meaning) const;

    Common& common_;
    SignalReader reader_;
    std::deque<ReceivedSignal> received_;  // and not dealt with
    bool has_read_ = false;                // what there was in this turn
};

}  // namespace girin
