#include "loop/signals.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <system_error>

#include "loop/asio/loop_executor.hpp"
#include "loop/asio_loop.hpp"

namespace girin {

struct SignalWatch::Impl {
    Impl(AsioLoop& l, int signal_number, std::function<void()> c)
        : loop(l), signals(l.io_context()), callback(std::move(c)) {
        boost::system::error_code error;
        signals.add(signal_number, error);
        if (error) throw std::system_error(error.value(), std::generic_category(), "watch a signal");
    }
    ~Impl() { *alive = false; }

    void wait() {
        // A signal may have come, and its handler stand on Asio's queue, when the watch is destroyed: cancelling is
        // too late then.
        auto handler = [this, still_alive = alive](const boost::system::error_code& error, int) {
            if (error || !*still_alive) return;
            loop.call_soon([call = callback, still_alive] {
                if (*still_alive) call();
            });
            wait();
        };
        signals.async_wait(boost::asio::bind_executor(LoopExecutor(loop), std::move(handler)));
    }

    AsioLoop& loop;
    boost::asio::signal_set signals;
    std::function<void()> callback;
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

SignalWatch::SignalWatch(AsioLoop& loop, int signal_number, std::function<void()> callback)
    : impl_(std::make_unique<Impl>(loop, signal_number, std::move(callback))) {
    impl_->wait();
}
SignalWatch::SignalWatch(SignalWatch&&) noexcept = default;
SignalWatch::~SignalWatch() = default;

}  // namespace girin
