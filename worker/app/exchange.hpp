#pragma once

// Exchange: one request and its answer, whatever carries them. Request and Response are its faces. HTTP/1 on a connection
// is one kind (serving/http1_exchange.hpp), a request without any socket another (testing/fake_exchange.hpp). Not here: framing,
// sockets, time.
//
// What every request needs is plain state here, which the faces read and write without asking the kind: an answer by
// body() costs no virtual call. Virtual is what waits, or is rarely asked.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "girin/app/request.hpp"
#include "girin/app/response.hpp"
#include "girin/loop/coro.hpp"
#include "girin/loop/future.hpp"
#include "worker/app/answer.hpp"
#include "worker/app/body_budget.hpp"
#include "worker/http/forwarded.hpp"
#include "worker/http/request_head.hpp"

namespace girin {

/// Why a handler is asked to stop, each once; a later one outdoes those before it.
enum class Ending : std::uint8_t { none, request_late, client_gone, worker_ends };

class Exchange {
  public:
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    Request& request() { return request_; }
    Response& response() { return response_; }

    // --- what is asked

    /// Valid until the handler has ended, as the faces say of their views.
    const RequestHead& head() const { return *head_; }
    /// Among all of the worker's.
    std::uint64_t number() const { return number_; }
    std::string_view path() { return decode_path(head().target, path_storage_); }
    const FieldList& trailers() const { return trailers_; }
    /// The next piece of the body; empty at its end. Errors and cancel: as Request::read().
    virtual Coro<std::string_view> read_body() = 0;
    /// How much is still to come, where it was announced.
    virtual std::optional<std::uint64_t> body_bytes_left() const = 0;
    /// Room in `whole` for so many bytes more. Errors: BodyError(503).
    void make_room_in(std::string& whole, std::size_t more_bytes, std::size_t max_bytes);
    /// Errors: BodyError(413).
    static void require_body_within(std::uint64_t bytes, std::size_t max_bytes);

    // --- who asks, and whom

    virtual std::string_view peer() = 0;
    virtual std::optional<UnixPeer> unix_peer() const = 0;
    virtual const Origin& origin() = 0;
    virtual const WorkerInfo& worker() const = 0;

    // --- how long it may take

    virtual void extend_deadline(Duration from_now) = 0;
    virtual bool is_draining() const = 0;
    /// The same, for other threads and beyond the exchange's life.
    virtual std::shared_ptr<const std::atomic<bool>> draining_flag() const = 0;
    /// As Request::draining().
    Future<void> draining();

    // --- the answer

    Answer& answer() { return answer_; }
    const Answer& answer() const { return answer_; }
    /// As Response's.
    virtual Coro<void> write(std::string_view piece) = 0;
    virtual Coro<void> flush() = 0;

    /// What the request's body has of the budget, for a handler that outlives the exchange.
    BodyShare take_body_share() { return std::move(body_share_); }

  protected:
    Exchange() = default;
    ~Exchange() = default;

    /// To be called by the kind's constructor.
    void show(const RequestHead& head) { head_ = &head; }
    void set_number(std::uint64_t number) { number_ = number; }
    void set_trailers(const FieldList& trailers) { trailers_ = trailers; }
    /// The worker drains.
    void tell_draining() {
        if (draining_ && !draining_.done()) draining_.set_result();
    }
    /// The handler has ended: what it held of the worker's is given back.
    void end_request() {
        if (!body_share_.is_empty()) body_share_.reset();
        if (draining_) forget_draining();
    }

    /// So much more of the body is to be held whole. Errors: BodyError(503), where there is no room for it.
    virtual void hold_body(BodyShare& share, std::size_t more_bytes) = 0;

  private:
    void forget_draining();

    const RequestHead* head_ = nullptr;
    Request request_{*this};
    Response response_{*this};
    std::uint64_t number_ = 0;  // 0: no request has begun
    FieldList trailers_;
    std::string path_storage_;
    BodyShare body_share_;
    Future<void> draining_;  // none until somebody has asked
    Answer answer_;
};

}  // namespace girin
