// An application whose Asio objects live on girin's loop.

#include <girin/app.hpp>
#include <girin/asio.hpp>

#include <boost/asio.hpp>
#include <string>

namespace {

namespace asio = boost::asio;
using girin::use_loop;

girin::Coro<void> handle(girin::Request&, girin::Response& response) {
    asio::io_context& context = static_cast<girin::AsioLoop&>(girin::EventLoop::running()).io_context();
    asio::steady_timer timer(context, std::chrono::microseconds(10));
    co_await timer.async_wait(use_loop);
    asio::local::stream_protocol::socket left(context), right(context);
    asio::local::connect_pair(left, right);
    co_await asio::async_write(left, asio::buffer("hello", 5), use_loop);
    std::string heard(5, ' ');
    const std::size_t bytes = co_await asio::async_read(right, asio::buffer(heard), use_loop);
    response.body(heard.substr(0, bytes) + " by girin's loop\n");
}

}  // namespace

GIRIN_HANDLER(app, handle)
