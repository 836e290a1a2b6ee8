#pragma once

// What coroutines are made of, on whatever loop runs: tasks and groups of them, futures, time and time limits, cancellation,
// threads for what blocks. Not here: a loop to run (girin/loop.hpp).

#include "girin/loop/cancel.hpp"
#include "girin/loop/coro.hpp"
#include "girin/loop/event_loop.hpp"
#include "girin/loop/exception_group.hpp"
#include "girin/loop/executor.hpp"
#include "girin/loop/future.hpp"
#include "girin/loop/gate.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/task.hpp"
#include "girin/loop/task_group.hpp"
#include "girin/loop/timeout.hpp"
