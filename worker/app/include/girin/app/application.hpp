#pragma once

// Application: what a user writes. One object lives in each worker; the loader makes it after the fork.
// Not here: how a shared object exports one (export.hpp) and how it is found (loader.hpp).

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "girin/loop/coro.hpp"

namespace girin {

class Request;
class Response;

/// Which worker this is, for applications that wish to tell.
struct WorkerInfo {
    int pid = 0;
    std::size_t slot = 0;
    std::uint32_t generation = 0;
};

/// All but load() run on the worker's loop; none of them may block it (see SyncApplication for code that blocks).
class Application {
  public:
    /// No task runs any more, but the loop still stands: streams and timers that are held may end here.
    virtual ~Application() = default;

    /// Before the worker is ready. An exception is a boot failure, told with its text: the worker never serves.
    virtual Coro<void> startup(const WorkerInfo& worker);

    /// Answers one request. Requests of different connections run interleaved; those of one connection in order.
    ///
    /// Errors: an exception before the head was sent becomes a 500 and one log record; after it the connection is
    /// closed.
    /// Cancel: raised at the next await when the client is gone, or when the drain's time is over.
    /// Owns: `request` and `response` live until the coroutine ends.
    virtual Coro<void> handle(Request& request, Response& response) = 0;

    /// After the drain, before the worker exits. An exception is logged; the exit goes on.
    virtual Coro<void> shutdown();

    /// Once, right after the constructor: what takes time or memory and is the same for all workers, as tables, models and
    /// templates. With --preload it runs before workers are forked, in the process that they are forked from, and its
    /// memory is theirs together until one of them writes to it; else in each worker. An exception is a boot failure, told
    /// with its text. May block, as files and parsers do.
    ///
    /// What a fork doesn't take along, or would share, has no place here: threads (refused with --preload), sockets and
    /// connections, the loop, tasks, timers. Those are for startup().
    virtual void load();
};

/// Makes one; called once in each worker.
using ApplicationFactory = std::function<std::unique_ptr<Application>()>;

}  // namespace girin
