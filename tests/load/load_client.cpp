#include "tests/load/load_client.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

#include "girin/base/check.hpp"

namespace girin::load {
namespace {

constexpr std::chrono::milliseconds kOverdueCheck{20};
constexpr std::chrono::milliseconds kCloseLimit{1'000};     // for the server's close after `Connection: close`
constexpr std::chrono::milliseconds kPauseAfterLoss{10};    // closed loop: don't spin while nobody listens

// Failures of this side: they say nothing of the server.
bool is_our_own(int error) {
    return error == EMFILE || error == ENFILE || error == EADDRNOTAVAIL || error == ENOBUFS || error == ENOMEM;
}

timespec to_timespec(Duration duration) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
    return {static_cast<time_t>(seconds.count()), static_cast<long>((duration - seconds).count())};
}

}  // namespace

LoadClient::LoadClient(LoadOptions options)
    : options_(std::move(options)),
      random_(options_.seed),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    GIRIN_CHECK(!options_.requests.empty(), "a load without requests");
    GIRIN_CHECK(options_.rate > 0 || options_.connections > 0, "a load without rate or connections");
    if (!epoll_ || !wake_) throw std::runtime_error(Error::from_errno(errno, "create epoll").message());
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = wake_.get();
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event);
}

LoadClient::~LoadClient() = default;

void LoadClient::stop() {
    stopping_ = true;
    const std::uint64_t one = 1;
    if (::write(wake_.get(), &one, sizeof one) < 0) return;  // full: it wakes anyway
}

LoadTotals LoadClient::totals() const {
    const std::lock_guard lock(mutex_);
    return totals_;
}

void LoadClient::run() {
    start_ = next_due_ = next_overdue_check_ = Clock::now();
    while (!finished(Clock::now())) {
        begin_due_requests(Clock::now());
        wait();
    }
    const std::lock_guard lock(mutex_);
    totals_.elapsed = Clock::now() - start_;
}

bool LoadClient::finished(TimePoint now) {
    const bool over = options_.duration.count() > 0 && now - start_ >= options_.duration;
    if (over) stopping_ = true;
    return stopping_ && in_flight_ == 0;
}

void LoadClient::begin_due_requests(TimePoint now) {
    if (options_.rate <= 0) {
        while (!stopping_ && next_due_ <= now && in_flight_ < options_.connections) begin_request(now, now);
        return;
    }
    const auto interval = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1 / options_.rate));
    for (; !stopping_ && next_due_ <= now; next_due_ += interval) {
        if (in_flight_ < options_.most_in_flight) begin_request(next_due_, now);
        else add_one(&LoadTotals::not_sent);
    }
}

void LoadClient::begin_request(TimePoint due, TimePoint now) {
    ++begun_;
    if (options_.requests_in_all > 0 && begun_ >= options_.requests_in_all) stopping_ = true;
    const bool kept = std::uniform_real_distribution<>(0, 1)(random_) >= options_.new_share;
    const auto& request = options_.requests[random_() % options_.requests.size()];
    // The pool is filled first, so that as many connections are kept as the options say.
    Entry* entry = kept && kept_ >= options_.connections ? idle_connection() : nullptr;
    if (entry == nullptr) entry = open_connection(kept, due, now);
    if (entry == nullptr) return;
    ++in_flight_;
    const auto ended = entry->connection->begin(request, due);
    if (ended) on_ended(*entry, *ended, now);
    else watch(*entry);
}

// The one that was idle for longest, if the server hasn't closed it: what it closed before we ask is no loss.
LoadClient::Entry* LoadClient::idle_connection() {
    while (!idle_.empty()) {
        Entry& entry = connections_.at(idle_.front());
        if (entry.connection->look_when_idle() == LoadConnection::Idle::alive) {
            idle_.pop_front();
            return &entry;
        }
        on_idle_event(entry);
    }
    return nullptr;
}

LoadClient::Entry* LoadClient::open_connection(bool kept, TimePoint due, TimePoint now) {
    auto fd = test::start_connect(options_.server);
    if (!fd) {
        if (is_our_own(fd.error().errno_value())) add_one(&LoadTotals::not_sent);
        else count(Outcome::refused, due, now, fd.error().message());
        return nullptr;
    }
    add_one(&LoadTotals::connections);
    if (kept) ++kept_;
    Entry& entry = connections_[fd->get()];
    entry.connection = std::make_unique<LoadConnection>(std::move(*fd), kept);
    return &entry;
}

