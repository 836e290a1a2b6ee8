// The line to a service manager: what arrives, and that a manager which doesn't read stops nobody.

#include "supervisor/systemd/notify_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <gtest/gtest.h>

#include "supervisor/systemd/service_environment.hpp"
#include "tests/support/service_manager.hpp"

namespace girin {
namespace {

using test::ServiceManager;
using test::TempDir;

TEST(NotifySocket, SendsMessagesAndDescriptors) {
    const TempDir dir;
    ServiceManager manager(dir);
    auto socket = NotifySocket::open(manager.path());
    ASSERT_TRUE(socket) << socket.error().message();
    socket->send("READY=1\nSTATUS=fine");
    const auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    socket->send_with("FDSTORE=1\nFDNAME=p", {pipe->first.get()});
    EXPECT_TRUE(manager.hears("READY=1"));
    EXPECT_EQ(manager.last("STATUS"), "fine");
    ASSERT_EQ(manager.kept().size(), 1U);
    EXPECT_EQ(manager.kept()[0].first, "p");
}

TEST(NotifySocket, NeverWaitsForAManagerThatDoesNotRead) {
    const TempDir dir;
    ServiceManager manager(dir);
    auto socket = NotifySocket::open(manager.path());
    ASSERT_TRUE(socket);
    constexpr std::size_t kSent = 600;
    {
        const auto pipe = make_pipe();
        ASSERT_TRUE(pipe);
        for (std::size_t i = 0; i < kSent; ++i) socket->send("STATUS=" + std::to_string(i));
        socket->send_with("FDSTORE=1\nFDNAME=p", {pipe->first.get()});  // its copy outlives ours
    }
    ASSERT_TRUE(socket->has_waiting()) << "this kernel's queue took them all";
    while (socket->has_waiting()) {
        EXPECT_FALSE(manager.messages().empty());
        socket->flush();
    }
    EXPECT_EQ(manager.messages().size(), kSent + 1);
    EXPECT_EQ(manager.last("STATUS"), std::to_string(kSent - 1));
    EXPECT_EQ(manager.kept().size(), 1U);
}

TEST(NotifySocket, KeepsTheNewestMessagesForAManagerThatNeverReads) {
    const TempDir dir;
    ServiceManager manager(dir);
    auto socket = NotifySocket::open(manager.path());
    ASSERT_TRUE(socket);
    for (std::size_t i = 0; i < 3 * NotifySocket::kMostWaiting; ++i) socket->send("STATUS=" + std::to_string(i));
    while (socket->has_waiting()) {
        EXPECT_FALSE(manager.messages().empty());
        socket->flush();
    }
    EXPECT_LT(manager.messages().size(), 2 * NotifySocket::kMostWaiting);
    EXPECT_EQ(manager.last("STATUS"), std::to_string(3 * NotifySocket::kMostWaiting - 1));
}

TEST(NotifySocket, ReachesAbstractNames) {
    const std::string name = "girin-notify-" + std::to_string(::getpid());
    const UniqueFd receiver(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    ASSERT_EQ(::bind(receiver.get(), reinterpret_cast<sockaddr*>(&address), bytes), 0);
    auto socket = NotifySocket::open("@" + name);
    ASSERT_TRUE(socket);
    socket->send("READY=1");
    char text[32];
    EXPECT_EQ(::recv(receiver.get(), text, sizeof text, 0), 7);
}

TEST(NotifySocket, RefusesAddressesThatCanNotBeOne) {
    for (const std::string& bad : {std::string("relative"), std::string("@"), "/" + std::string(200, 'x')}) {
        EXPECT_FALSE(NotifySocket::open(bad)) << bad;
    }
    const auto none = NotifySocket::open("");
    ASSERT_TRUE(none);
    EXPECT_FALSE(none->is_open());
}

TEST(NotifySocket, TakesAManagerThatIsGoneForNobody) {
    const TempDir dir;
    auto socket = NotifySocket::open(dir / "nobody");
    ASSERT_TRUE(socket);
    socket->send("READY=1");
    EXPECT_FALSE(socket->has_waiting());
}

class ServiceEnvironments : public testing::Test {
  protected:
    void TearDown() override { ServiceEnvironment::take(); }
    static void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
    const std::string own_pid_ = std::to_string(::getpid());
};

TEST_F(ServiceEnvironments, AreTakenOutOfTheEnvironment) {
    set("NOTIFY_SOCKET", "/run/notify");
    set("WATCHDOG_USEC", "1500000");
    set("WATCHDOG_PID", own_pid_);
    set("LISTEN_PID", own_pid_);
    set("LISTEN_FDS", "2");
    set("LISTEN_FDNAMES", "a:b");
    const auto taken = ServiceEnvironment::take();
    EXPECT_EQ(taken.notify_socket, "/run/notify");
    EXPECT_EQ(taken.watchdog, std::chrono::milliseconds(1500));
    EXPECT_EQ(taken.sockets, 2U);
    EXPECT_EQ(taken.names, (std::vector<std::string>{"a", "b"}));
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS"}) {
        EXPECT_EQ(std::getenv(name), nullptr) << name;
    }
}

TEST_F(ServiceEnvironments, OfOtherProcessesAreNotMeant) {
    set("WATCHDOG_USEC", "1500000");
    set("WATCHDOG_PID", "1");
    set("LISTEN_PID", "1");
    set("LISTEN_FDS", "2");
    const auto taken = ServiceEnvironment::take();
    EXPECT_EQ(taken.watchdog, Duration::zero());
    EXPECT_EQ(taken.sockets, 0U);
}

TEST_F(ServiceEnvironments, WithNonsenseAreNone) {
    for (const char* nonsense : {"", "-1", "many", "99999999999999999999", "5x"}) {
        set("WATCHDOG_USEC", nonsense);
        set("LISTEN_PID", own_pid_);
        set("LISTEN_FDS", nonsense);
        const auto taken = ServiceEnvironment::take();
        EXPECT_EQ(taken.watchdog, Duration::zero()) << nonsense;
        EXPECT_EQ(taken.sockets, 0U) << nonsense;
    }
}

}  // namespace
}  // namespace girin
