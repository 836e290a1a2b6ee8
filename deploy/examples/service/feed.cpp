#include "feed.hpp"

#include <girin/girin.hpp>

#include <string>
#include <vector>

#include "json.hpp"
#include "query.hpp"

namespace notes {
namespace {

constexpr int kBatch = 100;  // notes read at once

std::string event_of(const Note& note) {
    std::string json = to_json(note);  // one line, with its end
    return "id: " + std::to_string(note.id) + "\ndata: " + json + "\n";
}

}  // namespace

/// One client that listens, in its feed's list while it lives.
class Feed::Listener {
  public:
    explicit Listener(Feed& feed) : feed_(feed), place_(feed.listeners_.insert(feed.listeners_.end(), this)) {}
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { feed_.listeners_.erase(place_); }

    void rouse() {
        roused_ = true;
        if (!wake_.done()) wake_.set_result();
    }
    /// Until it is roused, which may have happened since the last time, or the time is over: false.
    girin::Coro<bool> roused_within(girin::Duration limit) {
        if (!roused_) {
            wake_ = girin::Future<void>(girin::EventLoop::running());
            try {
                co_await girin::wait_for(wake_, limit);
            } catch (const girin::TimeoutError&) {
                co_return false;
            }
        }
        roused_ = false;
        co_return true;
    }

  private:
    Feed& feed_;
    std::list<Listener*>::iterator place_;
    girin::Future<void> wake_{girin::EventLoop::running()};
    bool roused_ = false;
};

void Feed::start() { watch_ = girin::create_task(watch(), "feed"); }

girin::Coro<void> Feed::stop() {
    watch_.cancel();
    try {
        co_await watch_;
    } catch (const girin::Cancelled&) {  // as asked
    }
}

girin::Coro<void> Feed::watch() {
    for (;;) {
        co_await girin::sleep_for(kLookEvery);
        if (listeners_.empty()) continue;
        try {
            co_await look();
        } catch (const std::exception& error) {  // the next look may be luckier; Cancelled is none of these
            girin::log_warning("The feed can't look for notes", {{"reason", error.what()}});
        }
    }
}

girin::Coro<void> Feed::look() {
    const std::int64_t newest = co_await girin::run_in_executor(&Store::newest_blocking, &store_);
    if (newest == newest_) co_return;
    newest_ = newest;
    look_soon();
}

void Feed::look_soon() {
    for (Listener* listener : listeners_) listener->rouse();
}

girin::Coro<void> Feed::serve(girin::Request& request, girin::Response& response) {
    const auto last_seen = request.header("last-event-id");
    std::optional<std::int64_t> seen = last_seen ? parse_id(*last_seen) : std::nullopt;
    if (!seen) seen = co_await girin::run_in_executor(&Store::newest_blocking, &store_);

    const auto listener = std::make_shared<Listener>(*this);
    const std::weak_ptr<Listener> roused = listener;  // what is told of the drain may come after our end
    request.draining().add_done_callback([roused] {
        if (const auto still_here = roused.lock()) still_here->rouse();
    });

    response.header("Content-Type", "text/event-stream").header("Cache-Control", "no-store");
    response.header("X-Accel-Buffering", "no");  // nginx passes each event on at once
    co_await response.write("retry: 1000\n\n");
    co_await response.flush();
    while (!request.is_draining()) {
        const std::vector<Note> news =
            co_await girin::run_in_executor(&Store::after_blocking, &store_, *seen, kBatch);
        for (const Note& note : news) {
            co_await response.write(event_of(note));
            seen = note.id;
        }
        if (!news.empty()) {
            co_await response.flush();
            continue;
        }
        const bool is_news = co_await listener->roused_within(kPingEvery);
        if (is_news) continue;
        co_await response.write(": still here\n\n");
        co_await response.flush();
    }
}

}  // namespace notes
