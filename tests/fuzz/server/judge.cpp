#include "tests/fuzz/server/judge.hpp"

#include <algorithm>
#include <charconv>

#include "tests/fuzz/server/accepted_peers.hpp"
#include "tests/fuzz/server/verdict.hpp"
#include "tests/support/http_response.hpp"

namespace girin::test {
namespace {

enum Column { remote, user, line, status, bytes, referer, agent, forwarded, token, answer, path, query, method, micros,
    host, kColumns };

std::string head_of(const Request& request) {
    std::string head(request.method());
    head.append(" ").append(request.target()).append(" ").append(request.path()).append(" ").append(request.query());
    head.append(" ").append(request.client()).append(" ").append(request.host()).append("\n");
    for (const Field field : request.headers()) {
        head.append(field.name).append(": ").append(field.value).append("\n");
    }
    return head;
}

/// The values between quotes, unescaped as the access log escapes.
std::vector<std::string> quoted_values(std::string_view text) {
    std::vector<std::string> values;
    bool open = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"') {
            open = !open;
            if (open) values.emplace_back();
        } else if (open && c == '\\' && i + 1 < text.size()) {
            values.back().append(1, c).append(1, text[++i]);
        } else if (open) {
            values.back().append(1, c);
        } else {
            expect(c == ' ', "a record is quoted values", std::string(text));
        }
    }
    expect(!open, "each value of a record ends", std::string(text));
    return values;
}

std::uint64_t number_in(const std::string& text) {
    std::uint64_t number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    expect(parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size(), "a number in a record", text);
    return number;
}

/// Of an answer, what is alike in two runs.
std::string lasting_text(const HttpResponse& response) {
    std::string text = std::to_string(response.status) + " " + response.reason + "\n";
    for (const auto& [name, value] : response.fields) {
        if (name != "Date" && name != "X-Answer" && name != "Connection") text += name + ": " + value + "\n";
    }
    text += "\n" + response.body + "\n";
    for (const auto& [name, value] : response.trailers) text += name + ": " + value + "\n";
    return text;
}

}  // namespace

const char* const Judge::kAccessFormat =
    R"("%(h)s" "%(u)s" "%(r)s" "%(s)s" "%(B)s" "%(f)s" "%(a)s" "%({x-forwarded-for}i)s" "%({x-token}i)s" )"
    R"("%({x-answer}o)s" "%(U)s" "%(q)s" "%(m)s" "%(D)s" "%({host}i)s")";

unsigned Judge::original(unsigned peer) const {
    const auto found = originals_.find(peer);
    return found == originals_.end() ? peer : found->second;
}

unsigned Judge::copies(unsigned connection) const {
    return 1 + static_cast<unsigned>(std::ranges::count_if(
                   originals_, [connection](const auto& pair) { return pair.second == connection; }));
}

/// `peer` 0: whose is not known; then all are of one connection.
void Judge::saw(Place& place, const char* name, unsigned peer, std::string_view text) {
    std::set<std::uint32_t> here;
    unsigned connection = peer == 0 ? 0 : original(peer), first = 255, last = 0;
    for_each_token(text, [&](Token found) {
        if (connection == 0) connection = found.connection;
        if (found.connection != connection) {
            wrong("a token of another connection " + std::string(name) + " of connection " +
                  std::to_string(connection) + ": " + to_text(found) + " in " + std::string(text.substr(0, 2000)));
        }
        if (!here.insert(found.key()).second) return;
        first = std::min<unsigned>(first, found.request);
        last = std::max<unsigned>(last, found.request);
        if (++place.seen[found.key()] > copies(found.connection)) {
            wrong("a token " + std::string(name) + " once more: " + to_text(found) + " in " +
                  std::string(text.substr(0, 2000)));
        }
    });
    if (here.empty() || peer == 0) return;
    expect(first >= place.latest[peer], "requests keep their order", std::string(name) + ": " + std::string(text.substr(0,
        2000)));
    place.latest[peer] = last;
}

// --- calls

Call& Judge::begin(const Request& request, TimePoint now) {
    Call& call = calls_.emplace_back();
    call.began_at = now;
    call.number = static_cast<unsigned>(calls_.size());
    call.peer = AcceptedPeers::number_of(request.peer());
    expect(call.peer != 0 && call.peer <= AcceptedPeers::count(), "a request has a peer", std::string(request.peer()));
    call.head = head_of(request);
    call.method = request.method();
    call.target = request.target();
    saw(at_calls_, "at a call", call.peer, call.head);
    return call;
}

void Judge::look_again(const Call& call, const Request& request) const {
    expect(call.head == head_of(request), "a request stays what it was", head_of(request) + "in place of " + call.head);
    expect(AcceptedPeers::number_of(request.peer()) == call.peer, "a request stays its peer's");
}

void Judge::saw_body(const Call& call, std::string_view piece) const {
    for_each_token(piece, [&](Token found) {
        expect(found.connection == original(call.peer), "a body is its own connection's", to_text(found));
    });
}

unsigned Judge::live_calls(unsigned peer) const {
    return static_cast<unsigned>(
        std::ranges::count_if(calls_, [peer](const Call& call) { return call.live && call.peer == peer; }));
}

unsigned Judge::endless_calls() const {
    return static_cast<unsigned>(
        std::ranges::count_if(calls_, [](const Call& call) { return call.live && call.endless; }));
}

