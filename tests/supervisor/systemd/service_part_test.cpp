// What the service manager is told of a server that doesn't run.

#include "supervisor/systemd/service_part.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include "tests/supervisor/turn/part_bench.hpp"
#include "tests/support/temp_dir.hpp"

namespace girin::test {
namespace {

class ServicePartTest : public PartBench {
  protected:
    ServicePartTest() {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = dir_ / "notify";
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        manager_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        EXPECT_EQ(::bind(manager_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        auto line = NotifySocket::open(path);
        EXPECT_TRUE(line);
        service_ = Service(std::move(*line), Duration());
        setup_.service = &service_;
    }
    ServicePart& part() {
        if (!part_) part_ = std::make_unique<ServicePart>(common());
        return *part_;
    }
    /// Everything since the last call.
    std::string told() {
        part().tell();
        std::string all;
        char text[1000];
        for (ssize_t bytes; (bytes = ::recv(manager_.get(), text, sizeof text, 0)) > 0;) {
            all.append(text, static_cast<std::size_t>(bytes)).append("\n");
        }
        return all;
    }

    const TempDir dir_;
    UniqueFd manager_;
    Service service_;

  private:
    std::unique_ptr<ServicePart> part_;
};

TEST_F(ServicePartTest, SaysThatItIsReadyOnceTheFirstGenerationHasServed) {
    EXPECT_EQ(told().find("READY=1"), std::string::npos);
    serve(1);
    common().standing.told_ready = true;
    const std::string ready = told();
    EXPECT_NE(ready.find("READY=1"), std::string::npos) << ready;
    EXPECT_NE(ready.find("1 of 1 workers ready"), std::string::npos) << ready;
    EXPECT_EQ(told(), "") << "nothing is new";
}

TEST_F(ServicePartTest, TellsWhatWentWrong) {
    serve(1);
    common().standing.told_ready = true;
    common().standing.trouble = "the last reload failed: no such file";
    const std::string told_now = told();
    EXPECT_NE(told_now.find("no such file"), std::string::npos) << told_now;
}

TEST_F(ServicePartTest, NamesWhoFollowsAndIsSilentThen) {
    part().hear(HandedOver{4242}, inbox_);
    EXPECT_NE(told().find("MAINPID=4242"), std::string::npos);
    common().standing.told_ready = true;
    EXPECT_EQ(told(), "");
}

TEST_F(ServicePartTest, IsSilentUntilThePredecessorIsGone) {
    service_.be_silent();
    serve(1);
    common().standing.told_ready = true;
    EXPECT_EQ(told(), "");
    part().hear(PredecessorGone(), inbox_);
    EXPECT_NE(told().find("READY=1"), std::string::npos);
}

TEST_F(ServicePartTest, HasNothingToTellWithoutAManager) {
    setup_.service = nullptr;
    part().tell();
    part().hear(SocketsChanged(), inbox_);
    EXPECT_FALSE(part().next_deadline());
}

}  // namespace
}  // namespace girin::test
