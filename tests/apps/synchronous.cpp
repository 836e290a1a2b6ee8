// A synchronous application that blocks, streams, reads and fails, each on demand.
//   /            "sync"            /block/MS     sleeps on its thread      /echo        the body back
//   /stream/N/S  N pieces of S     /throw        a std::runtime_error      /teapot      HttpError 418
//   /started     whether start_blocking() ran before

#include <charconv>
#include <chrono>
#include <thread>

#include "worker/app.hpp"

namespace {

/// The number that `text` begins with; takes it off, and the slash behind it.
std::size_t take_number(std::string_view& text) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) throw girin::HttpError(400, "a number is missing");
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.empty()) text.remove_prefix(1);
    return number;
}

class Synchronous final : public girin::SyncApplication {
  public:
    Synchronous() : SyncApplication(64 << 20) {}

    void start_blocking(const girin::WorkerInfo&) override { started_ = true; }

    void handle_blocking(girin::SyncRequest& request, girin::SyncResponse& response) override {
        std::string_view rest = request.path();
        const auto below = [&rest](std::string_view prefix) {
            if (!rest.starts_with(prefix)) return false;
            rest.remove_prefix(prefix.size());
            return true;
        };
        if (below("/block/")) {
            std::this_thread::sleep_for(std::chrono::milliseconds(take_number(rest)));
            response.body("blocked\n");
        } else if (below("/stream/")) {
            const std::size_t count = take_number(rest);
            const std::string piece(take_number(rest), 'x');
            for (std::size_t i = 0; i < count; ++i) response.write(piece);
        } else if (below("/echo")) {
            response.body(request.body());
        } else if (below("/throw")) {
            throw std::runtime_error("thrown on a thread");
        } else if (below("/teapot")) {
            throw girin::HttpError(418, "short and stout");
        } else if (below("/started")) {
            response.body(started_ ? "yes" : "no");
        } else {
            response.header("X-Kind", "sync").body("sync");
        }
    }

  private:
    bool started_ = false;
};

}  // namespace

GIRIN_APPLICATION(app, Synchronous)
