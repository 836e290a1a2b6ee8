// Descriptor over Asio's public interface: the fallback of descriptor_reactor.cpp, for an Asio whose inside is not
// known. Slower, and a new connection wakes every process that waits for it.

#include "girin/asio/namespace.hpp"
#include "girin/net/descriptor.hpp"

#include "girin/asio/inside.hpp"

#if !GIRIN_ASIO_INSIDE

#include <poll.h>

#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <optional>

#include "girin/asio/loop_executor.hpp"
#include "girin/base/check.hpp"
#include "girin/loop/asio_loop.hpp"

namespace girin {

struct Descriptor::Impl final : LoopResident {
    /// Comes back when the wait is over, also when it is dropped uncalled with its io_context.
    class Handler {
      public:
        using executor_type = LoopExecutor;

        Handler(Impl& owner, Direction direction) : loop_(&owner.loop), owner_(&owner), direction_(direction) {}
        Handler(Handler&& other) noexcept
            : loop_(other.loop_), owner_(std::exchange(other.owner_, nullptr)), direction_(other.direction_) {}
        ~Handler() {
            if (owner_ != nullptr) owner_->on_dropped(direction_);
        }
        executor_type get_executor() const noexcept { return LoopExecutor(*loop_); }
        void operator()(const boost::system::error_code&) { std::exchange(owner_, nullptr)->on_ready(direction_); }

      private:
        EventLoop* loop_;
        Impl* owner_;
        Direction direction_;
    };

    struct Side {
        IoOp* op = nullptr;
        bool pending = false;    // an async_wait of ours stands in Asio
        bool cancelled = false;
    };

    Impl(AsioLoop& l, UniqueFd f, Kind k, OpenedMark when)
        : LoopResident(l), loop(l), opened(when), kind(k), descriptor(std::in_place, l.io_context().get_executor(), f.get()) {
        f.release();
    }

    /// The descriptor itself stays open.
    void on_loop_gone() noexcept override {
        armed = false;
        if (loop.is_ours()) kept.reset(descriptor->release());
        if (loop.is_ours()) descriptor.reset();
    }

    void close() noexcept {
        armed = false;
        if (!descriptor) return kept.reset();
        // A forked child shares the epoll set with its parent, whose descriptor would go off it.
        if (!loop.is_ours()) return (void)::close(descriptor->native_handle());
        UniqueFd taken(descriptor->release());  // takes it off the epoll set, as closing would not
    }

    int fd() { return descriptor ? descriptor->native_handle() : kept.get(); }

    Side& side(Direction direction) { return direction == Direction::read ? read : write; }

    Readiness readiness() {
        pollfd about{descriptor->native_handle(), POLLIN | POLLRDHUP, 0};
        ::poll(&about, 1, 0);
        Readiness now;
        now.event = about.revents != 0;
        now.peer_finished = (about.revents & POLLRDHUP) != 0;
        now.hung_up = (about.revents & (POLLERR | POLLHUP)) != 0;
        return now;
    }

    void wait(Direction direction) {
        using Wait = boost::asio::posix::stream_descriptor;
        GIRIN_CHECK(descriptor, "a descriptor that is waited on has not outlived its event loop");
        side(direction).pending = true;
        descriptor->async_wait(direction == Direction::read ? Wait::wait_read : Wait::wait_write,
                              Handler(*this, direction));
    }

    void on_ready(Direction direction) {
        Side& waiting = side(direction);
        waiting.pending = false;
        if (closed) return delete_if_idle();
        if (waiting.op == nullptr) return;
        const bool aborted = waiting.cancelled;
        if (kind == Kind::listener && !aborted) return look_for_connections();
        if (!aborted && waiting.op->perform(readiness()) == IoStatus::pending) return wait(direction);
        waiting.cancelled = false;
        std::exchange(waiting.op, nullptr)->complete(aborted);
    }

    void on_dropped(Direction direction) {
        side(direction).pending = false;
        if (closed) delete_if_idle();
    }

    /// Waits anew only in the next turn: by then the acceptor may have disarmed itself.
    void look_for_connections() {
        if (!armed) return;
        read.op->perform(readiness());
        if (!rewait.is_scheduled()) loop.schedule(rewait);
    }

    void delete_if_idle() {
        if (!read.pending && !write.pending) delete this;
    }

    class Rewait final : public Runnable {
      public:
        explicit Rewait(Impl& owner) : owner_(owner) {}
        void run() override {
            if (owner_.armed && !owner_.read.pending) owner_.wait(Direction::read);
        }

      private:
        Impl& owner_;
    };

    AsioLoop& loop;
    const ProcessCheck process;
    const OpenedMark opened;
    Kind kind;
    std::optional<boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>> descriptor;
    UniqueFd kept;  // once the loop is gone
    bool armed = false;
    bool closed = false;
    Side read;
    Side write;
    Rewait rewait{*this};
};

Descriptor::Descriptor(AsioLoop& loop, UniqueFd fd, Kind kind, OpenedMark opened)
    : impl_(new Impl(loop, std::move(fd), kind, opened)) {}

Descriptor::~Descriptor() {
    impl_->closed = true;
    impl_->read.op = impl_->write.op = nullptr;
    impl_->close();
    impl_->delete_if_idle();
}

int Descriptor::fd() const { return impl_->fd(); }
AsioLoop& Descriptor::loop() const { return impl_->loop; }
void Descriptor::check_process() const noexcept { impl_->process.check(); }
bool Descriptor::may_be_shared() const noexcept { return impl_->opened.may_be_shared(); }
bool Descriptor::is_pending(Direction direction) const { return impl_->side(direction).op != nullptr; }
bool Descriptor::is_armed() const { return impl_->armed; }

void Descriptor::start(Direction direction, IoOp& op) {
    Impl::Side& side = impl_->side(direction);
    GIRIN_CHECK(side.op == nullptr, "one operation a direction waits on a descriptor");
    side.op = &op;
    side.cancelled = false;
    if (!side.pending && impl_->kind == Kind::stream) impl_->wait(direction);
}

void Descriptor::cancel(Direction direction) {
    Impl::Side& side = impl_->side(direction);
    if (side.op == nullptr || !impl_->descriptor) return;
    side.cancelled = true;
    boost::system::error_code ignored;
    impl_->descriptor->cancel(ignored);  // wakes the other direction as well, which then waits on
}

void Descriptor::arm() {
    impl_->armed = true;
    if (!impl_->read.pending) impl_->wait(Direction::read);
}

void Descriptor::disarm() { impl_->armed = false; }

}  // namespace girin

#endif
