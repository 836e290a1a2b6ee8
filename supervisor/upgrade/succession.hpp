#pragma once

// The succession, as a part of the master: we have a successor, or are asked for one. It also decides what an upgrade may
// stand in the way of: a reload, a stop. Not here: what follows from what (upgrade.hpp), and being a successor (trial.hpp).

#include <optional>
#include <string>

#include "girin/base/unique_fd.hpp"
#include "supervisor/turn/common.hpp"
#include "supervisor/turn/part.hpp"
#include "supervisor/upgrade/successor.hpp"
#include "supervisor/upgrade/upgrade.hpp"

namespace girin {

class Succession : public Part {
  public:
    explicit Succession(Common& common) : common_(common) {}

    std::optional<TimePoint> next_deadline() const override { return upgrade_.deadline(); }
    bool owns(SourceKind kind) const override;
    bool on_ready(ReadySource source, Inbox& inbox) override;
    void on_turn_end(TimePoint now, Inbox& inbox) override;
    void hear(const Order& order, Inbox& inbox) override;
    std::vector<pid_t> children() const override;
    void let_go() override { successor_.reset(); }

  private:
    void upgrade(UpgradeEvent event, Inbox& inbox, const std::string& text = {});
    void carry_out_step(const UpgradeAction& action, Inbox& inbox);
    void stop(Inbox& inbox);
    void stop_quickly(int signo, Inbox& inbox);
    void reload(Inbox& inbox);
    void start_successor(Inbox& inbox);
    void say_to_successor(std::string_view text) const;
    void kill_successor() const;
    void on_line(Inbox& inbox);
    void on_end(Inbox& inbox);
    void on_failed(const std::string& why, Inbox& inbox);
    void retire(Inbox& inbox);
    void leave_successor(Inbox& inbox);
    void join_in_place(Inbox& inbox);
    void execute_in_place(Inbox& inbox);

    Common& common_;
    Upgrade upgrade_;
    std::optional<Successor> successor_;
    Handover in_place_;  // for the binary that is executed next, while all parts add what is theirs
    UniqueFd binary_;    // that runs, to be gone back to
};

}  // namespace girin
