// Does not compile with g++ before 13, which would destroy `name` twice; the build's test expects its sentence.

#include <string>

#include "girin/loop/executor.hpp"
#include "girin/loop/task_group.hpp"

girin::Coro<void> greets(std::string name) {
#if defined(GIRIN_TRY_EXECUTOR)
    auto trying = girin::run_in_executor([name] { return name.size(); });
#elif defined(GIRIN_TRY_GROUP)
    auto trying = girin::with_task_group([name](girin::TaskGroup&) -> girin::Coro<void> { co_return; });
#elif defined(GIRIN_TRY_ARGUMENT)
    struct Two {
        std::string a, b;
    };
    auto trying = girin::run_in_executor([](const Two&) {}, Two{name, name});
#else
    const std::string greeting = name + "!";
    auto work = [name] { return name.size(); };
    co_await girin::run_in_executor(work);
    co_await girin::run_in_executor(girin::by_move(work));
    co_await girin::run_in_executor([](const std::string& n) { return n.size(); }, greeting);
#endif
    co_return;
}
