#pragma once

// How a line of the access log is made: Gunicorn's atoms, compiled once into steps. Pure: a record in, text out.
// Not here: where lines go (access_log.hpp).
//
// Atoms: %(h)s remote address, %(l)s '-', %(u)s user of Basic authorization, %(t)s time, %(r)s request line, %(m)s
// method, %(U)s path, %(q)s query, %(H)s protocol, %(s)s status, %(B)s body bytes sent, %(b)s the same or '-', %(f)s
// referer, %(a)s user agent, %(T)s seconds, %(M)s milliseconds, %(D)s microseconds, %(L)s decimal seconds, %(p)s <pid>,
// %({name}i)s request field, %({name}o)s response field, %({name}e)s variable: a CGI name (REMOTE_ADDR, HTTP_X_TRACE …)
// tells of the request, any other the worker's environment as it was at start. %% is a percent sign.

#include <chrono>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "girin/base/error.hpp"
#include "girin/http/fields.hpp"

namespace girin {

/// One answered request. Borrows everything, for the length of one call.
struct AccessRecord {
    std::string_view remote;  // "192.0.2.1", "192.0.2.1:5312", "[2001:db8::1]:80" or "unix:"; logged without its port
    std::string_view scheme;
    std::string_view method;
    std::string_view target;  // as sent
    std::string_view path;    // as sent, without the query
    std::string_view query;
    int minor_version = 1;
    int status = 0;               // 0: nothing was answered
    std::uint64_t body_bytes = 0; // of the answer's body
    std::chrono::nanoseconds duration{0};
    std::time_t unix_time = 0;    // when the answer was finished
    int pid = 0;
    FieldList request_fields;
    FieldList response_fields;
};

inline constexpr std::string_view kDefaultAccessFormat =
    R"(%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s")";
/// What a JSON line holds when no format is given.
inline constexpr std::string_view kDefaultJsonAccessFormat =
    "%(t)s %(h)s %(u)s %(m)s %(U)s %(q)s %(H)s %(s)s %(B)s %(D)s %(f)s %(a)s %(p)s";

namespace detail {
struct AccessAtom;

struct AccessStep {
    enum class Kind { text, atom, request_field, response_field, constant };
    Kind kind = Kind::text;
    const AccessAtom* atom = nullptr;
    std::string text;  // of a text or constant; else the field's name
    std::string key;   // in JSON
};
}  // namespace detail

class AccessFormat {
  public:
    enum class Style { text, json };

    /// `format` empty: the style's default. JSON takes the atoms as members, in order, each key once, and leaves the
    /// text between them out. Errors: an unknown atom or a lone percent sign, told with its column.
    static Result<AccessFormat> compile(std::string_view format, Style style = Style::text);

    /// Appends one line, its end included. Values are escaped, so that a line is a line and a quoted value ends
    /// where it seems to: `"` and `\` get a backslash, control characters become \xNN. Missing or empty values are
    /// "-", in JSON null.
    void append(std::string& out, const AccessRecord& record);

  private:
    AccessFormat(std::vector<detail::AccessStep> steps, Style style) : steps_(std::move(steps)), style_(style) {}

    void append_text(std::string& out, const AccessRecord& record);
    void append_json(std::string& out, const AccessRecord& record);
    std::string_view value_of(const detail::AccessStep& step, const AccessRecord& record);

    std::vector<detail::AccessStep> steps_;
    Style style_;
    std::string value_;  // of the step that runs; keeps its memory from line to line
};

}  // namespace girin
