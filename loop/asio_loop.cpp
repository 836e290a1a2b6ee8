#include "loop/asio_loop.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "loop/asio/internals.hpp"
#include "loop/executor.hpp"

namespace girin {
namespace {

// Asio operations handled before the loop's own callbacks get their turn.
constexpr int kPollBudget = 1024;

}  // namespace

struct AsioLoop::Impl {
    boost::asio::io_context context{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};

    /// Handles what is queued, without asking the kernel again where that can be known.
    void drain() {
        for (int budget = kPollBudget; budget > 0; --budget) {
#if GIRIN_ASIO_INTERNALS
            if (!asio_internals::has_queued(context)) return;
#endif
            if (context.poll_one() == 0) return;
        }
    }
};

AsioLoop::AsioLoop() : impl_(std::make_unique<Impl>()) {}

AsioLoop::~AsioLoop() { close_from_destructor(); }

boost::asio::io_context& AsioLoop::io_context() noexcept { return impl_->context; }

void AsioLoop::select(std::optional<TimePoint> until) {
    if (!until) {
        impl_->context.run_one();
    } else if (*until > time()) {
        impl_->context.run_one_until(*until);
    } else {
        impl_->context.poll_one();
    }
    impl_->drain();
}

void AsioLoop::wake_up() noexcept { boost::asio::post(impl_->context, [] {}); }

}  // namespace girin
