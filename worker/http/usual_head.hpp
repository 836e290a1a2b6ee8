#pragma once

// UsualHead: the head that nearly all answers have (200, a known length, no fields but the server's own), made once
// a second and copied from then on. Byte for byte what append_response_head() writes.

#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>

#include "worker/http/response_head.hpp"

namespace girin {

class UsualHead {
  public:
    /// For answers with these values of Content-Type, Server and Date, to HTTP/1.1 clients whose connection is kept.
    /// `second`: of the date.
    void make(std::string_view content_type, const ResponseContext& context, std::time_t second);
    /// What `make` was called with last.
    bool is_for(std::time_t second) const { return second == second_; }

    /// Appends the head, and the body behind it.
    void append(std::string& out, std::string_view body);

  private:
    void make_for(std::size_t body_bytes);

    std::string before_length_, after_length_;
    std::time_t second_ = -1;
    std::string whole_;  // for bodies as long as the last one's
    std::size_t whole_for_ = 0;
};

}  // namespace girin
