#pragma once

// ScriptedApplication: behaves as each test wants, path by path. A Scene is what handlers and the test tell each other.

#include <map>
#include <string>

#include "girin/app.hpp"
#include "girin/loop/future.hpp"

namespace girin::test {

struct Scene {
    explicit Scene(EventLoop& event_loop) : loop(event_loop), gate(event_loop) {}

    EventLoop& loop;
    Future<void> gate;  // handlers wait here until the test opens it
    int entered = 0;
    int cancelled = 0;  // handlers that have seen Cancelled
    int cleaned = 0;    // handlers whose clean-up ran to its end
    std::string heard;  // bodies, or whatever a handler has to tell
    std::size_t bytes = 0;
    const void* extra = nullptr;  // whatever a test's own handler looks at

    void open_gate() {
        if (!gate.done()) gate.set_result();
    }
};

/// A function or a lambda without captures: those would die before the coroutine does.
using Behaviour = Coro<void> (*)(Request&, Response&, Scene&);

class ScriptedApplication final : public Application {
  public:
    explicit ScriptedApplication(Scene& scene);

    /// What the handler of `path` does. Always there: "/" answers "hello"; "/wait" waits for the gate, then answers
    /// "waited", and notes in the scene how it ends; "/echo" sends the body back as it comes.
    void on(const std::string& path, Behaviour behaviour) { behaviours_[path] = behaviour; }

    Coro<void> handle(Request& request, Response& response) override;

  private:
    Scene& scene_;
    std::map<std::string, Behaviour, std::less<>> behaviours_;
};

}  // namespace girin::test
