#include "tests/worker/serving/scripted_application.hpp"

#include "girin/loop/cancel.hpp"
#include "girin/loop/sleep.hpp"

namespace girin::test {
namespace {

Coro<void> greet(Request&, Response& response, Scene& scene) {
    ++scene.entered;
    response.body("hello");
    co_return;
}

Coro<void> wait(Request&, Response& response, Scene& scene) {
    ++scene.entered;
    bool cancelled = false;
    try {
        co_await scene.gate;
    } catch (const Cancelled&) {
        cancelled = true;
    }
    if (cancelled) {
        ++scene.cancelled;
        co_await sleep_for(Duration::zero());  // a clean-up may wait as well
        ++scene.cleaned;
        throw Cancelled{};
    }
    response.body("waited");
}

Coro<void> echo(Request& request, Response& response, Scene& scene) {
    ++scene.entered;
    for (;;) {
        const std::string_view piece = co_await request.read();
        if (piece.empty()) break;
        scene.bytes += piece.size();
        co_await response.write(piece);
    }
    if (!response.head_sent()) response.body({});
}

}  // namespace

ScriptedApplication::ScriptedApplication(Scene& scene) : scene_(scene) {
    on("/", greet);
    on("/wait", wait);
    on("/echo", echo);
}

Coro<void> ScriptedApplication::handle(Request& request, Response& response) {
    const auto found = behaviours_.find(request.path());
    if (found == behaviours_.end()) throw HttpError(404, "no such path");
    return found->second(request, response, scene_);
}

}  // namespace girin::test
