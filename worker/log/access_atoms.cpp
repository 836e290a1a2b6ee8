#include "worker/log/access_atoms.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <optional>

namespace girin::detail {
namespace {

void append_number(std::string& out, std::int64_t number) {
    char text[24];
    out.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

void append_two_digits(std::string& out, int number) {
    out.append(1, static_cast<char>('0' + number / 10)).append(1, static_cast<char>('0' + number % 10));
}

template <class Unit>
void append_duration(std::string& out, const AccessRecord& record) {
    append_number(out, std::chrono::duration_cast<Unit>(record.duration).count());
}

void append_decimal_seconds(std::string& out, const AccessRecord& record) {
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(record.duration).count();
    char text[40];
    std::snprintf(text, sizeof text, "%lld.%06lld", static_cast<long long>(micros / 1'000'000),
                  static_cast<long long>(micros % 1'000'000));
    out.append(text);
}

// ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// "21/Nov/2026:03:17:26 +0000". Month names of our own: the application may have set a locale. In `line`'s own memory,
/// so that a steady worker allocates nothing.
void clf_time(std::string& line, std::time_t when) {
    static constexpr char kMonths[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm parts{};
    ::localtime_r(&when, &parts);
    char text[64];
    std::snprintf(text, sizeof text, "[%02d/%s/%d:%02d:%02d:%02d ", parts.tm_mday, kMonths[parts.tm_mon],
                  parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
    line.assign(text);
    const long minutes = parts.tm_gmtoff / 60;
    line.append(minutes < 0 ? "-" : "+");
    append_two_digits(line, static_cast<int>(std::abs(minutes) / 60));
    append_two_digits(line, static_cast<int>(std::abs(minutes) % 60));
    line.append("]");
}

void utc_time(std::string& line, std::time_t when) {
    std::tm parts{};
    ::gmtime_r(&when, &parts);
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                  parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
    line.assign(text);
}

/// Thousands of lines share a second, and local time is not cheap.
template <void (*write)(std::string&, std::time_t)>
void append_time(std::string& out, const AccessRecord& record) {
    thread_local std::time_t second = -1;
    thread_local std::string text;
    if (record.unix_time != second) {
        write(text, record.unix_time);
        second = record.unix_time;
    }
    out.append(text);
}

// ── who ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

std::string_view without_port(std::string_view remote) {
    if (remote.starts_with("unix:")) return {};
    if (remote.starts_with('[')) return remote.substr(1, remote.find(']') - 1);
    const std::size_t colon = remote.find(':');
    const bool one_colon = colon != std::string_view::npos && remote.find(':', colon + 1) == std::string_view::npos;
    return one_colon ? remote.substr(0, colon) : remote;
}

std::optional<unsigned> base64_digit(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    if (c == '/') return 63;
    return std::nullopt;
}

/// Up to the first byte that is none of its digits.
std::string decode_base64(std::string_view text) {
    std::string bytes;
    unsigned bits = 0;
    int count = 0;
    for (const char c : text) {
        const auto digit = base64_digit(c);
        if (!digit) break;
        bits = bits << 6 | *digit;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes.push_back(static_cast<char>(bits >> count & 0xff));
    }
    return bytes;
}

/// The name in `Authorization: Basic …`; as claimed, whoever checked it.
void append_user(std::string& out, const AccessRecord& record) {
    const std::string_view value = record.request_fields.find("authorization").value_or("");
    constexpr std::string_view kScheme = "basic ";
    if (value.size() < kScheme.size()) return;
    for (std::size_t i = 0; i < kScheme.size(); ++i) {
        if ((value[i] | 0x20) != kScheme[i]) return;
    }
    const std::string pair = decode_base64(value.substr(kScheme.size()));
    out.append(pair, 0, pair.find(':'));
}

void append_request_line(std::string& out, const AccessRecord& record) {
    if (record.method.empty()) return;
    out.append(record.method).append(" ").append(record.target);
    out.append(record.minor_version == 0 ? " HTTP/1.0" : " HTTP/1.1");
}

/// Of what never became a request line nobody knows it.
void append_protocol(std::string& out, const AccessRecord& record) {
    if (record.method.empty()) return;
    out.append(record.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1");
}

void append_status(std::string& out, const AccessRecord& record) {
    if (record.status != 0) append_number(out, record.status);
}

using Out = std::string&;
using Record = const AccessRecord&;

constexpr AccessAtom kAtoms[] = {
    {"h", "remote_addr", false, [](Out out, Record r) { out.append(without_port(r.remote)); }},
    {"l", "logname", false, [](Out, Record) {}},
    {"u", "user", false, append_user},
    {"t", "time", false, append_time<clf_time>, append_time<utc_time>},
    {"r", "request", false, append_request_line},
    {"m", "method", false, [](Out out, Record r) { out.append(r.method); }},
    {"U", "path", false, [](Out out, Record r) { out.append(r.path); }},
    {"q", "query", false, [](Out out, Record r) { out.append(r.query); }},
    {"H", "protocol", false, append_protocol},
    {"s", "status", true, append_status},
    {"B", "bytes", true, [](Out out, Record r) { append_number(out, static_cast<std::int64_t>(r.body_bytes)); }},
    {"b", "bytes", true, [](Out out, Record r) {
         if (r.body_bytes != 0) append_number(out, static_cast<std::int64_t>(r.body_bytes));
     }},
    {"f", "referer", false, [](Out out, Record r) { out.append(r.request_fields.find("referer").value_or("")); }},
    {"a", "user_agent", false, [](Out out, Record r) { out.append(r.request_fields.find("user-agent").value_or("")); }},
    {"T", "duration_s", true, append_duration<std::chrono::seconds>},
    {"M", "duration_ms", true, append_duration<std::chrono::milliseconds>},
    {"D", "duration_us", true, append_duration<std::chrono::microseconds>},
    {"L", "duration", true, append_decimal_seconds},
    {"p", "pid", true, [](Out out, Record r) { append_number(out.append("<"), r.pid); out.append(">"); },
     [](Out out, Record r) { append_number(out, r.pid); }},
    {"target", "target", false, [](Out out, Record r) { out.append(r.target); }},
    {"scheme", "scheme", false, [](Out out, Record r) { out.append(r.scheme); }},
};

struct CgiRow {
    std::string_view variable, atom;
};
constexpr CgiRow kCgi[] = {
    {"REMOTE_ADDR", "h"}, {"REMOTE_USER", "u"},     {"REQUEST_METHOD", "m"}, {"PATH_INFO", "U"},
    {"QUERY_STRING", "q"}, {"SERVER_PROTOCOL", "H"}, {"RAW_URI", "target"},   {"REQUEST_URI", "target"},
    {"REQUEST_SCHEME", "scheme"}, {"wsgi.url_scheme", "scheme"},
};

}  // namespace

const AccessAtom* find_access_atom(std::string_view name) {
    for (const AccessAtom& atom : kAtoms) {
        if (atom.name == name) return &atom;
    }
    return nullptr;
}

const AccessAtom* find_cgi_atom(std::string_view variable) {
    for (const CgiRow& row : kCgi) {
        if (row.variable == variable) return find_access_atom(row.atom);
    }
    return nullptr;
}

}  // namespace girin::detail
