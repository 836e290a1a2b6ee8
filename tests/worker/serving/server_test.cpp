#include "tests/worker/serving/server_test.hpp"

#include <unistd.h>

#include "girin/log.hpp"
#include "girin/loop/task.hpp"
#include "loop/base/log_output.hpp"

namespace girin::test {

ServerTest::ServerTest() : board(Scoreboard::create(kSlots).value()) {
    LogOptions log_options;
    log_options.file = directory / "log";
    open_log(log_options).value();
}

ServerTest::~ServerTest() {
    if (server) finish();
    loop.close();
    server.reset();
    open_log(LogOptions()).value();
}

void ServerTest::start() {
    listener = listen_on(endpoint).value();
    set_nonblocking(listener.get()).value();
    WorkerInfo worker;
    worker.pid = ::getpid();
    server.emplace(loop, options, application, ServerPlace(worker, board.slots()));
    server->open({ListenerSocket(listener.get(), endpoint.to_text(), endpoint.is_unix())}).value();
    server->start_accepting();
}

Client ServerTest::connect() { return Client(driver, start_connect(endpoint).value()); }

void ServerTest::finish() {
    server->quit();
    scene.open_gate();
    const Task<void> drained = loop.create_task(server->drain(Duration::zero(), false), "drain");
    EXPECT_TRUE(run_until([&] { return drained.done(); })) << connections() << " connections outlive the server";
    EXPECT_EQ(connections(), 0U);
    EXPECT_EQ(slot().requests_in_flight, 0U);
}

testing::AssertionResult ServerTest::connections_become(std::uint32_t count) {
    if (run_until([&] { return connections() == count; })) return testing::AssertionSuccess();
    return testing::AssertionFailure() << connections() << " connections, not " << count;
}

std::string ServerTest::log() const { return read_file(directory / "log"); }

std::size_t ServerTest::count_in_log(std::string_view text) const { return count_of(text, log()); }

std::size_t count_of(std::string_view part, std::string_view text) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++count;
    return count;
}

}  // namespace girin::test
