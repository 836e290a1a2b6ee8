// Code that uses an Asio of its own, of any version and with any option, and knows nothing of girin's.

#include "own_asio.hpp"

#include <functional>
#include <string>
#include <utility>  // Asio of Boost 1.74 forgets it

#include <boost/asio.hpp>
#ifdef BOOST_ASIO_SEPARATE_COMPILATION
#include <boost/asio/impl/src.hpp>
#endif

namespace asio = boost::asio;

int count_by_own_asio() {
    asio::io_context context;
    int ran = 0;
    // Posted from within a handler, whose memory Asio takes from what its thread keeps.
    std::function<void(int)> again = [&](int left) {
        ++ran;
        if (left > 0) asio::post(context, [&again, left] { again(left - 1); });
    };
    asio::post(context, [&] { again(20); });
    asio::steady_timer timer(context, std::chrono::microseconds(10));
    timer.async_wait([&](const boost::system::error_code&) { ++ran; });
    asio::local::stream_protocol::socket left(context), right(context);
    asio::local::connect_pair(left, right);
    std::string heard(5, ' ');
    asio::async_read(right, asio::buffer(heard), [&](const boost::system::error_code& error, std::size_t) {
        if (!error && heard == "hello") ++ran;
    });
    asio::async_write(left, asio::buffer("hello", 5), [&](const boost::system::error_code& error, std::size_t) {
        if (!error) ++ran;
    });
    context.run();
    return ran;
}
