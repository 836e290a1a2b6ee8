// An application that does in load() what $GIRIN_TEST_LOAD says, else the file $GIRIN_TEST_LOAD_FILE, read anew at each load:
// ok (also: nothing said), throw, crash, exit, hang, thread, crash-in-fork (a worker's fork crashes, in the process that
// forks). And tells where it was loaded: / answers "loaded by pid P of user U, N bytes". $GIRIN_TEST_LOAD_MIB: so much is
// filled.

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <girin/app.hpp>

namespace {

std::string wish() {
    if (const char* const said = std::getenv("GIRIN_TEST_LOAD")) return said;
    const char* const file = std::getenv("GIRIN_TEST_LOAD_FILE");
    std::string word;
    if (file != nullptr) std::ifstream(file) >> word;
    return word;
}

void crash() { std::raise(SIGSEGV); }

class Loading final : public girin::Application {
  public:
    void load() override {
        loaded_by_ = ::getpid();
        user_ = ::getuid();
        if (const char* const mib = std::getenv("GIRIN_TEST_LOAD_MIB")) table_.assign(std::strtoul(mib, nullptr, 10) << 20, 'x');
        const std::string what = wish();
        if (what == "throw") throw std::runtime_error("the model is missing");
        if (what == "crash") crash();
        if (what == "exit") std::_Exit(9);
        if (what == "thread") std::thread([] { ::pause(); }).detach();
        if (what == "crash-in-fork") ::pthread_atfork(&crash, nullptr, nullptr);
        while (what == "hang") ::pause();
    }

    girin::Coro<void> handle(girin::Request& request, girin::Response& response) override {
        if (request.path() == "/crash") crash();
        if (request.path() == "/spin") {
            for (volatile bool spins = true; spins;) {}
        }
        response.body("loaded by pid " + std::to_string(loaded_by_) + " of user " + std::to_string(user_) + ", " +
                      std::to_string(table_.size()) + " bytes, served by " + std::to_string(request.worker().pid));
        co_return;
    }

  private:
    pid_t loaded_by_ = 0;
    uid_t user_ = 0;
    std::vector<char> table_;
};

}  // namespace

GIRIN_APPLICATION(app, Loading)
