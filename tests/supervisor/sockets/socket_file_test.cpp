// Unix socket files: what may be replaced, and what may be removed.

#include "supervisor/sockets/socket_file.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/support/endpoint.hpp"
#include "tests/support/temp_dir.hpp"

namespace girin {
namespace {

using test::Endpoint;
using test::TempDir;
namespace fs = std::filesystem;

UniqueFd unix_socket() { return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

Result<SocketFile> bind_at(const UniqueFd& fd, const std::string& path) {
    return SocketFile::bind(fd.get(), path, ::geteuid());
}

/// A socket file whose server is gone.
void leave_stale_socket(const std::string& path) {
    Endpoint endpoint = Endpoint::unix_socket(path);
    ASSERT_TRUE(test::listen_on(endpoint));
}

TEST(SocketFile, ReplacesAStaleSocket) {
    const TempDir dir;
    leave_stale_socket(dir / "s");
    const UniqueFd fd = unix_socket();
    const auto file = bind_at(fd, dir / "s");
    EXPECT_TRUE(file) << file.error().message();
}

// FAULTS 20, a sibling: a file of the name that a stale socket was moved to was lost.
TEST(SocketFile, ReplacesAStaleSocketAndNothingElse) {
    const TempDir dir;
    leave_stale_socket(dir / "s");
    const std::string aside = "." + std::to_string(::getpid()) + "~";
    dir.write(aside, "somebody's");
    const UniqueFd fd = unix_socket();
    const auto file = bind_at(fd, dir / "s");
    EXPECT_TRUE(file) << file.error().message();
    EXPECT_EQ(test::read_file(dir / aside), "somebody's");
    EXPECT_FALSE(fs::exists(dir / (aside + "1"))) << "the stale one";
}

TEST(SocketFile, LeavesASocketThatSomebodyListensOn) {
    const TempDir dir;
    Endpoint endpoint = Endpoint::unix_socket(dir / "s");
    const auto other = test::listen_on(endpoint);
    ASSERT_TRUE(other);
    const UniqueFd fd = unix_socket();
    const auto file = bind_at(fd, dir / "s");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().message(), "bind unix:" + (dir / "s") + ": another server listens there");
    EXPECT_TRUE(test::start_connect(endpoint));
}

TEST(SocketFile, LeavesAFileThatIsNoSocket) {
    const TempDir dir;
    dir.write("s", "precious");
    const UniqueFd fd = unix_socket();
    EXPECT_FALSE(bind_at(fd, dir / "s"));
    EXPECT_EQ(test::read_file(dir / "s"), "precious");
}

TEST(SocketFile, LeavesAStaleSocketOfAnotherUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can make one";
    const TempDir dir;
    leave_stale_socket(dir / "s");
    ASSERT_EQ(::lchown((dir / "s").c_str(), 12345, 12345), 0);
    const UniqueFd fd = unix_socket();
    EXPECT_FALSE(bind_at(fd, dir / "s"));
    EXPECT_TRUE(SocketFile::bind(fd.get(), dir / "s", 12345)) << "a socket of the user we work for";
}

TEST(SocketFile, IsRemovedOnlyWhileItIsOurs) {
    const TempDir dir;
    const UniqueFd fd = unix_socket();
    { const auto file = bind_at(fd, dir / "s"); }
    EXPECT_FALSE(fs::exists(dir / "s"));

    const UniqueFd again = unix_socket();
    {
        const auto file = bind_at(again, dir / "s");
        ASSERT_TRUE(file);
        fs::remove(dir / "s");
        leave_stale_socket(dir / "s");  // another server took the path over
    }
    EXPECT_TRUE(fs::exists(dir / "s"));
}

TEST(SocketFile, RefusesAPathThatIsTooLong) {
    const UniqueFd fd = unix_socket();
    EXPECT_FALSE(bind_at(fd, "/tmp/" + std::string(200, 'x')));
    EXPECT_FALSE(bind_at(fd, ""));
}

}  // namespace
}  // namespace girin
