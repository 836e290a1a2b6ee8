"""Bad samples, each with what check.py must find in it, and good ones in which it must find nothing."""

HEADER = "#pragma once\n\n// What it is for.\n\n"


def source(text):
    return text.lstrip("\n")


def methods(count):
    return "".join(f"    virtual std::map<int, B> f{i}(const std::vector<int>& a, int b = 1) const;\n" for i in range(count))


SAMPLES = [
    # include-direction
    ("loop/base/x.cpp", '#include "girin/loop/task.hpp"\n', [(1, "include-direction")]),
    ("loop/base/x.cpp", '#include "loop/exception_text.hpp"\n', [(1, "include-direction")]),
    ("loop/base/x.cpp", '#include "girin/base/check.hpp"\n#include "girin/log.hpp"\n', []),
    ("loop/include/girin/x.hpp", HEADER + '#include "girin/app.hpp"\n', [(5, "include-direction")]),
    ("loop/include/girin/x.hpp", HEADER + '#include "loop/x.hpp"\n', [(5, "public-header")]),
    ("loop/x.cpp", '#include "worker/serving/server.hpp"\n', [(1, "include-direction")]),
    ("worker/process/x.cpp", '#include "girin/loop/task.hpp"\n#include "supervisor/fleet/fleet.hpp"\n', [(2, "include-direction")]),
    ("worker/http/x.cpp", '#include "girin/loop/task.hpp"\n', [(1, "include-direction")]),
    ("worker/process/x.cpp", '#include "tests/support/proc.hpp"\n', [(1, "include-direction")]),
    ("supervisor/process/x.cpp", '#include "worker/serving/server.hpp"\n', [(1, "include-direction")]),
    ("supervisor/process/x.cpp", '#include "girin/loop/event_loop.hpp"\n', [(1, "include-direction")]),
    ("supervisor/start/x.cpp", '#include "worker/process/options.hpp"\n#include "worker/app/loader.hpp"\n#include "girin/log.hpp"\n', []),
    ("tests/process/x.cpp", '#include "supervisor/fleet/fleet.hpp"\n#include "worker/serving/server.hpp"\n', []),

    # a room's row, and single headers of a room
    ("worker/app/x.cpp", '#include "worker/serving/server.hpp"\n', [(1, "include-direction")]),
    ("worker/http/x.cpp", '#include "worker/process/options.hpp"\n#include "worker/process/channel.hpp"\n', [(2, "include-direction")]),
    ("worker/serving/x.cpp", '#include "worker/process/scoreboard.hpp"\n#include "worker/http/target.hpp"\n', []),
    ("supervisor/settings/x.cpp", '#include "supervisor/sockets/listeners.hpp"\n', [(1, "include-direction")]),

    # parts-apart
    ("supervisor/survey/x.cpp", '#include "supervisor/health/workers_health.hpp"\n', [(1, "parts-apart")]),
    ("supervisor/health/x.cpp", '#include "supervisor/health/workers_health.hpp"\n', []),
    ("supervisor/turn/supervisor.cpp", '#include "supervisor/crew/crew.hpp"\n', []),
    ("supervisor/turn/inbox.cpp", '#include "supervisor/crew/crew.hpp"\n', [(1, "parts-apart")]),
    ("supervisor/health/x.hpp", HEADER + '#include "supervisor/turn/part.hpp"\n', [(5, "parts-apart")]),
    ("supervisor/health/x.cpp", '#include "supervisor/turn/part.hpp"\n', []),

    # flat-file, room-without-row
    ("supervisor/helpers.cpp", "int x;\n", [(1, "flat-file")]),
    ("worker/helpers.hpp", HEADER + "int f();\n", [(1, "flat-file")]),
    ("supervisor/main.cpp", "int x;\n", []),
    ("worker/CMakeLists.txt", "add_subdirectory(http)\n", []),
    ("supervisor/attic/x.cpp", "int x;\n", [(1, "room-without-row")]),
    ("worker/attic/x.hpp", HEADER + "int f();\n", [(1, "room-without-row")]),

    # asio-place
    ("supervisor/process/x.cpp", "#include <boost/asio.hpp>\n", [(1, "asio-place")]),
    ("worker/process/x.cpp", "#include <boost/asio/ip/tcp.hpp>\n", [(1, "asio-place")]),
    ("tests/support/x.cpp", "#  include <boost/asio/post.hpp>\n", [(1, "asio-place")]),
    ("loop/x.cpp", "#include <boost/asio.hpp>\n", []),
    ("tests/loop/x.cpp", "#include <boost/asio.hpp>\n", []),

    # detached, shared-from-this, using-namespace-std
    ("loop/x.cpp", "void f() { co_spawn(e, g(), asio::detached); }\n", [(1, "detached")]),
    ("loop/x.cpp", "// never asio::detached\nconst char* text = \"asio::detached\";\n", []),
    ("worker/process/x.cpp", "class A : std::enable_shared_from_this<A> {};\n", [(1, "shared-from-this")]),
    ("worker/process/x.cpp", "\n\nusing namespace std;\n", [(3, "using-namespace-std")]),
    ("worker/process/x.cpp", "using namespace std::chrono_literals;\n", []),

    # sleeping-test
    ("tests/x.cpp", "void f() { std::this_thread::sleep_for(s); }\n", [(1, "sleeping-test")]),
    ("tests/x.cpp", "void f() { ::usleep(5); }\n", [(1, "sleeping-test")]),
    ("tests/x.cpp", "void f() { sleep(5); }\n", [(1, "sleeping-test")]),
    ("tests/x.cpp", '#include "girin/loop/sleep.hpp"\nvoid f() { ::sleep(5); }\n', [(2, "sleeping-test")]),
    ("tests/x.cpp", '#include "girin/loop/sleep.hpp"\nCoro<void> f() { co_await sleep_for(5ms); }\n', []),
    ("tests/x.cpp", "using namespace std::this_thread;\nvoid f() { sleep_for(5ms); }\n", [(2, "sleeping-test")]),
    ("tests/x.py", "import time\ntime.sleep(1)\n", [(2, "sleeping-test")]),
    ("tests/x", "while ! ready; do sleep 0.1; done\n", [(1, "sleeping-test")]),
    ("tests/x", "# no sleep 1 here\necho asleep 1\n", []),
    ("tests/apps/x.cpp", "void block() { ::sleep(5); }\n", []),
    ("worker/process/x.cpp", "void f() { ::sleep(5); }\n", []),

    # co-await-condition
    ("loop/x.cpp", "Coro<void> f() {\n    while (!co_await more()) g();\n}\n", [(2, "co-await-condition")]),
    ("loop/x.cpp", "Coro<void> f() {\n    if (auto x = co_await g(); x) h();\n}\n", [(2, "co-await-condition")]),
    ("loop/x.cpp", "Coro<void> f() {\n    for (int i : co_await g()) h(i);\n}\n", [(2, "co-await-condition")]),
    ("loop/x.cpp", "Coro<void> f() {\n    const bool is = co_await g();\n    if (is) co_await h();\n}\n", []),
    ("loop/x.cpp", "void f() {\n    if (run([]() -> Coro<void> { co_await g(); })) h();\n}\n", []),

    # co-await-lambda
    ("loop/x.cpp", "Coro<void> f() {\n    co_await run([x] { return x; });\n}\n", [(2, "co-await-lambda")]),
    ("loop/x.cpp", "Coro<void> f() {\n    auto y = co_await run(a,\n        [&](int i) mutable -> int { return i; });\n}\n",
     [(3, "co-await-lambda")]),
    ("loop/x.cpp", "Coro<void> f() {\n    call([&] { g(); }, co_await run());\n}\n", [(2, "co-await-lambda")]),
    ("loop/x.cpp", "Coro<void> f() {\n    if (co_await run([=] { return 1; })) g();\n}\n",
     [(2, "co-await-condition"), (2, "co-await-lambda")]),
    ("loop/x.cpp", "Coro<void> f() {\n    co_return co_await [this]() -> Coro<int> { co_return 1; }();\n}\n",
     [(2, "co-await-lambda")]),
    ("loop/x.cpp", source("""
Coro<void> f() {
    auto work = [x] { return x; };
    co_await run(work);
    const int i = co_await array[index];
    co_await run([] { return 1; });
    for (auto& item : items) { use([&] { item(); }); }
    co_await done();
}
"""), []),
    ("loop/x.cpp", source("""
void f() {
    spawn([this]() -> Coro<void> {
        co_await first();
        co_await second();
    });
    if (x) { g([&] { h(); }); } else { k(); }
    [[maybe_unused]] auto a = [y] { return y; };
}
"""), []),
    ("loop/x.cpp", source("""
Coro<void> f() {
    for (;;) {
        const bool is_ready = co_await ready();
        if (is_ready) {
            use([&] { item(); });
        }
    }
}
"""), []),

    # opening-paragraph
    ("loop/x.hpp", "#pragma once\n\n#include <string>\n", [(1, "opening-paragraph")]),
    ("loop/x.hpp", "// What it is for.\n\nint x;\n", [(1, "opening-paragraph")]),
    ("loop/x.hpp", HEADER + "int f();\n", []),

    # machine-path
    ("README.md", "see /work/main/x and\n/root/.cache\n", [(1, "machine-path"), (2, "machine-path")]),
    ("tests/x.py", "path = '/tmp/build-mine'\n", [(1, "machine-path")]),
    ("README.md", "see framework/work/x and ${DIR}/work/x\n", []),

    # tab, trailing-space, long-line, long-file
    ("loop/x.cpp", "int x;\n\tint y;\n", [(2, "tab")]),
    ("loop/x.cpp", "int x; \n", [(1, "trailing-space")]),
    ("loop/x.cpp", "int x;", [(1, "trailing-space")]),
    ("loop/x.cpp", "int x;\n\n", [(2, "trailing-space")]),
    ("loop/x.cpp", "int x;\n// " + "y" * 131 + "\n", [(2, "long-line")]),
    ("loop/x.cpp", "// " + "é" * 117 + "\n", []),
    ("README.md", "| " + "y" * 200 + " |\n", []),
    ("loop/x.cpp", "int x;\n" * 1001, [(1000, "long-file")]),
    ("supervisor/settings/settings_table.cpp", "int x;\n" * 1001, []),
    ("tests/fuzz/corpus/x", "\t \n", []),

    # long-header, long-function, wide-class
    ("loop/x.hpp", HEADER + "int x;\n" * 147, [(150, "long-header")]),
    ("loop/x.hpp", HEADER + "int x;\n" * 146, []),
    ("loop/x.cpp", "int x;\n" * 151, []),
    ("loop/x.cpp", "\nint f(int a) {\n" + "    g();\n" * 59 + "}\n", [(2, "long-function")]),
    ("loop/x.cpp", "\nint f(int a) {\n" + "    g();\n" * 58 + "}\n", []),
    ("loop/x.cpp", "A::A(int a) : b_(a), c_{1} {\n" + "    g();\n" * 59 + "}\n", [(1, "long-function")]),
    ("loop/x.cpp", "auto A::f() const noexcept -> int {\n    if (x) {\n" + "        g();\n" * 60 + "    }\n}\n", [(1, "long-function")]),
    ("loop/x.cpp", "namespace girin {\nconst int kRows[] = {\n" + "    1,\n" * 90 + "};\nclass A {\n" + "    int b;\n" * 90 + "};\n}\n", []),
    ("loop/x.cpp", "class A : public B {\n  public:\n" + methods(31) + "};\n", [(1, "wide-class")]),
    ("loop/x.cpp", "class A {\n    A();\n    ~A();\n    A& operator=(const A&) = delete;\n    std::function<void(int)> b_;\n"
     "    int c_ = f(1);\n    struct D {\n        void e();\n    };\n    friend void f(A&);\n" + methods(30) + "};\n", []),
    ("loop/x.cpp", "struct A final {\n" + methods(31).replace(";", " { return f(g()); }") + "};\n", [(1, "wide-class")]),
    ("loop/x.cpp", "enum class A { b, c };\n" + methods(40), []),
]
