#include "worker/http/usual_head.hpp"

#include <charconv>

#include "girin/base/check.hpp"

namespace girin {

void UsualHead::make(std::string_view content_type, const ResponseContext& context, std::time_t second) {
    constexpr std::string_view kLength = "Content-Length: ";
    ResponseHead head;
    head.body_bytes = 0;
    head.content_type = content_type;
    // Once a second, in memory that is there already: a steady worker allocates nothing.
    whole_.clear();
    const Result<ResponsePlan> plan = append_response_head(whole_, head, context);
    GIRIN_CHECK(plan && plan->keep_alive, "the usual head is a well-formed one");
    const std::size_t digits = whole_.find(kLength) + kLength.size();
    before_length_.assign(whole_, 0, digits);
    after_length_.assign(whole_, digits + 1);
    second_ = second;
    make_for(whole_for_);
}

void UsualHead::make_for(std::size_t body_bytes) {
    char digits[20];
    const char* const end = std::to_chars(digits, digits + sizeof digits, body_bytes).ptr;
    whole_.clear();
    whole_.append(before_length_).append(digits, static_cast<std::size_t>(end - digits)).append(after_length_);
    whole_for_ = body_bytes;
}

void UsualHead::append(std::string& out, std::string_view body) {
    if (body.size() != whole_for_) make_for(body.size());
    out.append(whole_).append(body);
}

}  // namespace girin
