#include "worker/serving/answer_writer.hpp"

#include "worker/http/chunk_writer.hpp"

namespace girin {

Result<void> AnswerWriter::begin(Answer& answer, std::optional<std::uint64_t> body_bytes, const ResponseContext& context) {
    ResponseHead head;
    head.status = answer.status();
    head.fields = answer.fields().list();
    head.body_bytes = body_bytes;
    if (answer.has_body()) head.content_type = Answer::kDefaultContentType;
    Result<ResponsePlan> plan = append_response_head(out_, head, context);
    if (!plan) return plan.error();
    plan_ = *plan;
    answer.set_head_sent();
    return {};
}

Result<void> AnswerWriter::write_whole(Answer& answer, const ResponseContext& context) {
    const std::string& body = answer.body();
    if (auto begun = begin(answer, body.size(), context); !begun) return begun;
    if (plan_.framing == ResponseFraming::none) return {};
    body_bytes_ = body.size();
    if (body.size() <= kCopiedBodyBytes) {
        out_.append(body);
    } else {
        large_body_ = body;
    }
    return {};
}

void AnswerWriter::write_plain(Answer& answer, int status, std::string_view detail, const ResponseContext& context) {
    answer.replace(status);
    plan_ = append_plain_answer(out_, status, detail, context);
    answer.set_head_sent();
    body_bytes_ = plan_.framing == ResponseFraming::content_length ? plan_.content_length : 0;
}

bool AnswerWriter::write_piece(std::string_view piece) {
    if (plan_.framing == ResponseFraming::content_length && piece.size() > plan_.content_length - body_bytes_) {
        throw ResponseError("the application writes more than the " + std::to_string(plan_.content_length) +
                            " bytes it announced");
    }
    body_bytes_ += piece.size();
    const bool chunked = plan_.framing == ResponseFraming::chunked;
    if (chunked) append_chunk_head(out_, piece.size());
    if (piece.size() > kCopiedBodyBytes) {
        large_body_ = piece;
        return true;
    }
    out_.append(piece);
    if (chunked) out_.append(kChunkEnd);
    return false;
}

bool AnswerWriter::end_large() {
    if (plan_.framing != ResponseFraming::chunked) return false;
    out_.append(kChunkEnd);
    return true;
}

Result<void> AnswerWriter::end(const Answer& answer) {
    if (plan_.framing == ResponseFraming::chunked) return append_last_chunk(out_, answer.trailers().list());
    if (plan_.framing == ResponseFraming::content_length && body_bytes_ != plan_.content_length) {
        return Error("the application announced " + std::to_string(plan_.content_length) + " bytes of body and wrote " +
                     std::to_string(body_bytes_));
    }
    return {};
}

}  // namespace girin
