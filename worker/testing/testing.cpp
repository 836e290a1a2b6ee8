#include "girin/testing.hpp"

#include "girin/loop/sleep.hpp"
#include "worker/testing/fake_exchange.hpp"
#include "worker/testing/virtual_loop.hpp"

namespace girin::testing {
namespace {

/// A handler as an application, for as long as a run lasts.
class Function final : public Application {
  public:
    explicit Function(HandlerFunction handler) : handler_(handler) {}
    Coro<void> handle(Request& request, Response& response) override { return handler_(request, response); }

  private:
    HandlerFunction handler_;
};

FakeAnswer run_on(EventLoop& loop, VirtualLoop* virtual_loop, const detail::FakeScript& script, std::uint64_t number,
                  Application& application) {
    auto exchange = std::make_shared<FakeExchange>(script, loop, virtual_loop, number);
    return loop.run_until_complete(FakeExchange::perform(std::move(exchange), &application));
}

Coro<void> let_pass(Duration time) { co_await sleep_for(time); }

}  // namespace

FakeRequest::FakeRequest(std::string method, std::string target) {
    script_.method = std::move(method);
    script_.target = std::move(target);
}

FakeRequest& FakeRequest::header(std::string name, std::string value) {
    script_.fields.emplace_back(std::move(name), std::move(value));
    return *this;
}
FakeRequest& FakeRequest::body(std::string text) {
    script_.body = std::move(text);
    return *this;
}
FakeRequest& FakeRequest::piece(std::string text, Duration after) {
    script_.pieces.push_back({std::move(text), after});
    return *this;
}
FakeRequest& FakeRequest::trailer(std::string name, std::string value) {
    script_.trailers.emplace_back(std::move(name), std::move(value));
    return *this;
}
FakeRequest& FakeRequest::without_end() {
    script_.has_end = false;
    return *this;
}
FakeRequest& FakeRequest::http_1_0() {
    script_.minor_version = 0;
    return *this;
}
FakeRequest& FakeRequest::peer(std::string text) {
    script_.peer = std::move(text);
    return *this;
}
FakeRequest& FakeRequest::client(std::string text) {
    script_.client = std::move(text);
    return *this;
}
FakeRequest& FakeRequest::scheme(std::string text) {
    script_.scheme = std::move(text);
    return *this;
}
FakeRequest& FakeRequest::worker(const WorkerInfo& worker) {
    script_.worker = worker;
    return *this;
}
FakeRequest& FakeRequest::disconnects_after(Duration time) {
    script_.disconnects = time;
    return *this;
}
FakeRequest& FakeRequest::disconnects_after_pieces(std::size_t pieces) {
    script_.disconnects_after_pieces = pieces;
    return *this;
}
FakeRequest& FakeRequest::stalls_after_pieces(std::size_t pieces) {
    script_.stalls_after_pieces = pieces;
    return *this;
}
FakeRequest& FakeRequest::deadline(Duration time) {
    script_.deadline = time;
    return *this;
}
FakeRequest& FakeRequest::drains_after(Duration time) {
    script_.drains = time;
    return *this;
}
FakeRequest& FakeRequest::worker_ends_after(Duration time) {
    script_.ends = time;
    return *this;
}

FakeAnswer FakeRequest::run(Application& application) const {
    VirtualLoop loop;
    return run_on(loop, &loop, script_, 1, application);
}

FakeAnswer FakeRequest::run(HandlerFunction handler) const {
    Function application(handler);
    return run(application);
}

FakeAnswer FakeRequest::run(Application& application, EventLoop& loop) const {
    return run_on(loop, nullptr, script_, 1, application);
}

struct FakeWorker::Parts {
    Parts(Application& app, const WorkerInfo& info) : application(app), worker(info) {}

    Application& application;
    WorkerInfo worker;
    VirtualLoop loop;
    std::uint64_t requests = 0;
};

FakeWorker::FakeWorker(Application& application, const WorkerInfo& worker)
    : parts_(std::make_unique<Parts>(application, worker)) {
    parts_->loop.run_until_complete(application.startup(parts_->worker));
}

FakeWorker::~FakeWorker() = default;

FakeAnswer FakeWorker::run(const FakeRequest& request) {
    detail::FakeScript script = request.script_;
    script.worker = parts_->worker;
    return run_on(parts_->loop, &parts_->loop, script, ++parts_->requests, parts_->application);
}

void FakeWorker::pass(Duration time) { parts_->loop.run_until_complete(let_pass(time)); }

void FakeWorker::stop() {
    parts_->loop.run_until_complete(parts_->application.shutdown());
    parts_->loop.close();
}

EventLoop& FakeWorker::loop() { return parts_->loop; }

}  // namespace girin::testing
