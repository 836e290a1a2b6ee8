#include "tests/load/load_request.hpp"

#include <random>

#include "tests/support/http_client.hpp"

namespace girin::load {

LoadRequest::LoadRequest(const std::string& method, const std::string& target, const test::Fields& fields,
                         const std::string& body, std::optional<std::string> expected_body, int expected_status)
    : bytes_(test::format_request(method, target, fields, body)),
      is_head_(method == "HEAD"),
      expected_status_(expected_status),
      expected_body_(std::move(expected_body)) {
    test::Fields closing = fields;
    closing.emplace_back("Connection", "close");
    closing_bytes_ = test::format_request(method, target, closing, body);
}

LoadRequest LoadRequest::get(const std::string& target, std::optional<std::string> expected_body) {
    return LoadRequest("GET", target, {}, "", std::move(expected_body));
}

LoadRequest LoadRequest::echo(const std::string& target, const std::string& body) {
    return LoadRequest("POST", target, {{"Content-Type", "text/plain"}}, body, body);
}

Outcome LoadRequest::judge(const test::HttpResponse& response) const {
    if (response.status >= 500 && response.status != expected_status_) return Outcome::server_error;
    if (response.status != expected_status_) return Outcome::wrong_answer;
    if (!expected_body_ || response.body == *expected_body_) return Outcome::ok;
    return expected_body_->starts_with(response.body) ? Outcome::short_body : Outcome::wrong_body;
}

std::string random_text(std::size_t size, unsigned seed) {
    std::mt19937 random(seed);
    std::string text(size, ' ');
    for (char& c : text) c = static_cast<char>('!' + random() % 94);
    return text;
}

}  // namespace girin::load
