#include "supervisor/control/monitor_process.hpp"

#include <signal.h>

#include <algorithm>
#include <cerrno>

#include "girin/log.hpp"
#include "supervisor/health/health_report.hpp"

namespace girin {
namespace {

constexpr std::size_t kAtOnce = 32;

}  // namespace

void MonitorProcess::start() {
    deadline_.reset();
    if (!spawn_ || ending_ || pid_ > 0) return;
    if (!news_.empty()) log_info(std::exchange(news_, {}));
    if (auto started = try_start(); !started) schedule("can't be started: " + started.error().message());
}

Result<void> MonitorProcess::try_start() {
    if (board_.size() == 0) {
        auto board = Scoreboard::create(1);
        if (!board) return board.error();
        board_ = std::move(*board);
    }
    board_[0].reset();
    judge_.forget(0);
    auto spawned = spawn_();
    if (!spawned) return spawned.error();
    pid_ = spawned->worker.child.pid;
    pidfd_ = std::move(spawned->worker.child.pidfd);
    channel_ = std::move(spawned->worker.channel);
    requests_ = std::move(spawned->requests);
    started_at_ = os_.now();
    renewed_ = true;
    next_look_ = started_at_ + judge_.interval();
    if (auto watched = watch(); !watched) {
        [[maybe_unused]] const auto killed = os_.signal_child(pidfd_.get(), SIGKILL);
        let_go();  // unwatched, it is reaped like an adopted child
        return watched.error();
    }
    log_debug("Monitor started", {{"child", pid_}});
    return {};
}

Result<void> MonitorProcess::watch() {
    for (const UniqueFd* fd : {&pidfd_, &channel_, &requests_}) {
        if (auto added = wait_.add(fd->get(), ReadySource(SourceKind::monitor, 0)); !added) return added.error();
    }
    return {};
}

Duration MonitorProcess::next_delay() {
    if (os_.now() - started_at_ > kStable) failures_ = 0;
    return std::min<Duration>(kFirstDelay * (1 << std::min(failures_++, 10)), kLongestDelay);
}

void MonitorProcess::schedule(const std::string& why) {
    const Duration delay = next_delay();
    deadline_ = os_.now() + delay;
    log_warning("The monitor " + why + "; it is started again in " + to_text(delay));
}

std::optional<TimePoint> MonitorProcess::next_deadline() const {
    std::optional<TimePoint> next = deadline_;
    for (const auto& due : {next_look_, orders_.next_deadline(), answers_.next_deadline()}) {
        if (due && (!next || *due < *next)) next = due;
    }
    return next;
}

/// Stopped, stuck in a callback or in the kernel: it is of no use to anybody, and holds nothing that would be lost. KILL
/// reaches one that is stopped, too; that it is gone is seen as always.
void MonitorProcess::look_at_its_loop(TimePoint now) {
    if (!next_look_ || now < *next_look_) return;
    next_look_ = now + judge_.interval();
    const Finding finding = judge_.look(0, board_[0], started_at_, now, [this] { return sample_process(pid_); });
    if (finding.kind != Finding::Kind::hangs) return;
    log_warning("The monitor (pid " + std::to_string(pid_) + ") hangs: " + describe(finding) + "; it is killed");
    next_look_.reset();
    [[maybe_unused]] const auto killed = os_.signal_child(pidfd_.get(), SIGKILL);
}

void MonitorProcess::on_deadline(TimePoint now) {
    if (channel_) [[maybe_unused]] const auto gone = orders_.on_deadline(channel_.get(), now);
    if (requests_) warn_if(false, answers_.on_deadline(requests_.get(), now));
    look_at_its_loop(now);
    if (!deadline_ || now < *deadline_) return;
    if (!ending_) return start();
    deadline_.reset();
    if (pid_ > 0) [[maybe_unused]] const auto killed = os_.signal_child(pidfd_.get(), SIGKILL);
}

std::vector<Message> MonitorProcess::on_ready() {
    std::vector<Message> requests;
    read_worker_channel();
    read_requests(requests);
    reap_if_ended();
    return requests;
}

void MonitorProcess::read_worker_channel() {
    Message message;
    for (std::size_t i = 0; channel_ && i < kAtOnce; ++i) {
        const Received received = receive_message(channel_.get(), message);
        if (received == Received::nothing_yet) return;
        if (received == Received::closed) {
            wait_.remove(channel_.get());
            orders_.clear();
            return channel_.reset();
        }
        if (message.kind == MessageKind::boot_failed) log_warning("The monitor fails: " + message.text);
        if (message.kind == MessageKind::draining) stopped_accepting_ = true;
        if (message.kind == MessageKind::recycle) tell(Message(MessageKind::quit));  // TERM from outside
    }
}

void MonitorProcess::read_requests(std::vector<Message>& requests) {
    while (requests_ && requests.size() < kAtOnce) {
        Message message;
        const Received received = receive_message(requests_.get(), message);
        if (received == Received::nothing_yet) return;
        if (received == Received::closed) {
            wait_.remove(requests_.get());
            answers_.clear();
            return requests_.reset();
        }
        if (message.kind == MessageKind::request) requests.push_back(std::move(message));
    }
}

void MonitorProcess::reap_if_ended() {
    if (pid_ == 0) return;
    const auto ended = os_.reap_child(pidfd_.get());
    if (!ended || !*ended) return;
    ExitEvidence evidence;
    evidence.ended = **ended;
    const pid_t pid = pid_;
    let_go();
    deadline_.reset();
    if (!ending_) on_end(pid, evidence);
}

/// It ends in good order only when a signal from outside asks for that, and such a one often is for the whole group.
void MonitorProcess::on_end(pid_t pid, const ExitEvidence& evidence) {
    const std::string who = "(pid " + std::to_string(pid) + ") ";
    const bool in_order = !evidence.ended.by_signal && evidence.ended.value == 0;
    if (!in_order) return schedule(who + explain_exit(evidence).sentence);
    deadline_ = os_.now() + next_delay();
    if (!server_stops_) news_ = "The monitor " + who + "was ended by a signal from outside; another starts";
}

void MonitorProcess::answer(std::uint64_t id, const std::string& text) {
    say_of_request(Message(MessageKind::answer, static_cast<std::int64_t>(id), cut_message_text(text)));
}

void MonitorProcess::say_of_request(const Message& message) {
    if (!requests_) return;
    const bool had_read = answers_.empty();
    const auto sent = answers_.send(requests_.get(), message, {}, os_.now());
    warn_if(had_read && !answers_.empty(), sent);
}

void MonitorProcess::tell(const Message& message, std::span<const int> descriptors) {
    if (!channel_) return;
    const bool had_read = orders_.empty();
    const auto sent = orders_.send(channel_.get(), message, descriptors, os_.now());
    warn_if(had_read && !orders_.empty(), sent);
}

/// One that is gone is told of when it is reaped.
void MonitorProcess::warn_if(bool begins_to_wait, const Result<void>& sent) {
    const bool is_lost = !sent && sent.error().errno_value() != EPIPE && sent.error().errno_value() != ECONNRESET;
    if (is_lost) log_warning("The monitor can't be told: " + sent.error().message());
    if (begins_to_wait) log_warning("The monitor doesn't read what it is told; it is told again until it does");
}

void MonitorProcess::begin_end(Duration limit) {
    ending_ = true;
    next_look_.reset();  // it has its own limit
    deadline_ = os_.now() + limit + (kMonitorEndLimit - kMonitorDrainLimit);
    tell(Message(MessageKind::drain, std::chrono::duration_cast<std::chrono::milliseconds>(limit).count()));
}

void MonitorProcess::let_go() {
    for (UniqueFd* fd : {&pidfd_, &channel_, &requests_}) {
        if (*fd) wait_.remove(fd->get());
        fd->reset();
    }
    orders_.clear();
    answers_.clear();
    next_look_.reset();
    pid_ = 0;
}

void MonitorProcess::forget() {
    orders_.clear();
    answers_.clear();
    next_look_.reset();
    board_ = Scoreboard();
    for (UniqueFd* fd : {&pidfd_, &channel_, &requests_}) fd->reset();
    pid_ = 0;
}

}  // namespace girin
