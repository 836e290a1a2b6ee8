#pragma once

// FakeExchange: a request and its answer without any socket, the second kind of exchange beside HTTP/1's. Input comes from a
// script, through the parser; the answer gathers in a FakeAnswer. Not here: loops (virtual_loop.hpp), what users say
// (testing.hpp).

#include <memory>
#include <vector>

#include "girin/loop/event_loop.hpp"
#include "girin/loop/task.hpp"
#include "girin/testing.hpp"
#include "worker/app/exchange.hpp"
#include "worker/app/handler_failure.hpp"
#include "worker/http/request_input.hpp"
#include "worker/http/response_head.hpp"
#include "worker/testing/virtual_loop.hpp"

namespace girin::testing {

class FakeExchange final : public Exchange {
  public:
    /// `script` is borrowed. `virtual_loop`: `loop`, where that is one; else null.
    FakeExchange(const detail::FakeScript& script, EventLoop& loop, VirtualLoop* virtual_loop, std::uint64_t number);
    ~FakeExchange() = default;

    /// The one request, to its end. Cancel: none; to be run as the loop's main coroutine.
    static Coro<FakeAnswer> perform(std::shared_ptr<FakeExchange> self, Application* application);

    // --- for Request and Response

    Coro<std::string_view> read_body() override;
    std::optional<std::uint64_t> body_bytes_left() const override { return input_.body_bytes_left(); }
    std::string_view peer() override { return script_.peer; }
    std::optional<UnixPeer> unix_peer() const override { return std::nullopt; }
    const Origin& origin() override { return origin_; }
    const WorkerInfo& worker() const override { return script_.worker; }
    void extend_deadline(Duration from_now) override;
    bool is_draining() const override { return draining_->load(std::memory_order_relaxed); }
    std::shared_ptr<const std::atomic<bool>> draining_flag() const override { return draining_; }
    Coro<void> write(std::string_view piece) override;
    Coro<void> flush() override;

  private:
    struct Arrival {
        std::string bytes;
        TimePoint when;
    };
    class Sending;

    void hold_body(BodyShare&, std::size_t) override {}

    // what is asked
    std::string compose_head() const;
    void plan_arrivals();
    void feed(std::string_view bytes);
    ParseError read_head();
    Coro<void> receive();

    // the handler
    static Coro<void> attend(std::shared_ptr<FakeExchange> self, Application* application);
    void arm(const std::optional<Duration>& after, Ending ending);
    void drain();
    void end_by(Ending ending);
    void handler_ended(const std::exception_ptr& failure);
    bool is_gone() const { return ending_ == Ending::client_gone; }

    // the answer
    ResponseContext response_context() const;
    Result<void> begin(std::optional<std::uint64_t> body_bytes);
    void take_head(std::string_view bytes);
    Result<void> answer_whole();
    void answer_plain(int status, std::string_view detail);
    Result<void> end_stream();
    void conclude(const std::exception_ptr& failure);
    void conclude_failed(const HandlerFailure& outcome);
    void break_off(const std::string& fault);
    void require_open() const;
    bool takes_more() const;
    void take();
    void complete();
    void take_rest();
    Coro<void> send_all(bool lies_with_caller);
    Coro<void> give_way();

    const detail::FakeScript& script_;
    EventLoop& loop_;
    VirtualLoop* virtual_loop_;
    const TimePoint began_at_;

    Limits limits_;
    RequestInput input_{limits_};
    std::vector<Arrival> arrivals_;
    std::size_t next_arrival_ = 0;
    Origin origin_;

    TaskBase* task_ = nullptr;  // the handler's, while it runs
    Future<void> handled_;
    Ending ending_ = Ending::none;
    std::shared_ptr<std::atomic<bool>> draining_ = std::make_shared<std::atomic<bool>>(false);
    std::vector<Handle> timers_;
    Handle deadline_;

    ResponsePlan plan_;
    std::uint64_t body_bytes_ = 0;
    std::string gathered_;
    Handle end_of_turn_;
    bool is_sending_ = false;
    bool is_cut_off_ = false;
    bool leaves_soon_ = false;  // at the end of this turn
    unsigned writes_ = 0;
    FakeAnswer result_;
};

}  // namespace girin::testing
