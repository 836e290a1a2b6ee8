#pragma once

// Answer: what an application has said so far of its answer, checked as it says it. Not here: how it is framed and sent,
// which is the exchange's (exchange.hpp).

#include <cstddef>
#include <string>
#include <string_view>

#include "girin/app/response.hpp"
#include "girin/http/fields.hpp"

namespace girin {

/// Reused from request to request, with its memory. Errors: ResponseError, as Response says.
class Answer {
  public:
    /// Of a body for which the application names no type.
    static constexpr std::string_view kDefaultContentType = "text/plain; charset=utf-8";
    /// What clear() and give_back_memory() keep of a body's memory at most.
    static constexpr std::size_t kKeptBytes = 64 * 1024;

    // --- for the application

    void set_status(int code);
    void add_field(std::string_view name, std::string_view value, bool replace);
    void set_body(std::string_view text) {
        require_head_open();
        body_.assign(text);
        has_body_ = true;
    }
    void add_trailer(std::string_view name, std::string_view value) { trailers_.add(name, value); }
    /// Before a piece is written.
    void require_stream() const {
        if (has_body_) throw ResponseError("write() after body()");
    }

    // --- for the exchange

    int status() const { return status_; }
    const Fields& fields() const { return fields_; }
    const Fields& trailers() const { return trailers_; }
    bool has_body() const { return has_body_; }
    const std::string& body() const { return body_; }
    bool head_is_sent() const { return head_is_sent_; }
    /// The head can't be changed any more.
    void set_head_sent() { head_is_sent_ = true; }

    /// The server's own, in the place of whatever the application had begun: no field of its is left.
    void replace(int status) {
        status_ = status;
        fields_.clear();
    }
    /// The same, as the application has thrown it.
    void replace(const HttpError& error);
    /// Nobody took it: logged as 499, as nginx does.
    void set_aborted() {
        if (!head_is_sent_) status_ = 499;
    }

    /// For the next request.
    void clear() {
        status_ = 200;
        fields_.clear();
        trailers_.clear();
        has_body_ = false;
        body_.clear();
        head_is_sent_ = false;
    }
    void give_back_memory() {
        if (body_.capacity() > kKeptBytes) body_.shrink_to_fit();
    }

  private:
    void require_head_open() const {
        if (head_is_sent_) refuse_late();
    }
    [[noreturn]] static void refuse_late();

    int status_ = 200;
    bool has_body_ = false;
    bool head_is_sent_ = false;
    Fields fields_;
    Fields trailers_;
    std::string body_;
};

}  // namespace girin
