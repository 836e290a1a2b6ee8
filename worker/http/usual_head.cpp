#include "worker/http/usual_head.hpp"

#include <charconv>

#include "loop/base/check.hpp"

namespace girin {

void UsualHead::make(std::string_view content_type, const ResponseContext& context) {
    constexpr std::string_view kLength = "Content-Length: ";
    ResponseHead head;
    head.body_bytes = 0;
    head.content_type = content_type;
    std::string whole;
    const Result<ResponsePlan> plan = append_response_head(whole, head, context);
    GIRIN_CHECK(plan && plan->keep_alive, "the usual head is a well-formed one");
    const std::size_t digits = whole.find(kLength) + kLength.size();
    before_length_ = whole.substr(0, digits);
    after_length_ = whole.substr(digits + 1);
    date_ = context.date;
}

void UsualHead::append(std::string& out, std::string_view body) const {
    char digits[20];
    const char* const end = std::to_chars(digits, digits + sizeof digits, body.size()).ptr;
    out.append(before_length_).append(digits, static_cast<std::size_t>(end - digits)).append(after_length_).append(body);
}

}  // namespace girin
