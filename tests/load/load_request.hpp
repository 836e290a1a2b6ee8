#pragma once

// LoadRequest: one request of a load run, as bytes, and what its answer must be.

#include <optional>
#include <string>

#include "tests/load/totals.hpp"
#include "tests/support/http_response.hpp"

namespace girin::load {

class LoadRequest {
  public:
    /// GET; any body will do when none is given.
    static LoadRequest get(const std::string& target, std::optional<std::string> expected_body = std::nullopt);
    /// POST of `body`, which must come back.
    static LoadRequest echo(const std::string& target, const std::string& body);

    LoadRequest(const std::string& method, const std::string& target, const test::Fields& fields,
                const std::string& body, std::optional<std::string> expected_body, int expected_status = 200);

    /// The request's bytes; `closing` asks for the connection's end.
    const std::string& bytes(bool closing) const { return closing ? closing_bytes_ : bytes_; }
    bool is_head() const { return is_head_; }
    /// A whole answer: was it the right one?
    Outcome judge(const test::HttpResponse& response) const;

  private:
    std::string bytes_;
    std::string closing_bytes_;
    bool is_head_;
    int expected_status_;
    std::optional<std::string> expected_body_;
};

/// `size` bytes that look like nothing else; the same for the same seed.
std::string random_text(std::size_t size, unsigned seed);

}  // namespace girin::load
