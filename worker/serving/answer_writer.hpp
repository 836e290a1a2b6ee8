#pragma once

// AnswerWriter: answers as HTTP/1 frames them, and what of them waits to be sent. Makes no call to the system. Not here: what
// the application wants to answer (app/answer.hpp), when something is sent (connection.hpp).

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "worker/app/answer.hpp"
#include "worker/http/response_head.hpp"
#include "worker/http/usual_head.hpp"

namespace girin {

/// Answers of one connection come one after the other, and gather here: forget_answer() begins the next.
class AnswerWriter {
  public:
    // Bodies up to this size are copied behind their head and sent with it.
    static constexpr std::size_t kCopiedBodyBytes = 16 * 1024;
    static constexpr std::size_t kKeptBytes = 64 * 1024;

    // --- what waits to be sent, in order: out(), then large_body() where that is not empty

    const std::string& out() const { return out_; }
    /// Lies with whoever has written it.
    std::string_view large_body() const { return large_body_; }
    bool is_empty() const { return out_.empty() && large_body_.empty(); }
    std::size_t bytes() const { return out_.size() + large_body_.size(); }
    void sent() {
        out_.clear();
        large_body_ = {};
    }
    void sent_some(std::size_t bytes) {
        const std::size_t of_out = std::min(bytes, out_.size());
        out_.erase(0, of_out);
        large_body_.remove_prefix(bytes - of_out);
    }
    void give_back_memory() {
        if (out_.capacity() > kKeptBytes) out_.shrink_to_fit();
    }

    // --- one answer

    void forget_answer() {
        cut_off_ = false;
        body_bytes_ = 0;
        plan_ = ResponsePlan();
    }
    /// "100 Continue".
    void write_continue() { out_.append(kContinueHead); }
    /// The head that nearly all answers have, and the body behind it.
    void write_usual(UsualHead& head, Answer& answer) {
        head.append(out_, answer.body());
        plan_.keep_alive = true;
        plan_.framing = ResponseFraming::content_length;
        plan_.content_length = body_bytes_ = answer.body().size();
        answer.set_head_sent();
    }
    /// Head and body of an answer that is known whole. Errors: what the application did wrong; nothing is written then.
    Result<void> write_whole(Answer& answer, const ResponseContext& context);
    /// The head of one that comes in pieces. Errors: as before.
    Result<void> begin(Answer& answer, const ResponseContext& context) { return begin(answer, std::nullopt, context); }
    /// An answer of the server's own.
    void write_plain(Answer& answer, int status, std::string_view detail, const ResponseContext& context);
    /// The framing has a place for pieces of a body.
    bool takes_pieces() const { return plan_.framing != ResponseFraming::none; }
    /// After begin(), a piece that is not empty. A large one isn't copied: it lies with the caller until all is sent, and
    /// end_large() follows then. False: it was copied. Errors: ResponseError beyond the announced length.
    bool write_piece(std::string_view piece);
    /// True: there is something more to send.
    bool end_large();
    /// After the last piece. Errors: what the application did wrong; the answer has no proper end then.
    Result<void> end(const Answer& answer);

    /// A part of the answer is lost for good: nothing more of it may be sent.
    void cut_off() {
        sent();
        cut_off_ = true;
    }
    bool is_cut_off() const { return cut_off_; }
    /// It leaves the connection fit for another.
    bool keeps_alive() const { return plan_.keep_alive; }
    /// The client takes the end of the connection for the answer's, once its head is sent.
    bool ends_with_connection() const { return plan_.framing == ResponseFraming::until_close; }
    /// Of the body, without its framing.
    std::uint64_t body_bytes() const { return body_bytes_; }

  private:
    Result<void> begin(Answer& answer, std::optional<std::uint64_t> body_bytes, const ResponseContext& context);

    std::string out_;
    std::string_view large_body_;
    bool cut_off_ = false;
    std::uint64_t body_bytes_ = 0;
    ResponsePlan plan_;
};

}  // namespace girin
