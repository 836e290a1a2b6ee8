#include "worker/app/sync_exchange.hpp"

#include <utility>

#include "girin/app/sync_application.hpp"
#include "girin/loop/executor.hpp"

namespace girin::detail {

SyncRequestData::SyncRequestData(const Request& request)
    : method(request.method()), target(request.target()), path(request.path()), raw_path(request.raw_path()),
      query(request.query()), minor_version(request.minor_version()), peer(request.peer()), client(request.client()),
      scheme(request.scheme()), host(request.host()), worker(request.worker()) {
    headers.assign(request.headers());
}

void SyncExchange::hand_over(const std::shared_ptr<SyncExchange>& self, std::string_view piece) {
    self->loop_.check_process();  // in a child of the handler's: the loop's side isn't there, and may have had the lock
    const JobPause pause;
    std::unique_lock lock(self->mutex_);
    if (self->gone_) throw ClientGone();
    self->piece_ = piece;
    self->loop_.call_soon_threadsafe([self] { self->wake(); });
    self->changed_.wait(lock, [&self] { return !self->piece_ || self->gone_; });
    if (const std::exception_ptr failure = std::exchange(self->failure_, {})) std::rethrow_exception(failure);
    if (self->gone_) throw ClientGone();
}

void SyncExchange::extend_deadline(const std::shared_ptr<SyncExchange>& self, Duration from_now) {
    extend_job_deadline(from_now);
    const TimePoint end = later(Clock::now(), from_now);
    self->loop_.call_soon_threadsafe([self, end] {
        if (self->original_ != nullptr) self->original_->extend_deadline(end - Clock::now());
    });
}

Future<void> SyncExchange::next_event() {
    event_ = Future<void>(loop_);
    if (std::exchange(woken_, false)) event_.set_result();
    return event_;
}

void SyncExchange::wake() {
    if (event_ && !event_.done()) {
        event_.set_result();
    } else {
        woken_ = true;
    }
}

std::optional<std::string_view> SyncExchange::piece() const {
    const std::lock_guard lock(mutex_);
    return piece_;
}

void SyncExchange::piece_taken(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    piece_.reset();
    failure_ = std::move(failure);
    changed_.notify_one();
}

void SyncExchange::abandon() {
    original_ = nullptr;
    const std::lock_guard lock(mutex_);
    gone_ = true;
    changed_.notify_one();
}

}  // namespace girin::detail
