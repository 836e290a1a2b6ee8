// parser_bench: nanoseconds for reading one request and for writing one response head. Not a test: `cmake
// --build DIR --target parser_bench && DIR/parser_bench`. The best of several rounds is told, for what else
// runs on the machine only adds.

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "girin/http/date.hpp"
#include "worker/http/request_parser.hpp"
#include "worker/http/response_head.hpp"

namespace girin {
namespace {

constexpr int kRounds = 7;
constexpr int kTurns = 200'000;

const std::string kShort = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n";

const std::string kProxied =
    "GET /shop/items?id=42 HTTP/1.1\r\nHost: shop.example\r\nX-Real-IP: 203.0.113.7\r\n"
    "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n";

const std::string kBrowser =
    "GET /shop/items?id=42&page=3 HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive\r\n"
    "sec-ch-ua: \"Chromium\";v=\"124\", \"Google Chrome\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/124.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8\r\n"
    "Referer: https://www.example.com/shop\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\nCookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n";

const std::string kChunkedPost =
    "POST /upload HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n\r\n"
    "10\r\n0123456789abcdef\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n";

/// CPU time of this process: what else runs takes turns, but isn't counted.
double cpu_ns() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

template <class Turn>
void measure(const char* name, Turn turn) {
    double best = 1e18;
    for (int round = 0; round < kRounds; ++round) {
        const double begin = cpu_ns();
        for (int i = 0; i < kTurns; ++i) turn();
        best = std::min(best, (cpu_ns() - begin) / kTurns);
    }
    std::printf("%-34s %7.1f ns\n", name, best);
}

void measure_request(const char* name, const std::string& request) {
    const Limits limits;
    RequestParser parser(limits);
    measure(name, [&] {
        std::string_view bytes = request;
        for (RequestEvent event{}; event != RequestEvent::end;) {
            const RequestStep step = parser.next(bytes);
            event = step.event;
            bytes.remove_prefix(step.consumed);
        }
    });
}

void measure_response(const char* name, FieldList fields) {
    DateCache dates;
    std::string out;
    ResponseHead head;
    head.body_bytes = 13;
    head.fields = fields;
    if (fields.empty()) head.content_type = "text/plain; charset=utf-8";
    ResponseContext context;
    context.server = "girin";
    measure(name, [&] {
        out.clear();
        context.date = dates.at(1'700'000'000);
        (void)append_response_head(out, head, context);
    });
}

}  // namespace
}  // namespace girin

int main() {
    girin::measure_request("request, 1 field", girin::kShort);
    girin::measure_request("request, 6 fields (proxied)", girin::kProxied);
    girin::measure_request("request, 10 fields (browser)", girin::kBrowser);
    girin::measure_request("request, chunked body", girin::kChunkedPost);
    girin::measure_response("response head, no fields", {});
    girin::Fields fields;
    fields.add("Content-Type", "application/json");
    fields.add("Cache-Control", "no-store");
    fields.add("X-Request-Id", "0123456789abcdef");
    girin::measure_response("response head, 3 fields", fields);
    return 0;
}
