#pragma once

// The one place that reaches into Asio's private parts: what it takes to hand its reactor to a foreign loop, and to
// stop polling when nothing is queued. Members are reached by explicit instantiation, where access is not checked
// ([temp.spec.general]/6). Guarded by version (inside.hpp); without GIRIN_ASIO_INSIDE nothing here is used, and the public
// API serves.

#include "girin/asio/inside.hpp"

#include "girin/asio/namespace.hpp"

#include <boost/asio/detail/epoll_reactor.hpp>
#include <boost/asio/detail/scheduler.hpp>
#include <boost/asio/io_context.hpp>

#if GIRIN_ASIO_INSIDE

namespace girin::asio_internals {

using Operation = boost::asio::detail::scheduler_operation;
using OperationQueue = boost::asio::detail::op_queue<Operation>;
using Reactor = boost::asio::detail::epoll_reactor;
using Scheduler = boost::asio::detail::scheduler;

inline Scheduler& scheduler_of(boost::asio::io_context& context) {
    return boost::asio::use_service<Scheduler>(context);
}
inline Reactor& reactor_of(boost::asio::io_context& context) {
    return boost::asio::use_service<Reactor>(context);
}

/// Something stands on Asio's queue besides the reactor itself.
bool has_queued(boost::asio::io_context& context);
/// As if a thread waited in the reactor: from now on a post from anywhere makes epoll_fd() readable. False:
/// something is queued already; poll again before sleeping.
bool arm_for_foreign_wait(boost::asio::io_context& context);
int epoll_fd(boost::asio::io_context& context);
/// The kernel's last word on this descriptor: the events of the wake-up that is being handled, or was last.
std::uint32_t last_events(const Reactor::per_descriptor_data& descriptor);
/// To be called once after the descriptor was registered, with the events that it is watched for by now: Asio
/// recycles its descriptor states, and registers these events again when it adds writability.
void begin_events(const Reactor::per_descriptor_data& descriptor, std::uint32_t watched);

}  // namespace girin::asio_internals

#endif
