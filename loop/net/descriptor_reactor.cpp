// Descriptor on Asio's own reactor operations: no allocation, no handler, one queue. The fast one;
// descriptor_public.cpp is the same over Asio's public interface.

#include "girin/asio/namespace.hpp"
#include "girin/net/descriptor.hpp"

#include "girin/asio/inside.hpp"

#if GIRIN_ASIO_INSIDE

#include <sys/epoll.h>

#include <boost/asio/detail/reactor_op.hpp>
#include <boost/asio/error.hpp>
#include <system_error>

#include "girin/base/check.hpp"
#include "girin/loop/asio_loop.hpp"
#include "loop/asio/internals.hpp"

namespace girin {

using asio_internals::Reactor;

struct Descriptor::Impl final : LoopResident {
    class Adapter final : public boost::asio::detail::reactor_op {
      public:
        Adapter(Impl& owner) : reactor_op({}, &Adapter::do_perform, &Adapter::do_complete), owner_(owner) {
            cancellation_key_ = this;
        }
        IoOp* op = nullptr;
        bool pending = false;

      private:
        static status do_perform(reactor_op* base) {
            auto& self = static_cast<Adapter&>(*base);
            if (self.op == nullptr) return done;
            switch (self.op->perform(self.owner_.readiness())) {
                case IoStatus::pending: return not_done;
                case IoStatus::done: return done;
                case IoStatus::drained: return done_and_exhausted;
            }
            return done;
        }
        static void do_complete(void* owner, boost::asio::detail::operation* base,
                                const boost::system::error_code&, std::size_t) {
            auto& self = static_cast<Adapter&>(*base);
            const bool aborted = static_cast<bool>(self.ec_);  // cancelled, or epoll refused to watch: it has not performed
            self.ec_ = {};
            self.pending = false;
            IoOp* const op = std::exchange(self.op, nullptr);
            if (self.owner_.closed) {
                self.owner_.delete_if_idle();
            } else if (owner != nullptr && op != nullptr) {
                op->complete(aborted);
            }
        }

        Impl& owner_;
    };

    Impl(AsioLoop& l, UniqueFd f, Kind k, OpenedMark when)
        : LoopResident(l), loop(l), reactor(&asio_internals::reactor_of(l.io_context())), fd(std::move(f)), opened(when), kind(k) {
        reactor->init_task();
        if (const int error = reactor->register_descriptor(fd.get(), data); error != 0) {
            reactor->cleanup_descriptor_data(data);
            throw std::system_error(error, std::generic_category(), "watch descriptor");
        }
        if (kind == Kind::listener) control(EPOLL_CTL_DEL, 0);
        asio_internals::begin_events(data, EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP | EPOLLET);
    }

    void on_loop_gone() noexcept override { leave_reactor(); }

    void leave_reactor() noexcept {
        if (reactor == nullptr) return;
        // A forked child shares the epoll set with its parent, whose descriptor would go off it. A listener of ours is on
        // it only while it is armed. What nobody else holds goes off it when it is closed.
        const bool is_ours = loop.is_ours();
        if (is_ours && kind == Kind::listener && watched) control(EPOLL_CTL_DEL, 0);
        watched = false;
        const bool stays_on = is_ours && kind == Kind::stream && opened.may_be_shared();
        reactor->deregister_descriptor(fd.get(), data, !stays_on);
        reactor->cleanup_descriptor_data(data);
        reactor = nullptr;
    }

    Reactor& living_reactor() const {
        GIRIN_CHECK(reactor != nullptr, "a descriptor that is waited on has not outlived its event loop");
        return *reactor;
    }

    void control(int what, std::uint32_t events) {
        epoll_event event{};
        event.events = events;
        event.data.ptr = data;
        ::epoll_ctl(asio_internals::epoll_fd(loop.io_context()), what, fd.get(), &event);
    }

