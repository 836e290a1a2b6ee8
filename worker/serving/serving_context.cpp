#include "worker/serving/serving_context.hpp"

#include <algorithm>
#include <ctime>
#include <random>

#include "girin/log.hpp"

namespace girin {
namespace {

using namespace std::chrono_literals;

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr Duration kRefusalLogInterval = 60s;

/// Of a counter that only this process writes.
template <class T>
void add(std::atomic<T>& counter, T amount) {
    counter.store(counter.load(kRelaxed) + amount, kRelaxed);
}

std::uint64_t draw_limit(std::uint64_t limit, std::uint64_t jitter) {
    if (limit == 0) return 0;
    std::random_device device;
    return limit + std::uniform_int_distribution<std::uint64_t>(0, jitter)(device);
}

}  // namespace

/// Without a bound on one pause the minimum rate is all there is, and is looked at as often as its grace lasts.
ServingContext::Deadlines::Deadlines(EventLoop& loop, const Timeouts& timeouts)
    : header(loop, timeouts.header), body(loop, timeouts.body.count() > 0 ? timeouts.body : timeouts.min_rate_grace),
      keep_alive(loop, timeouts.keep_alive),
      write(loop, timeouts.write), linger(loop, timeouts.linger), half_close(loop, timeouts.half_close),
      request(loop, timeouts.request) {}

ServingContext::ServingContext(ConnectionOwner& owner, AsioLoop& loop, const WorkerOptions& options, Application& application,
                               ServerPlace place)
    : owner_(owner), loop_(loop), options_(options), application_(application), place_(place), deadlines_(loop, options.timeouts),
      exchanges_(options.limits), body_budget_(std::make_shared<BodyBudget>(options.limits.body_memory_bytes)),
      worn_out_at_(draw_limit(options.max_requests, options.max_requests_jitter)) {}

Result<void> ServingContext::open() {
    if (auto opened = access_log_.open(options_.access_log); !opened) return opened.error();
    auto trusted = TrustedPeers::parse(options_.forwarded_allow_ips);
    if (!trusted) return trusted.error();
    trusted_peers_ = std::move(*trusted);
    return {};
}

// --- counting and logging

std::uint64_t ServingContext::count_request() {
    add(slot().requests_in_flight, 1U);
    if (++requests_ == worn_out_at_ && on_worn_out_) on_worn_out_();
    return requests_;
}

void ServingContext::request_done(int status) {
    add(slot().requests_in_flight, ~0U);
    add(slot().requests, std::uint64_t{1});
    if (status >= 500) add(slot().errors_5xx, std::uint64_t{1});
}

void ServingContext::requests_took(std::uint64_t count, TimePoint began_at) {
    // Not the loop's time: most handlers begin and end within one turn.
    const Duration took = loop_.now() - began_at;
    slot().count_latency(std::chrono::duration_cast<std::chrono::microseconds>(took).count(), count);
}

std::string_view ServingContext::date() { return dates_.at(std::time(nullptr)); }

UsualHead& ServingContext::usual_head() {
    const std::string_view now = date();
    if (!usual_head_.is_for(dates_.second())) {
        ResponseContext context;
        context.server = server_header();
        context.date = now;
        usual_head_.make(Answer::kDefaultContentType, context, dates_.second());
    }
    return usual_head_;
}

void ServingContext::log_access(const AccessRecord& record) {
    access_log_.add(record);
    if (!is_scheduled()) loop_.schedule(*this);
}

void ServingContext::on_bodies_refused() {
    const TimePoint now = loop_.time();
    if (refusal_logged_ != TimePoint::min() && now - refusal_logged_ < kRefusalLogInterval) return;
    refusal_logged_ = now;
    log_warning("Requests are refused: the bodies in this worker's memory have reached --limit-body-memory",
                {{"held_bytes", body_budget_->held()}, {"limit_bytes", body_budget_->limit()}});
}

// --- draining

void ServingContext::set_draining() {
    is_draining_ = true;
    draining_flag_->store(true, kRelaxed);
}

/// A moment of its own for each connection, which needs no memory: its address, mixed well, is its lot.
TimePoint ServingContext::closes_at(const void* connection) const {
    constexpr std::uint64_t kGoldenRatio = 0x9E3779B97F4A7C15;
    const std::uint64_t lot = (reinterpret_cast<std::uintptr_t>(connection) * kGoldenRatio) >> 32;
    const double share = static_cast<double>(lot) / static_cast<double>(1ULL << 32);
    return drain_began_ + std::chrono::duration_cast<Duration>(close_spread_ * share);
}

}  // namespace girin
