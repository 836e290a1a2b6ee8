#include "tests/fuzz/server/composer.hpp"

#include <algorithm>

#include "tests/fuzz/server/tokens.hpp"

namespace girin::test {
namespace {

// More than a client needs to get over any limit of a session; the default body has none.
constexpr std::size_t kMostBytes = 70'000;

const char* const kMethods[] = {"GET", "GET", "GET", "POST", "POST", "HEAD", "PUT", "OPTIONS", "DELETE", "get", "CONNECT"};
const char* const kVersions[] = {"HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0"};
const char* const kBehaviours = "aaaaabcdefghijklmnopqrstuvwxyzSA";
const std::size_t kBodySizes[] = {0, 1, 7, 30, 100, 300, 1000, 4095, 4096, 17'000};

// What parsers trip over, alone or put together.
const std::string_view kScraps[] = {
    "\r\n",
    "\r",
    "\n",
    "\r\n\r\n",
    "\r\n\r\n\r\n",
    " ",
    "\t",
    "X",
    "\r\n\r",
    "GET ",
    "GET / HTTP/1.1\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
    "Host: a\r\n",
    "0\r\n\r\n",
    "5\r\nhello\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Content-Length: 3\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "\x16\x03\x01",
    "\r\nX",
};

}  // namespace

/// A request while it is written.
struct Composer::Draft {
    Draft(Choices& c, std::uint8_t connection_number, std::uint8_t request_number)
        : choices(c), connection(connection_number), request(request_number) {}

    std::string mark(char kind) const {
        Token token;
        token.kind = kind;
        token.connection = connection;
        token.request = request;
        return to_text(token);
    }
    void field(const std::string& name, const std::string& value) { text += name + ": " + value + "\r\n"; }

    Choices& choices;
    std::uint8_t connection;
    std::uint8_t request;
    std::string text;
    std::string body;
};

std::size_t Composer::near_edge(Choices& choices, std::size_t limit) const {
    const std::size_t size = limit + choices.below(7);
    return std::min(kMostBytes, size > 3 ? size - 3 : 0);
}

std::string Composer::compose(Choices& choices, std::uint8_t connection, std::uint8_t request) const {
    Draft draft(choices, connection, request);
    const std::string method = choices.of(kMethods);
    const char behaviour = kBehaviours[choices.below(32)];
    const std::size_t parameter = choices.byte();
    const std::size_t form = choices.byte();
    constexpr char kHex[] = "0123456789abcdef";
    std::string target = std::string("/") + behaviour + kHex[parameter >> 4] + kHex[parameter & 15] + "/" + draft.mark('t');
    if (form % 4 == 1) target += "?" + draft.mark('q') + "=%41";
    if (form % 16 == 2) target = "http://" + draft.mark('h') + target;
    if (form % 32 == 3) target = "*";
    if (form % 32 == 7) target += "/%2e%2e/%zz";
    if (form % 16 == 5) {
        const std::size_t wanted = near_edge(choices, limits_.request_line_bytes);
        const std::size_t size = method.size() + target.size() + 11;
        if (wanted > size) target.append(wanted - size, 'p');
    }
    draft.text = method + " " + target + " " + choices.of(kVersions) + (form == 255 ? "\n" : "\r\n");
    add_fields(draft);
    add_body(draft);
    return draft.text + "\r\n" + draft.body;
}

void Composer::add_fields(Draft& draft) const {
    Choices& choices = draft.choices;
    const std::size_t which = choices.byte();
    const std::size_t more = choices.byte();
    if (more % 64 != 1) draft.field(which % 2 == 0 ? "Host" : "host", draft.mark('h'));
    if ((which & 2) != 0) draft.field("Referer", draft.mark('r'));
    if ((which & 4) != 0) draft.field("User-Agent", draft.mark('u'));
    if ((which & 8) != 0) draft.field("X-Forwarded-For", draft.mark('x'));
    if ((which & 16) != 0) draft.field("X-Token", draft.mark('k'));
    if ((which & 96) == 32) draft.field("Connection", (which & 128) != 0 ? "keep-alive" : "close");
    if (more % 8 == 2) draft.field("Expect", "100-continue");
    if (more % 16 == 3) draft.field("Upgrade", "websocket");
    if (more % 32 == 4) draft.field("Host", "again");
    if (more % 16 == 5) draft.field("X-Pad", std::string(near_edge(choices, limits_.request_field_bytes) - 7, 'f'));
    if (more % 16 == 6) {
        const std::size_t wanted = near_edge(choices, limits_.request_fields);
        for (std::size_t i = 0; i < std::min<std::size_t>(wanted, 110); ++i) draft.field("n", "v");
    }
    if (more % 16 == 7) {
        // As many fields as it takes, none of them too long by itself.
        const std::size_t wanted = near_edge(choices, limits_.request_head_bytes);
        const std::size_t most = limits_.request_field_bytes;
        while (draft.text.size() + 2 < wanted) {
            const std::size_t left = std::min(most, wanted - draft.text.size() - 2);
            draft.field("L", std::string(left > 5 ? left - 5 : 0, 'l'));
        }
    }
}

void Composer::add_body(Draft& draft) const {
    Choices& choices = draft.choices;
    const std::size_t kind = choices.byte() % 16;
    if (kind < 8) return;
    std::size_t size = choices.of(kBodySizes);
    if (kind == 9 && limits_.request_body_bytes > 0) size = near_edge(choices, limits_.request_body_bytes);
    if (kind == 10) size = near_edge(choices, std::min<std::size_t>(limits_.discarded_body_bytes, 4096));
    std::string body = draft.mark('b');
    body.resize(size, '.');
    const bool chunked = kind >= 12;
    if (!chunked) {
        const std::size_t told = kind == 11 ? size + choices.below(9) - 4 : size;
        draft.field("Content-Length", std::to_string(static_cast<std::uint32_t>(told)));
        draft.body = body;
        return;
    }
    draft.field("Transfer-Encoding", "chunked");
    const std::size_t step = std::max<std::size_t>(1, size / (1 + choices.below(4)));
    for (std::size_t at = 0; at < body.size(); at += step) {
        const std::string piece = body.substr(at, step);
        char head[24];
        std::snprintf(head, sizeof head, "%zx", piece.size());
        draft.body += head;
        if (kind == 13) draft.body += ";" + std::string(near_edge(choices, limits_.chunk_line_bytes) % 9000, 'e');
        draft.body += "\r\n" + piece + "\r\n";
    }
    draft.body += "0\r\n";
    if (kind == 14) draft.body += "X-Trailer: " + draft.mark('z') + "\r\n";
    if (kind == 15) draft.body += "T: " + std::string(near_edge(choices, limits_.trailer_bytes) % 9000, 't') + "\r\n";
    draft.body += "\r\n";
}

std::string Composer::scrap(Choices& choices) {
    const std::size_t which = choices.byte();
    if (which % 4 == 3) return without_tokens(choices.bytes(1 + choices.below(24)));
    std::string text(kScraps[which / 4 % std::size(kScraps)]);
    if (which % 4 == 2) text += kScraps[choices.below(std::size(kScraps))];
    return text;
}

}  // namespace girin::test
