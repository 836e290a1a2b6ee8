// girin where close_range() and its likes aren't known: what stands in for them does the same.

#include <fcntl.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class OldKernel : public testing::Test {
  protected:
    void SetUp() override {
        if (run(Command(program_, {"/bin/true"})).status.code == 77) GTEST_SKIP() << "no seccomp filter may be set here";
    }
    /// girin there, with a descriptor of somebody's that nobody marked close-on-exec.
    GirinCommand command(std::vector<std::string> args, std::size_t ready) const {
        args.insert(args.begin(), girin_binary());
        GirinCommand made(std::move(args), ready);
        made.program = program_;
        made.inherit = {{strangers_.get(), 50}};
        return made;
    }

    const std::string program_ = fs::path(app("minimal")).replace_filename("old_kernel");
    const UniqueFd strangers_{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    const TempDir dir_;
};

TEST_F(OldKernel, ServesReloadsAndStops) {
    GirinProcess girin(dir_, command({"-w", "2", "--soak", "0.1", "-b", "127.0.0.1:0", app("minimal")}, 2));
    const std::vector<pid_t> first = girin.workers();
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    girin.hup();
    EXPECT_TRUE(girin.workers_become(2, first)) << girin.log();
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
}

TEST_F(OldKernel, LeavesNoDescriptorsToWhatItRuns) {
    GirinProcess girin(dir_, command({"-w", "1", "-b", "127.0.0.1:0", "--on-ready", "ls /proc/self/fd > new; mv new fds",
                                      app("minimal")}, 1));
    ASSERT_TRUE(eventually(15s, "the hook's end", [&] { return fs::exists(dir_ / "fds"); })) << girin.log();
    EXPECT_EQ(read_file(dir_ / "fds"), "0\n1\n2\n3\n") << "the last is the directory that ls reads";
}

TEST_F(OldKernel, RunsAnyProgramWithItsSocketsAlone) {
    const std::string tell = "ls /proc/self/fd > new; mv new fds; exec sleep 1000";
    GirinProcess girin(dir_, command({"-w", "1", "-b", "127.0.0.1:0", "--exec", "--", "/bin/sh", "-c", tell}, 1));
    ASSERT_TRUE(eventually(15s, "the program's list", [&] { return fs::exists(dir_ / "fds"); })) << girin.log();
    EXPECT_EQ(read_file(dir_ / "fds"), "0\n1\n2\n3\n4\n") << "3 is the listening socket, 4 the directory that ls reads";
}

}  // namespace
}  // namespace girin::test
