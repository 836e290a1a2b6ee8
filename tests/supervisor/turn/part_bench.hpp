#pragma once

// PartBench: one part of the master, alone. It has what parts have in common, over a system whose clock, children and
// forks are the test's, and an inbox that the test reads. Nothing else of a master runs; what the part puts into the
// inbox stays there.

#include <sys/eventfd.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "supervisor/turn/common.hpp"
#include "supervisor/turn/part.hpp"

namespace girin::test {

/// Forks nothing: a child is a number and a descriptor, and ends when the test says so.
class PlayedOs : public Os {
  public:
    TimePoint now() override { return time; }
    Duration suspended() override { return {}; }
    Result<ForkedChild> fork_child() override {
        if (!may_fork) return Error("no more processes");
        return ForkedChild(++last_pid, UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
    }
    Result<UniqueFd> watch_child(pid_t) override { return UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }
    void on_child_signal() override {}
    std::optional<Duration> longest_deaf_wait() override { return std::nullopt; }
    Result<std::optional<ChildExit>> reap_child(int) override { return std::exchange(next_exit, std::nullopt); }
    Result<void> signal_child(int, int signo) override {
        sent.push_back(signo);
        return {};
    }
    std::optional<pid_t> reap_adopted(std::span<const pid_t>) override { return std::nullopt; }
    Result<std::size_t> wait_events(int, std::span<epoll_event>, std::optional<TimePoint>) override { return std::size_t{0}; }

    TimePoint time = TimePoint() + std::chrono::hours(1);
    bool may_fork = true;
    pid_t last_pid = 4000;
    std::optional<ChildExit> next_exit;  // of whichever child is asked for next
    std::vector<int> sent;               // signals, in order
};

class PartBench : public testing::Test {
  protected:
    /// Before common(): settings and setup are the test's until then.
    Common& common() {
        if (common_) return *common_;
        Standing standing;
        std::swap(standing, standing_);
        common_ = std::make_unique<Common>(os_, setup_, Generations(Generation(settings_, ListenerSet()), Identity()), standing);
        EXPECT_TRUE(common_->open());
        common_->leave_master = [](const Kept&) {};
        return *common_;
    }

    /// The Fleet decides, and nobody carries it out.
    std::vector<Action> decide(const FleetEvent& event) { return common().fleet.decide(event, os_.time); }
    /// So many workers are wanted, spawned (with a process for each), and ready.
    void serve(std::size_t workers) {
        for (const Action& action : decide(FleetEvent::start(workers))) {
            if (action.kind != ActionKind::spawn) continue;
            add_worker(action.slot);
            decide(FleetEvent::worker_spawned(action.slot, common().workers.find(action.slot)->pid));
            common().workers.find(action.slot)->ready_at = os_.time;
            decide(FleetEvent::worker_ready(action.slot));
        }
    }
    /// Its end of the channel is in far_ends_.
    void add_worker(std::size_t slot) {
        auto channel = make_channel_pair();
        auto child = os_.fork_child();
        ASSERT_TRUE(channel && child);
        auto added = common().workers.add(slot, SpawnedWorker(std::move(*child), std::move(channel->first)));
        ASSERT_TRUE(added);
        (*added)->generation = common().generations.committed_number();
        far_ends_[slot] = std::move(channel->second);
    }

    /// What was put, in order, and taken out: "stop_graceful" for an event, the name below for an order.
    std::vector<std::string> put() {
        std::vector<std::string> names;
        while (auto item = inbox_.next()) {
            if (const auto* const event = std::get_if<FleetEvent>(&*item)) names.emplace_back(to_text(event->kind));
            if (const auto* const order = std::get_if<Order>(&*item)) names.push_back(name_of(*order));
            last_ = std::move(*item);
        }
        return names;
    }
    /// The last item that put() has taken out. Null: it was another.
    template <class Kind>
    const Kind* last_order() const {
        const auto* const order = last_ ? std::get_if<Order>(&*last_) : nullptr;
        return order ? std::get_if<Kind>(order) : nullptr;
    }
    const FleetEvent* last_event() const { return last_ ? std::get_if<FleetEvent>(&*last_) : nullptr; }

    static std::string name_of(const Order& order) {
        constexpr const char* kNames[] = {
            "AskStop", "AskQuickStop", "AskReload", "AskUpgrade", "AskScale", "AskReopenLogs", "AskLogLevel", "AnswerRequest",
            "AwaitScale", "LogsReopened", "UpgradeFailed", "TakenOver", "RefuseNewcomers", "ListenAgain", "CloseUnused",
            "StopsGracefully", "StopsQuickly", "AnswerTaken", "SocketsChanged", "PredecessorGone", "WorkerEnded",
            "WorkerCrashes", "FirstReady", "ReapAdopted", "HandedOver", "LeaveSuccessor", "JoinHandover", "ExecuteBinary"};
        static_assert(std::size(kNames) == std::variant_size_v<Order>);
        return kNames[order.index()];
    }

    using Names = std::vector<std::string>;

    PlayedOs os_;
    Settings settings_;
    SupervisorSetup setup_;
    Standing standing_;
    Inbox inbox_;
    std::map<std::size_t, UniqueFd> far_ends_;

  private:
    std::unique_ptr<Common> common_;
    std::optional<Inbox::Item> last_;
};

}  // namespace girin::test