const Call* Judge::obedient_call(unsigned peer) const {
    const auto found = std::ranges::find_if(
        calls_, [peer](const Call& call) { return call.live && call.obedient && call.peer == peer; });
    return found == calls_.end() ? nullptr : &*found;
}

// --- answers

std::vector<Answer> Judge::judge_answers(unsigned peer, std::string_view received) {
    std::vector<Answer> answers;
    unsigned latest = 0;
    while (!received.empty()) {
        // Whether an answer has a body, its own fields don't tell: the call's method does, and of the server's own
        // answers what comes behind the head.
        const std::size_t head_end = received.find("\r\n\r\n");
        if (head_end == std::string_view::npos) break;
        ResponseParser head_parser(true);
        head_parser.feed(received.substr(0, head_end + 4));
        expect(head_parser.complete(), "an answer has a head", std::string(received.substr(0, head_end + 4)));
        const HttpResponse& head = head_parser.response();
        const std::string number = head.field("X-Answer").value_or("0");
        const std::size_t at = number_in(number);
        expect(at <= calls_.size(), "an answer is one of ours", number);
        const Call* const call = at > 0 ? &calls_[at - 1] : nullptr;
        const std::string_view behind = received.substr(head_end + 4);
        const bool to_head = call != nullptr ? call->method == "HEAD" : behind.empty() || behind.starts_with("HTTP/1.");
        ResponseParser parser(to_head);
        received.remove_prefix(parser.feed(received));
        expect(!parser.failed(), "an answer is well framed", parser.error() + ": " + parser.response().raw.substr(0, 2000));
        const bool until_close = !parser.complete();
        parser.finish();
        const HttpResponse response = parser.take();
        if (response.status / 100 == 1) continue;
        Answer& answer = answers.emplace_back();
        answer.status = response.status;
        answer.complete = parser.complete();
        answer.by_application = call != nullptr;
        answer.text = lasting_text(response);
        saw(in_answers_, "in an answer", peer, response.raw);
        if (call == nullptr) continue;
        expect(call->peer == peer, "an answer goes to who asked", response.raw.substr(0, 2000));
        expect(call->number > latest, "answers keep their order", response.raw.substr(0, 2000));
        latest = call->number;
        judge_application_answer(*call, response.status, response.body, parser.complete(), until_close);
    }
    return answers;
}

void Judge::judge_application_answer(const Call& call, int status, std::string_view body, bool complete,
                                     bool until_close) const {
    expect(status == call.status, "an answer has its handler's status",
           std::to_string(status) + " for " + std::to_string(call.status) + " of " + call.target);
    const bool bodiless = call.method == "HEAD" || status == 204 || status == 304;
    if (bodiless) {
        expect(body.empty(), "no body where none may be", call.target);
    } else if (complete && !until_close) {
        expect(call.finished || call.announced || call.live, "an answer that failed doesn't look whole", call.target);
        expect(body == call.body, "an answer is what its handler wrote",
               call.target + ": " + std::to_string(body.size()) + " bytes for " + std::to_string(call.body.size()));
    } else {
        expect(std::string_view(call.body).starts_with(body), "a part of an answer is of what its handler wrote", call.target);
    }
}

// --- records

std::size_t Judge::judge_records(std::string_view lines, Duration longest) {
    std::size_t count = 0;
    while (!lines.empty()) {
        const std::size_t end = lines.find('\n');
        expect(end != std::string_view::npos, "a record is a line");
        judge_record(lines.substr(0, end), longest);
        lines.remove_prefix(end + 1);
        ++count;
    }
    return count;
}

void Judge::judge_record(std::string_view text, Duration longest) {
    const std::vector<std::string> values = quoted_values(text);
    expect(values.size() == kColumns, "a record has all its values", std::string(text));
    const unsigned peer = AcceptedPeers::number_of(values[remote]);
    saw(in_records_, "in a record", peer, text);
    const std::uint64_t code = number_in(values[status]);
    expect(code >= 200 && code <= 599, "a record has a status", std::string(text));
    expect(values[micros] == "0" ||
        number_in(values[micros]) <= static_cast<std::uint64_t>(longest / std::chrono::microseconds(1)),
           "a record's time is one", std::string(text));
    if (values[line] == "-") expect(values[method] == "-", "no line, no method", std::string(text));
    if (values[answer] == "-") return;
    const std::uint64_t number = number_in(values[answer]);
    expect(number >= 1 && number <= calls_.size(), "a record's answer is one of ours", std::string(text));
    const Call& call = calls_[number - 1];
    expect(recorded_.insert(call.number).second, "one record for an answer", std::string(text));
    expect(values[method] == call.method, "a record has its request's method", std::string(text));
    expect(values[line].find(call.target) != std::string::npos || call.target.find_first_of("\"\\") != std::string::npos,
           "a record has its request's line", std::string(text));
    if (peer != 0) expect(peer == call.peer, "a record names its peer", std::string(text));
    if (call.finished && code != 499) {
        expect(static_cast<int>(code) == call.status || code == 500, "a record has its answer's status", std::string(text));
    }
}

void Judge::judge_log(std::string_view lines) const {
    for (const char* const never : {"Connection failed", "Can't serve", "Exception in", "exception handler"}) {
        const std::size_t at = lines.find(never);
        if (at != std::string_view::npos) wrong("the log says: " + std::string(lines.substr(at, 300)));
    }
}

}  // namespace girin::test
