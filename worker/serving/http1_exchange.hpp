#pragma once

// Http1Exchange: one request and its answer on an HTTP/1 connection, of three parts with one job each: RequestInput has the
// bytes that came and what the parser makes of them, AnswerWriter those that go; here is the request in hand, and the rules
// that hold between both. A connection holds one only while bytes are in hand, so that idle connections cost little; a pool
// hands them round, and a steady worker allocates none. Not here: when to read, send and close (connection.hpp).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "girin/base/clock.hpp"
#include "girin/loop/task.hpp"
#include "girin/net/address.hpp"
#include "worker/app/exchange.hpp"
#include "worker/http/request_input.hpp"
#include "worker/serving/answer_writer.hpp"
#include "worker/serving/request_deadline.hpp"

namespace girin {

class ServingContext;

class Http1Exchange final : public Exchange, private TaskObserver {
  public:
    /// What it asks of its connection. Only what waits, or is rare: a request that is answered at once needs none of it.
    class Carrier {
      public:
        /// Waits for more of the body. Errors: BodyError(408). Raises Cancelled when the client is gone.
        virtual Coro<void> receive_body() = 0;
        /// Sends what waits in output(), all of it. One at a time; is_sending() tells whether one waits.
        /// Raises Cancelled when the client is gone.
        /// Cancel: what was not sent of out() goes out later; of large_body(), nothing more: the answer is cut off.
        virtual Coro<void> send_all() = 0;
        virtual bool is_sending() const = 0;
        /// Lets what waits go out with whatever else is written in this turn; waits only when too much has gathered.
        virtual Coro<void> send_soon() = 0;
        /// For who has written for long without waiting: others get their turn, for `pause` at least. Raises Cancelled when
        /// the client is gone.
        virtual Coro<void> give_way(Duration pause) = 0;
        /// Nobody waits for the answer any more.
        virtual bool is_given_up() const = 0;
        /// The request in hand has had its time.
        virtual void on_request_late() = 0;
        virtual int fd() const = 0;

      protected:
        ~Carrier() = default;
    };

    explicit Http1Exchange(const Limits& limits) : input_(limits) { show(input_.head()); }

    // --- for the pool and the connection

    /// All three outlive its use.
    void attach(Carrier& carrier, ServingContext& context, const Address& peer) {
        carrier_ = &carrier;
        context_ = &context;
        peer_ = &peer;
    }
    /// Ready for the pool, and for any other connection: nothing of this one's is left, neither bytes nor what looks
    /// into them.
    void clear();
    RequestInput& input() { return input_; }
    const RequestInput& input() const { return input_; }
    AnswerWriter& output() { return output_; }
    const AnswerWriter& output() const { return output_; }
    /// Nothing is in hand: no byte of a request, none to be sent. Empty lines are none.
    bool is_idle() const { return input_.is_idle() && output_.out().empty(); }
    /// Nor has an empty line been counted, of which only so many may come: it may go back to the pool.
    bool is_untouched() const { return input_.is_untouched() && output_.out().empty(); }

    // --- one request

    /// After RequestEvent::head. `number` is the request's among all of the worker.
    void begin(std::uint64_t number, TimePoint now, bool may_keep_alive);
    /// After RequestEvent::error, or when the head's time is over: there is no more of this request than head() knows,
    /// which may be nothing at all.
    void begin_refused(std::uint64_t number, TimePoint now);
    /// For the master, should the handler never end; see observer().
    void note();
    /// Of the task that the handler runs in, once it has waited: it is noted while it runs.
    TaskObserver& observer() { return *this; }
    TimePoint began_at() const { return began_at_; }
    RequestDeadline& deadline() { return deadline_; }
    void on_request_late() { carrier_->on_request_late(); }
    void on_draining() { tell_draining(); }
    /// The handler has ended.
    void end() { end_request(); }

    /// How long its client was waited for: what a minimum rate is judged by.
    void begin_body_wait(TimePoint now) { body_wait_began_ = now; }
    void end_body_wait(TimePoint now) {
        body_waited_ = body_wait(now);
        body_wait_began_ = TimePoint::max();
    }
    Duration body_wait(TimePoint now) const {
        return body_wait_began_ == TimePoint::max() ? body_waited_ : body_waited_ + (now - body_wait_began_);
    }
    /// The next piece, end or error of the body. After `end` the request's bytes are all consumed.
    RequestEvent next_body_event();

    // --- the answer

    bool keeps_alive() const { return output_.keeps_alive() && !must_close_; }
    void must_close() { must_close_ = true; }
    /// The client takes the end of the connection for the answer's.
    bool ends_with_connection() const { return answer().head_is_sent() && output_.ends_with_connection(); }
    /// Something of it has gone, or can't go any more: no other may take its place.
    bool is_begun() const { return answer().head_is_sent() || output_.is_cut_off(); }
    /// The handler has returned: what is missing of the answer goes to output(). Errors: what the application did wrong;
    /// if the head wasn't sent the answer is to be replaced by answer_plain(), else the connection closed.
    Result<void> finish();
    /// An answer of the server's own, in the place of whatever the application had begun.
    void answer_plain(int status, std::string_view detail);
    /// The same, as the application has thrown it. Errors: what it did wrong; then nothing is answered yet.
    Result<void> answer_thrown(const HttpError& error);

    // --- for Request and Response

    Coro<std::string_view> read_body() override;
    std::optional<std::uint64_t> body_bytes_left() const override { return input_.body_bytes_left(); }
    std::string_view peer() override;
    std::optional<UnixPeer> unix_peer() const override;
    const Origin& origin() override;
    const WorkerInfo& worker() const override;
    void extend_deadline(Duration from_now) override;
    bool is_draining() const override;
    std::shared_ptr<const std::atomic<bool>> draining_flag() const override;
    Coro<void> write(std::string_view piece) override;
    Coro<void> flush() override;

  private:
    // So many writes that send nothing are free; an answer that goes on and on is slowed down then.
    static constexpr std::uint32_t kFreeUnsentWrites = 1024;

    void task_runs() noexcept override { note(); }
    void task_waits() noexcept override;
    void hold_body(BodyShare& share, std::size_t more_bytes) override;
    void forget_request();
    void begin_common(std::uint64_t number, TimePoint now);
    ResponseContext response_context() const;
    bool is_usual() const;
    void judge_unanswered_continue();
    void judge_unread_body();
    Coro<void> skip_write();
    void require_open_answer() const;

    Carrier* carrier_ = nullptr;
    ServingContext* context_ = nullptr;
    const Address* peer_ = nullptr;
    RequestInput input_;
    AnswerWriter output_;

    TimePoint began_at_{};
    RequestDeadline deadline_{*this};
    std::optional<TimePoint> extended_until_;  // the handler has said that it may take until then
    bool may_keep_alive_ = false;
    bool must_close_ = false;
    bool awaits_continue_ = false;
    std::uint32_t unsent_writes_ = 0;  // see skip_write()
    Duration body_waited_{};
    TimePoint body_wait_began_ = TimePoint::max();
    std::string peer_text_;
    std::string peer_host_;
    std::optional<Origin> origin_;
};

/// Exchanges that nobody holds. Keeps at most kKept; others are freed.
class ExchangePool {
  public:
    explicit ExchangePool(const Limits& limits) : limits_(limits) {}

    std::unique_ptr<Http1Exchange> take();
    void give_back(std::unique_ptr<Http1Exchange> exchange);

  private:
    static constexpr std::size_t kKept = 64;

    const Limits& limits_;
    std::vector<std::unique_ptr<Http1Exchange>> free_;
};

}  // namespace girin