    /// That the peer has finished or gone stays true, and each later wake-up tells it again. So the last one's
    /// events count also for an operation that starts after it: there may be no further wake-up.
    Readiness readiness() const {
        const std::uint32_t events = asio_internals::last_events(data);
        Readiness now;
        now.event = !starting;
        now.peer_finished = (events & EPOLLRDHUP) != 0;
        now.hung_up = (events & (EPOLLERR | EPOLLHUP)) != 0;
        return now;
    }

    Adapter& adapter(Direction direction) {
        if (direction == Direction::read) return read;
        if (!write) write = std::make_unique<Adapter>(*this);
        return *write;
    }
    bool is_pending(Direction direction) const {
        return direction == Direction::read ? read.pending : write && write->pending;
    }

    void delete_if_idle() {
        if (!is_pending(Direction::read) && !is_pending(Direction::write)) delete this;
    }

    AsioLoop& loop;
    Reactor* reactor;  // null once the loop is gone
    Reactor::per_descriptor_data data = nullptr;
    UniqueFd fd;
    const ProcessCheck process;
    const OpenedMark opened;
    Kind kind;
    bool watched = false;  // for all events of ours: a listener while it is armed, a stream since its first wait
    bool closed = false;
    bool starting = false;
    Adapter read{*this};
    std::unique_ptr<Adapter> write;  // made when a write first has to wait, which most connections never see
};

Descriptor::Descriptor(AsioLoop& loop, UniqueFd fd, Kind kind, OpenedMark opened)
    : impl_(new Impl(loop, std::move(fd), kind, opened)) {}

Descriptor::~Descriptor() {
    impl_->read.op = nullptr;
    if (impl_->write) impl_->write->op = nullptr;
    impl_->closed = true;
    impl_->leave_reactor();
    impl_->fd.reset();
    impl_->delete_if_idle();
}

int Descriptor::fd() const { return impl_->fd.get(); }
AsioLoop& Descriptor::loop() const { return impl_->loop; }
void Descriptor::check_process() const noexcept { impl_->process.check(); }
bool Descriptor::may_be_shared() const noexcept { return impl_->opened.may_be_shared(); }
bool Descriptor::is_pending(Direction direction) const { return impl_->is_pending(direction); }
bool Descriptor::is_armed() const { return impl_->watched; }

void Descriptor::start(Direction direction, IoOp& op) {
    Impl::Adapter& adapter = impl_->adapter(direction);
    GIRIN_CHECK(!adapter.pending, "one operation a direction waits on a descriptor");
    adapter.op = &op;
    adapter.pending = true;
    const int type = direction == Direction::read ? Reactor::read_op : Reactor::write_op;
    // A stream's first wait tells the kernel what to watch for, and has it look. Before that nothing is told: most
    // short connections never wait. An operation of a later wait is tried at once, for news that came in between.
    const bool try_at_once = impl_->kind == Kind::listener || std::exchange(impl_->watched, true);
    impl_->starting = true;
    impl_->living_reactor().start_op(type, impl_->fd.get(), impl_->data, &adapter, false, try_at_once);
    impl_->starting = false;
}

void Descriptor::cancel(Direction direction) {
    if (!impl_->is_pending(direction) || impl_->reactor == nullptr) return;
    Impl::Adapter& adapter = impl_->adapter(direction);
    const int type = direction == Direction::read ? Reactor::read_op : Reactor::write_op;
    impl_->reactor->cancel_ops_by_key(impl_->fd.get(), impl_->data, type, &adapter);
}

void Descriptor::arm() {
    impl_->living_reactor();
    if (impl_->watched) disarm();
    impl_->control(EPOLL_CTL_ADD, EPOLLIN | EPOLLEXCLUSIVE);
    impl_->watched = true;
}

void Descriptor::disarm() {
    if (!std::exchange(impl_->watched, false)) return;
    impl_->control(EPOLL_CTL_DEL, 0);
}

}  // namespace girin

#endif
