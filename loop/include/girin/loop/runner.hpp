#pragma once

// run and Runner: a loop from its making to its end, as asyncio's: it is closed whatever happens, tasks that are left are
// cancelled and waited for, and Ctrl-C ends the main task. Not here: servers (girin/run.hpp).

#include <functional>
#include <memory>
#include <source_location>

#include "girin/loop/task.hpp"

namespace girin {

/// Makes the loop; which one is the main program's choice.
using LoopFactory = std::function<std::unique_ptr<EventLoop>()>;

/// SIGINT came: out of Runner::run() and run(), as Python's KeyboardInterrupt.
class Interrupted : public FatalError {
  public:
    Interrupted() : FatalError("interrupted") {}
};

/// Threads: of one thread.
class Runner {
  public:
    /// None: an AsioLoop. It is made when it is first needed.
    explicit Runner(LoopFactory factory = {});
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;
    /// As close(); what that throws goes to the log.
    ~Runner();

    /// Errors: LoopError after close().
    EventLoop& loop();

    /// Runs `main` as the main task, and gives its result. Context variables that it sets stay set for the next one.
    ///
    /// SIGINT (in the main thread, on an AsioLoop, where its action is the default): the first cancels the main task, which
    /// can clean up; if it ends by that, Interrupted is thrown. The second throws Interrupted at once. The third, where
    /// the loop stands still, kills the process.
    /// Errors: what `main` throws; Cancelled; Interrupted; LoopError after close(), and where a loop runs already.
    template <class T>
    T run(Coro<T> main, std::source_location where = std::source_location::current()) {
        check_may_run();
        TaskOptions options("main");
        options.context = context_;
        const Task<T> task = loop().create_task(std::move(main), std::move(options));
        run_main(*task.state(), task.base(), where);
        return detail::value_for_one(*task.state());
    }

    /// Cancels the tasks that are left, and waits for them; what they throw goes to the exception handler. Closes async
    /// generators, waits for the executor's jobs, closes the loop. Twice does nothing.
    /// Errors: a FatalError of those tasks, when all is closed.
    void close();

  private:
    class Sigint;

    static void check_may_run();
    void run_main(FutureStateBase& main, TaskBase& task, std::source_location where);
    void cancel_all_tasks();

    const LoopFactory factory_;
    std::unique_ptr<EventLoop> loop_;
    Context context_ = Context::current();
    bool closed_ = false;
};

/// Runs `main` on a loop of its own, and closes that: `int main() { return girin::run(serve()); }`. As Runner says.
template <class T>
T run(Coro<T> main, LoopFactory factory = {}, std::source_location where = std::source_location::current()) {
    Runner runner(std::move(factory));
    if constexpr (std::is_void_v<T>) {
        runner.run(std::move(main), where);
        runner.close();
    } else {
        T result = runner.run(std::move(main), where);
        runner.close();
        return static_cast<T&&>(result);
    }
}

}  // namespace girin
