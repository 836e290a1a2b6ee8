#include "supervisor/zygote/zygote_process.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "loop/base/log_output.hpp"
#include "supervisor/process/signals.hpp"
#include "supervisor/zygote/zygote_message.hpp"

namespace girin {
namespace {

constexpr int kLeft = 0;
constexpr int kNotLoaded = 1;

/// What the process in between has to tell, in memory that it shares with the zygote.
struct Note {
    pid_t worker;  // 0: none was forked
    int error;
};

class Zygote {
  public:
    Zygote(ZygoteLife life, int channel_fd, pid_t master) : life_(std::move(life)), channel_(channel_fd), master_(master) {}

    int live() {
        if (life_.child.title) life_.child.title->set(make_process_title("zygote", life_.child.name));
        if (auto settled = settle(); !settled) return give_up(LoadFailure(kNotLoaded, settled.error().message()));
        const UniqueFd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));  // a root directory may have none
        if (auto failure = life_.load(life_.place)) return give_up(*failure);
        // A log that is held here, and never written, would keep a rotated file.
        if (auto copy = life_.place.error_log_fd >= 0 ? duplicate(nowhere.get()) : UniqueFd(); copy && *copy) {
            use_log_descriptor(std::move(*copy));
        }
        if (!send_report(channel_, ZygoteReport(ZygoteSays::loaded, 0))) return kLeft;
        while (auto received = receive_order_blocking(channel_)) carry_out(*received);
        return kLeft;
    }

  private:
    Result<void> settle() {
        if (auto became = become_worker(life_.child, life_.place); !became) return became;
        life_.child.role = "zygote";
        if (auto settled = settle_worker(life_.child, life_.place, master_); !settled) return settled;
        life_.child.role.clear();
        life_.child.environment = nullptr;  // all is set
        void* const memory = ::mmap(nullptr, sizeof(Note), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return Error::from_errno(errno, "map memory for a zygote");
        note_ = static_cast<volatile Note*>(memory);
        return {};
    }

    int give_up(const LoadFailure& failure) {
        send_report(channel_, ZygoteReport(ZygoteSays::not_loaded, 0, failure.code, failure.why));
        return kNotLoaded;
    }

    void carry_out(ReceivedOrder& received) {
        note_->worker = 0;
        note_->error = 0;
        std::fflush(nullptr);  // else it would be written once more by each worker
        keep_ended_children();
        const pid_t between = ::fork();
        if (between == 0) fork_worker(received);
        if (between < 0) note_->error = errno;
        // Bounded: it forks and ends. Once it is gone the worker is the master's.
        while (between > 0 && ::waitpid(between, nullptr, 0) < 0 && errno == EINTR) {}
        const std::uint64_t number = received.order.number;
        if (note_->worker > 0) {
            send_report(channel_, ZygoteReport(ZygoteSays::forked, number, note_->worker));
            return;
        }
        const int error = note_->error;
        const std::string why = error != 0 ? Error::from_errno(error, "fork").message()
                                           : "fork: the process between zygote and worker was ended";
        send_report(channel_, ZygoteReport(ZygoteSays::not_forked, number, 0, why));
    }

    [[noreturn]] void fork_worker(ReceivedOrder& received) {
        const pid_t worker = ::fork();
        if (worker == 0) be_worker(received.order);
        if (worker < 0) note_->error = errno;
        if (worker > 0) note_->worker = worker;
        ::_exit(kLeft);
    }

    [[noreturn]] void be_worker(const ZygoteOrder& order) {
        ::close(channel_);
        if (!receive_go_blocking(order.channel_fd)) ::_exit(kLeft);
        ::munmap(const_cast<Note*>(note_), sizeof(Note));
        WorkerPlace place = life_.place;
        place.listeners = order.listeners;
        place.channel_fd = order.channel_fd;
        place.slot = order.slot;
        place.generation = order.generation;
        place.error_log_fd = order.error_log_fd;
        place.access_log_fd = order.access_log_fd;
        place.root_fd = -1;  // it is in there
        life_.child.cpu = order.cpu;
        auto settled = life_.take_line(place.slot);
        if (settled) settled = settle_worker(life_.child, place, master_);
        live_and_exit(settled, place, [&](const WorkerPlace& own) { return life_.work(own, order.log_level); });
    }

    ZygoteLife life_;
    int channel_;
    pid_t master_;
    volatile Note* note_ = nullptr;
};

}  // namespace

Result<void> adopt_orphans() {
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return Error::from_errno(errno, "adopt the workers of a zygote");
    return {};
}

Result<SpawnedZygote> spawn_zygote(Os& os, const std::function<ZygoteLife()>& leave_master) {
    auto channel = make_zygote_pair();
    if (!channel) return channel.error();
    if (auto adopted = adopt_orphans(); !adopted) return adopted.error();
    std::fflush(nullptr);  // else the child would write the master's buffered output once more
    const pid_t master = ::getpid();
    auto child = os.fork_child();
    if (!child) return child.error();
    if (child->pid == 0) {
        channel->first.reset();
        Zygote zygote(leave_master(), channel->second.get(), master);
        const int code = zygote.live();
        std::fflush(nullptr);
        ::_exit(code);
    }
    return SpawnedZygote(std::move(*child), std::move(channel->first));
}

}  // namespace girin
