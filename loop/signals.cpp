#include "girin/asio/namespace.hpp"
#include "girin/loop/signals.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "girin/loop/asio_loop.hpp"
#include "girin/net/descriptor.hpp"

namespace girin {
namespace {

// The eventfds that a signal rings. Our own rather than Asio's signal_set, whose pipe is one for the process, and its
// children: a signal to a forked child would be told to the parent.
class Bells {
  public:
    /// False: as many stand as may.
    bool add(int bell) noexcept {
        for (std::atomic<int>& place : bells_) {
            int free = kNone;
            if (place.compare_exchange_strong(free, bell)) return true;
        }
        return false;
    }
    void remove(int bell) noexcept {
        for (std::atomic<int>& place : bells_) {
            int expected = bell;
            if (place.compare_exchange_strong(expected, kNone)) return;
        }
    }
    bool empty() const noexcept {
        for (const std::atomic<int>& place : bells_) {
            if (place != kNone) return false;
        }
        return true;
    }
    void clear() noexcept {
        for (std::atomic<int>& place : bells_) place = kNone;
    }
    /// In a signal handler.
    void ring() const noexcept {
        constexpr std::uint64_t kOnce = 1;
        for (const std::atomic<int>& place : bells_) {
            const int bell = place;
            if (bell != kNone && ::write(bell, &kOnce, sizeof kOnce) < 0) continue;  // full: it is heard all the same
        }
    }

  private:
    static constexpr int kNone = -1;
    std::array<std::atomic<int>, SignalWatch::kMostPerSignal> bells_ = {-1, -1, -1, -1, -1, -1, -1, -1};
};

std::array<Bells, NSIG> g_bells;

void on_signal(int signal_number) {
    const int errno_before = errno;
    g_bells[static_cast<std::size_t>(signal_number)].ring();
    errno = errno_before;
}

void set_action(int signal_number, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    ::sigfillset(&action.sa_mask);
    if (::sigaction(signal_number, &action, nullptr) == 0) return;
    throw std::system_error(errno, std::generic_category(), "watch signal " + std::to_string(signal_number));
}

UniqueFd make_bell() {
    UniqueFd bell(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!bell) throw std::system_error(errno, std::generic_category(), "create eventfd");
    return bell;
}

}  // namespace

void detail::forget_signal_watches() noexcept {
    for (int signal_number = 1; signal_number < NSIG; ++signal_number) {
        Bells& bells = g_bells[static_cast<std::size_t>(signal_number)];
        if (bells.empty()) continue;
        std::signal(signal_number, SIG_DFL);
        bells.clear();
    }
}

struct SignalWatch::Impl final : private IoOp {
    Impl(AsioLoop& loop, int number, std::function<void()> c)
        : descriptor(loop, make_bell()), signal_number(number), callback(std::move(c)) {
        if (number <= 0 || number >= NSIG) throw std::system_error(EINVAL, std::generic_category(), "watch a signal");
        if (!bells().add(descriptor.fd())) throw std::system_error(ENOSPC, std::generic_category(), "watch a signal");
        try {
            set_action(number, &on_signal);
        } catch (...) {
            bells().remove(descriptor.fd());
            throw;
        }
        descriptor.start(Direction::read, *this);
    }
    ~Impl() {
        if (!process.is_ours()) return;  // a forked child, where nothing is watched
        told.cancel();
        bells().remove(descriptor.fd());
        if (bells().empty()) std::signal(signal_number, SIG_DFL);
    }

    Bells& bells() const { return g_bells[static_cast<std::size_t>(signal_number)]; }

    IoStatus perform(Readiness readiness) noexcept override {
        return readiness.event ? IoStatus::done : IoStatus::pending;
    }
    void complete(bool aborted) noexcept override {
        if (aborted) return;
        descriptor.start(Direction::read, *this);  // before reading, so that what comes in between wakes us again
        eventfd_t rung;
        if (::eventfd_read(descriptor.fd(), &rung) != 0) return;
        told.cancel();
        told = descriptor.loop().call_soon([this] {
            const std::function<void()> call = callback;  // it may destroy the watch
            call();
        });
    }

    const ProcessCheck process;
    Descriptor descriptor;
    int signal_number;
    std::function<void()> callback;
    Handle told;
};

SignalWatch::SignalWatch(AsioLoop& loop, int signal_number, std::function<void()> callback)
    : impl_(std::make_unique<Impl>(loop, signal_number, std::move(callback))) {}
SignalWatch::SignalWatch(SignalWatch&&) noexcept = default;
SignalWatch::~SignalWatch() = default;

}  // namespace girin
