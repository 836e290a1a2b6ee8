#include "supervisor/upgrade/elders.hpp"

#include <signal.h>
#include <unistd.h>

#include "girin/log.hpp"
#include "supervisor/process/exit_cause.hpp"
#include "worker/process/channel.hpp"
#include "worker/process/scoreboard.hpp"

namespace girin {
namespace {

constexpr Duration kKillMargin = kLeavingLimit;  // as for our own: they end by themselves when time is over
constexpr Duration kQuitLimit = std::chrono::seconds(2);

void tell_of_end(pid_t pid, const ChildExit& ended) {
    const std::string worker = "A worker of the former binary (pid " + std::to_string(pid) + ") ";
    ExitEvidence evidence;
    evidence.ended = ended;
    if (!ended.by_signal && ended.value == 0) return log_info(worker + "has finished");
    log_warning(worker + explain_exit(evidence).sentence);
}

void tell(const UniqueFd& channel, const Message& message) {
    if (channel) [[maybe_unused]] const auto sent = send_message(channel.get(), message);
}

std::int64_t milliseconds(Duration limit) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
}

}  // namespace

void Elders::adopt(const Handover& handover, Duration monitor_limit) {
    requests_.reset(handover.requests_fd);
    askers_ = handover.askers;
    for (const Elder& elder : handover.elders) {
        Process process;
        process.pid = elder.pid;
        process.is_monitor = elder.is_monitor;
        process.channel.reset(elder.channel_fd);
        auto handle = os_.watch_child(elder.pid);
        if (!handle) continue;
        process.pidfd = std::move(*handle);
        if (auto watched = wait_.add(process.pidfd.get(), ReadySource(SourceKind::elder, next_id_)); !watched) {
            log_warning("A worker of the former binary isn't watched: " + watched.error().message());
        }
        if (elder.is_monitor) tell(process.channel, Message(MessageKind::drain, milliseconds(monitor_limit)));
        all_.emplace(next_id_++, std::move(process));
    }
}

void Elders::answer(AnswerKind kind, const std::string& text) {
    for (const std::uint64_t id : askers_) {
        const ControlAnswer answer(id, kind, text);
        const Message message(MessageKind::answer, static_cast<std::int64_t>(id), cut_message_text(answer.to_text()));
        const auto sent = requests_ ? send_message(requests_.get(), message) : Result<void>();
        if (!sent) log_warning("Who asked for the upgrade can't be told of it: " + sent.error().message());
    }
    askers_.clear();
}

std::vector<pid_t> Elders::pids() const {
    std::vector<pid_t> pids;
    for (const auto& [id, process] : all_) pids.push_back(process.pid);
    return pids;
}

std::vector<Elder> Elders::list() const {
    std::vector<Elder> list;
    for (const auto& [id, process] : all_) list.emplace_back(process.pid, process.channel.get(), process.is_monitor);
    return list;
}

void Elders::drain(Duration limit, bool last) {
    for (const auto& [id, process] : all_) {
        const char* const how = last && !process.is_monitor ? kDrainLast : "";
        tell(process.channel, Message(MessageKind::drain, milliseconds(limit), how));
    }
    kill_at_ = os_.now() + limit + kKillMargin;
}

void Elders::quit() {
    for (const auto& [id, process] : all_) tell(process.channel, Message(MessageKind::quit));
    kill_at_ = os_.now() + kQuitLimit;
}

void Elders::on_ready(std::uint32_t id) {
    const auto process = all_.find(id);
    if (process == all_.end()) return;
    const auto ended = os_.reap_child(process->second.pidfd.get());
    if (ended && !*ended) return;
    if (!process->second.is_monitor) tell_of_end(process->second.pid, ended ? **ended : ChildExit());
    remove(process);
}

void Elders::on_time(TimePoint now) {
    if (!kill_at_ || now < *kill_at_) return;
    kill_at_ = now + kQuitLimit;
    for (const auto& [id, process] : all_) {
        const std::string worker = "A worker of the former binary (pid " + std::to_string(process.pid) + ")";
        if (!process.is_monitor) log_warning(worker + " didn't end; it is killed");
        [[maybe_unused]] const auto sent = os_.signal_child(process.pidfd.get(), SIGKILL);
    }
}

void Elders::remove(std::map<std::uint32_t, Process>::iterator process) {
    wait_.remove(process->second.pidfd.get());
    all_.erase(process);
}

}  // namespace girin
