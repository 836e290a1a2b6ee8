#include "supervisor/crew/generations.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include "girin/base/check.hpp"
#include "girin/log.hpp"
#include "supervisor/hooks/hook_process.hpp"
#include "supervisor/sockets/socket_address.hpp"

namespace girin {
namespace {

ListenOptions to_listen_options(const Settings& settings, const Identity& socket_owner, std::size_t lanes) {
    ListenOptions options;
    options.backlog = static_cast<int>(std::min<std::uint64_t>(settings.backlog, INT_MAX));
    options.reuse_port = settings.reuse_port;
    options.lanes = lanes;
    options.socket_owner = socket_owner;
    return options;
}

std::size_t lanes_for(const Settings& settings) {
    return settings.reuse_port ? std::max<std::size_t>(settings.workers, 1) : 1;
}

/// Whoever starts a killed server at once finds its workers there still, for the milliseconds that they take to see that
/// their master is gone. A signal that asks to stop ends the waiting.
Result<ListenerSet> open_once_free_blocking(const std::vector<BindAddress>& addresses, const ListenOptions& options,
                                            Duration patience) {
    constexpr int kAttemptEveryMs = 20;
    const UniqueFd stop = watch_for_stop();
    const TimePoint limit = Clock::now() + patience;
    bool told = false;
    while (true) {
        auto listeners = ListenerSet::open(addresses, options);
        if (listeners || listeners.error().errno_value() != EADDRINUSE || Clock::now() >= limit) return listeners;
        if (!std::exchange(told, true)) log_info("Waits for " + to_text(patience) + ": " + listeners.error().message());
        pollfd stopped = {stop.get(), POLLIN, 0};
        if (::poll(&stopped, 1, kAttemptEveryMs) > 0) return listeners;
    }
}

Result<void> copy_to(UniqueFd& copy, const UniqueFd& original) {
    if (!original) return {};
    auto made = duplicate(original.get());
    if (!made) return made.error();
    copy = std::move(*made);
    return {};
}

}  // namespace

Result<LogFiles> open_logs_in(int directory, const Settings& settings, const Identity& owner) {
    const InDirectory there(directory);
    return LogFiles::open(settings, owner);
}

Generation::Generation(Settings values, ListenerSet sockets)
    : settings(std::move(values)), listeners(std::move(sockets)) {
    for (const Listener& listener : listeners.listeners()) addresses.push_back(listener.address());
}

Generations::Generations(Generation first, Identity socket_owner)
    : socket_owner_(std::move(socket_owner)) {
    for (const Listener& listener : first.listeners.listeners()) lanes_ = std::max(lanes_, listener.lanes());
    all_.emplace(committed_, std::move(first));
}

const Generation* Generations::find(std::uint32_t number) const {
    const auto found = all_.find(number);
    return found == all_.end() ? nullptr : &found->second;
}

const Generation& Generations::committed() const { return all_.at(committed_); }

Result<void> Generations::prepare(std::uint32_t number, const Settings& settings,
                                  const std::vector<BindAddress>& addresses, GenerationFiles files) {
    // Lanes are opened before the candidate shares them, so that both sets count them alike.
    if (has_lanes()) {
        if (auto wide = widen(settings.workers); !wide) return wide.error();
    }
    const ListenOptions options = to_listen_options(settings, socket_owner_, lanes_);
    auto listeners = ListenerSet::open(addresses, options, &committed().listeners);
    if (!listeners) return listeners.error();
    const auto added = all_.insert_or_assign(number, Generation(settings, std::move(*listeners))).first;
    added->second.files = std::move(files);
    return {};
}

Result<void> Generations::prepare_like(std::uint32_t number, std::uint32_t former) {
    const Generation& like = all_.at(former);
    GenerationFiles files;
    if (auto copied = copy_to(files.code, like.files.code); !copied) return copied.error();
    if (auto copied = copy_to(files.directory, like.files.directory); !copied) return copied.error();
    auto logs = open_logs_in(files.directory.get(), like.settings, socket_owner_);
    if (!logs) return logs.error();
    files.logs = std::move(*logs);
    return prepare(number, like.settings, like.addresses, std::move(files));
}

Result<void> Generations::reopen_logs() {
    Result<void> result;
    for (auto& [number, generation] : all_) {
        const InDirectory there(generation.files.directory.get());
        const auto reopened = generation.files.logs.reopen();
        if (number == committed_) result = reopened;
    }
    return result;
}

std::vector<UniqueFd> Generations::release_logs(std::uint32_t number) { return all_.at(number).files.logs.release(); }

void Generations::commit(std::uint32_t number) {
    const auto next = all_.find(number);
    GIRIN_CHECK(next != all_.end(), "a reload is committed that was never prepared");
    ListenerSet& former = all_.at(committed_).listeners;
    next->second.listeners.succeed(former);
    former.close();
    former_ = std::exchange(committed_, number);
}

void Generations::drop(std::uint32_t number) {
    if (number != committed_) all_.erase(number);
}

Result<void> Generations::widen(std::size_t lanes) {
    if (lanes <= lanes_) return {};
    if (auto wide = all_.at(committed_).listeners.widen(lanes); !wide) return wide.error();
    lanes_ = lanes;
    return {};
}

Result<void> Generations::steer(const std::vector<bool>& served) {
    Result<void> result;
    for (auto& [number, generation] : all_) {
        if (auto steered = generation.listeners.steer(served); !steered) result = steered;
    }
    return result;
}

bool Generations::has_candidate() const { return all_.upper_bound(committed_) != all_.end(); }

Result<void> Generations::refuse_new() {
    Result<void> result;
    for (auto& [number, generation] : all_) {
        if (auto refused = generation.listeners.refuse_new(); !refused) result = refused;
    }
    return result;
}

void Generations::shut_down_listeners() {
    for (auto& [number, generation] : all_) generation.listeners.shut_down();
}

bool Generations::serves_programs() const {
    return std::ranges::any_of(all_, [](const auto& entry) { return !entry.second.settings.exec.empty(); });
}

void Generations::close_listeners() {
    for (auto& [number, generation] : all_) generation.listeners.close();
}

void Generations::leave_files() {
    for (auto& [number, generation] : all_) generation.listeners.leave_files();
}

void Generations::claim_files() { all_.at(committed_).listeners.claim_files(); }

void Generations::keep_only(std::uint32_t number, std::size_t lane) {
    std::erase_if(all_, [number](const auto& entry) { return entry.first != number; });
    for (auto& [only, generation] : all_) generation.listeners.keep_lane(lane);
}

Result<Generation> open_first_generation_blocking(const Settings& settings, const Identity& socket_owner,
                                                  HandedSockets* handed, bool on_trial, Duration patience) {
    const auto addresses = resolve_all_blocking(settings.bind);
    if (!addresses) return addresses.error();
    ListenOptions options = to_listen_options(settings, socket_owner, lanes_for(settings));
    options.handed = handed;
    options.on_trial = on_trial;
    GenerationFiles files;
    auto directory = open_directory(settings.chdir.empty() ? "" : ".");  // which we are in
    if (!directory) return directory.error();
    files.directory = std::move(*directory);
    auto logs = LogFiles::open(settings, socket_owner);
    if (!logs) return logs.error();
    files.logs = std::move(*logs);
    const bool may_wait = !handed || handed->empty();  // what is taken from there is gone with a first attempt
    auto listeners = may_wait ? open_once_free_blocking(*addresses, options, patience) : ListenerSet::open(*addresses, options);
    if (!listeners) return listeners.error();
    Generation first(settings, std::move(*listeners));
    first.files = std::move(files);
    return first;
}

}  // namespace girin
