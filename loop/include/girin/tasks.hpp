#pragma once

// What coroutines are made of, on whatever loop runs: tasks and groups of them, futures, time and time limits, cancellation,
// locks and queues between tasks, threads for what blocks. Not here: a loop to run (girin/loop.hpp).

#include "girin/loop/cancel.hpp"
#include "girin/loop/coro.hpp"
#include "girin/loop/event_loop.hpp"
#include "girin/loop/exception_group.hpp"
#include "girin/loop/executor.hpp"
#include "girin/loop/future.hpp"
#include "girin/loop/gate.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/sync/barrier.hpp"
#include "girin/loop/sync/condition.hpp"
#include "girin/loop/sync/event.hpp"
#include "girin/loop/sync/lock.hpp"
#include "girin/loop/sync/queue.hpp"
#include "girin/loop/sync/semaphore.hpp"
#include "girin/loop/task.hpp"
#include "girin/loop/task_group.hpp"
#include "girin/loop/timeout.hpp"
