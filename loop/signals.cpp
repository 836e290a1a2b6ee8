#include "loop/signals.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "loop/asio_loop.hpp"
#include "loop/executor.hpp"

namespace girin {

struct SignalWatch::Impl {
    Impl(AsioLoop& l, int signal_number, std::function<void()> c)
        : loop(l), signals(l.io_context(), signal_number), callback(std::move(c)) {}

    void wait() {
        signals.async_wait([this](const boost::system::error_code& error, int) {
            if (error) return;
            loop.call_soon(callback);
            wait();
        });
    }

    AsioLoop& loop;
    boost::asio::signal_set signals;
    std::function<void()> callback;
};

SignalWatch::SignalWatch(AsioLoop& loop, int signal_number, std::function<void()> callback)
    : impl_(std::make_unique<Impl>(loop, signal_number, std::move(callback))) {
    impl_->wait();
}
SignalWatch::SignalWatch(SignalWatch&&) noexcept = default;
SignalWatch::~SignalWatch() = default;

}  // namespace girin
