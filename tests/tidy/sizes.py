"""Sizes that ask for a reason. Not that something large is wrong: that somebody has looked twice, and says why here."""

import cpp

MAX_LINES = 1000
MAX_HEADER_LINES = 150
MAX_FUNCTION_LINES = 60
MAX_METHODS = 30

# One row after the other, nothing else.
TABLES = ["*_table.cpp", "*_tables.cpp"]

# The reasons: "path" is a header, "path: name" a class or a function in it; that of a class is its header's too. One that
# nobody needs any more is told, and goes.
REASONS = {
    "loop/include/girin/loop/coro.hpp": "one coroutine type: promise, awaiter and handle know each other, and templates can't hide",
    "loop/include/girin/loop/event_loop.hpp: EventLoop":
        "asyncio's interface on one page, half of it contracts; what it hands out has headers of its own",
    "loop/include/girin/loop/executor.hpp": "templates of jobs and of what is awaited; the pool itself is in executor.cpp",
    "loop/include/girin/loop/future.hpp": "state, handle and awaiter, each a template that the others need",
    "loop/include/girin/loop/gather.hpp": "three gathers, of tuples and of vectors: templates over one Gathering",
    "loop/include/girin/loop/sync/queue.hpp": "three queues that differ in which item is next; templates",
    "loop/include/girin/loop/task.hpp": "TaskBase, Task<T> and what makes one; templates that inline into each other",
    "loop/include/girin/loop/task_group.hpp": "a group, its children, and the templates that run its body",
    "loop/include/girin/loop/use_loop.hpp": "one completion token; Asio wants all of it in a header",
    "loop/include/girin/net/stream.hpp": "awaiters live in their coroutines' frames, so their classes can't be hidden",
    "supervisor/fleet/fleet.hpp: Fleet": "all decisions about workers in one pure object: whoever asks why reads one class",
    "supervisor/monitor/master_board.hpp": "a layout in shared memory, field by field",
    "tests/apps/synchronous.cpp: handle_blocking": "one branch a path that tests ask for",
    "tests/fuzz/server/session.cpp: Session::step": "one case an action that the fuzzer can draw",
    "tests/supervisor/fleet/sim/witness.hpp": "what the simulator's invariants remember, one field each",
    "tests/supervisor/fleet/sim/world.hpp: World": "a world for the Fleet: whatever an action or a fault can do to it is a method",
    "worker/http/request_parser.hpp: RequestParser": "one method a state, so that each is small",
    "worker/serving/connection.hpp: Connection": "one coroutine's states and ends: most methods are a step of it",
    "worker/serving/http1_exchange.hpp: Http1Exchange":
        "the meeting of three: what its connection does, what Exchange asks of a kind, and the rules between input and output",
    "worker/testing/fake_exchange.hpp: FakeExchange": "a kind of exchange, script and answer in one; much of it is Exchange's",
    "worker/testing/include/girin/testing.hpp": "what a user's test can say, each with its contract, on one page",
    "worker/serving/server.hpp: Server": "what all connections of a worker share, each with a method that says what for",
    "worker/serving/serving_context.hpp: ServingContext":
        "what connections may ask of the server, and nothing else of it",
}

# Which reasons were asked for, while a tree is checked.
asked = set()


def _large(file, name, line, what):
    places = [f"{file.path}: {name}"] if name else [file.path, *(key for key in REASONS if key.startswith(file.path + ": "))]
    asked.add(places[0])
    if not any(place in REASONS for place in places):
        yield line, f"{what}: split it, or say why not (tests/tidy/sizes.py)"


def long_file(file):
    if len(file.lines) - 1 > MAX_LINES and not file.matches(TABLES):
        yield MAX_LINES, f"{len(file.lines) - 1} lines, at most {MAX_LINES} unless it is a table"


def long_header(file):
    count = len(file.lines) - 1
    if file.is_header and count > MAX_HEADER_LINES:
        yield from _large(file, "", MAX_HEADER_LINES, f"a header of {count} lines, {MAX_HEADER_LINES} are usual")


def long_function(file):
    for name, begin, end in cpp.functions(file.code):
        count = file.line_of(end) - file.line_of(begin) + 1
        if count > MAX_FUNCTION_LINES:
            yield from _large(file, name, file.line_of(begin),
                              f"{name} has {count} lines, {MAX_FUNCTION_LINES} are usual")


def wide_class(file):
    for name, begin, methods in cpp.classes(file.code):
        if methods > MAX_METHODS:
            yield from _large(file, name, file.line_of(begin), f"{name} has {methods} methods, {MAX_METHODS} are usual")


def reasons_without_need():
    """What is in the list and wasn't asked for, once all files were looked at."""
    return sorted(set(REASONS) - asked)
