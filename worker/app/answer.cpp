#include "worker/app/answer.hpp"

#include "girin/http/status.hpp"

namespace girin {

void Answer::set_status(int code) {
    require_head_open();
    if (code < 200 || code > 599) throw ResponseError("status " + std::to_string(code) + " is not within 200-599");
    status_ = code;
}

void Answer::add_field(std::string_view name, std::string_view value, bool replace) {
    require_head_open();
    if (!is_field_name(name)) throw ResponseError("response field \"" + std::string(name) + "\": bad name");
    if (!is_field_value(value)) throw ResponseError("response field \"" + std::string(name) + "\": bad value");
    if (replace) {
        fields_.set(name, value);
    } else {
        fields_.add(name, value);
    }
}

void Answer::replace(const HttpError& error) {
    replace(error.status());
    for (const auto& [name, value] : error.fields()) fields_.add(name, value);
    if (error.text().empty()) {
        body_.assign(std::to_string(status_)).append(" ").append(reason_phrase(status_)).append("\n");
    } else {
        body_.assign(error.text());
    }
    has_body_ = true;
}

void Answer::refuse_late() { throw ResponseError("the head of the answer is sent already"); }

}  // namespace girin