void LoadClient::wait() {
    TimePoint until = next_overdue_check_;
    const bool beginning = !stopping_ && (options_.rate > 0 || in_flight_ < options_.connections);
    if (beginning) until = std::min(until, next_due_);
    std::array<epoll_event, 256> events;
    int ready = 0;
    if (wait_for_events(until) > 0) {
        ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
    }
    const TimePoint now = Clock::now();
    for (int i = 0; i < ready; ++i) on_event(events[static_cast<std::size_t>(i)].data.fd, now);
    if (now >= next_overdue_check_) drop_overdue(now);
    const std::lock_guard lock(mutex_);
    totals_.in_flight = in_flight_;
    totals_.elapsed = now - start_;
}

// epoll_wait() counts in milliseconds, which is too coarse for a rate: so the epoll itself is polled.
int LoadClient::wait_for_events(TimePoint until) {
    pollfd set{epoll_.get(), POLLIN, 0};
    const timespec timeout = to_timespec(std::max<Duration>(until - Clock::now(), Duration{0}));
    return ::ppoll(&set, 1, &timeout, nullptr);
}

void LoadClient::on_event(int fd, TimePoint now) {
    if (fd == wake_.get()) {
        std::uint64_t count = 0;
        if (::read(fd, &count, sizeof count) < 0) return;
        return;
    }
    const auto found = connections_.find(fd);
    if (found == connections_.end()) return;
    Entry& entry = found->second;
    if (entry.closing) return on_closing_event(entry);
    if (!entry.connection->busy()) return on_idle_event(entry);
    const auto ended = entry.connection->on_event();
    if (ended) on_ended(entry, *ended, now);
    else watch(entry);
}

void LoadClient::on_idle_event(Entry& entry) {
    const auto found = entry.connection->look_when_idle();
    if (found == LoadConnection::Idle::alive) return;
    add_one(found == LoadConnection::Idle::reset ? &LoadTotals::idle_resets : &LoadTotals::idle_closes);
    std::erase(idle_, entry.connection->fd());
    remove(entry);
}

void LoadClient::on_closing_event(Entry& entry) {
    const auto found = entry.connection->look_when_idle();
    if (found == LoadConnection::Idle::alive) return;
    if (found == LoadConnection::Idle::reset) add_one(&LoadTotals::late_resets);
    remove(entry);
}

void LoadClient::on_ended(Entry& entry, const Ended& ended, TimePoint now) {
    --in_flight_;
    count(ended.outcome, entry.connection->due(), now, ended.detail);
    if (ended.outcome != Outcome::ok) return remove(entry);
    watch(entry);
    if (entry.connection->reusable()) {
        idle_.push_back(entry.connection->fd());
        return;
    }
    entry.closing = true;
    entry.closing_until = now + kCloseLimit;
}

void LoadClient::drop_overdue(TimePoint now) {
    next_overdue_check_ = now + kOverdueCheck;
    std::vector<Entry*> late;
    std::vector<Entry*> unclosed;
    for (auto& [fd, entry] : connections_) {
        if (entry.closing && now >= entry.closing_until) unclosed.push_back(&entry);
        if (entry.connection->busy() && now - entry.connection->due() >= options_.timeout) late.push_back(&entry);
    }
    for (Entry* entry : unclosed) remove(*entry);
    for (Entry* entry : late) on_ended(*entry, Ended(Outcome::timed_out, "no whole answer"), now);
}

void LoadClient::count(Outcome outcome, TimePoint due, TimePoint now, const std::string& detail) {
    if (outcome != Outcome::ok && options_.rate <= 0) next_due_ = now + kPauseAfterLoss;
    const std::lock_guard lock(mutex_);
    totals_.add(outcome, now - start_, now - due, detail);
}

void LoadClient::add_one(std::uint64_t LoadTotals::*counter) {
    const std::lock_guard lock(mutex_);
    ++(totals_.*counter);
}

void LoadClient::watch(Entry& entry) {
    const unsigned wanted = EPOLLIN | EPOLLRDHUP | (entry.connection->wants_to_write() ? EPOLLOUT : 0u);
    if (wanted == entry.events) return;
    epoll_event event{};
    event.events = wanted;
    event.data.fd = entry.connection->fd();
    const int operation = entry.events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    ::epoll_ctl(epoll_.get(), operation, event.data.fd, &event);
    entry.events = wanted;
}

void LoadClient::remove(Entry& entry) {
    if (entry.connection->kept()) --kept_;
    connections_.erase(entry.connection->fd());
}

LoadThread::LoadThread(LoadOptions options) : client_(std::move(options)), thread_([this] { client_.run(); }) {}

LoadThread::~LoadThread() { finish(); }

LoadTotals LoadThread::finish() {
    client_.stop();
    if (thread_.joinable()) thread_.join();
    return client_.totals();
}

}  // namespace girin::load
