#include "tests/fuzz/server/application.hpp"

#include <array>
#include <stdexcept>

#include "girin/loop/cancel.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/task_group.hpp"
#include "girin/loop/timeout.hpp"
#include "tests/fuzz/server/accepted_peers.hpp"
#include "tests/fuzz/server/verdict.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSizes[] = {0, 1, 100, 1000, 4000, 16'383, 16'384, 16'385, 20'000, 40'000, 65'536, 70'000};
// So often a handler may write without the loop's turning meanwhile: then it can't be cancelled.
constexpr int kMostWritesInATurn = 5000;

/// What a handler is called with.
struct Act {
    Request& request;
    Response& response;
    Call& call;
    FuzzApplication& application;
    std::size_t parameter;

    Act(Request& r, Response& s, Call& c, FuzzApplication& a, std::size_t p)
        : request(r), response(s), call(c), application(a), parameter(p) {}

    std::size_t size() const { return kSizes[parameter % std::size(kSizes)]; }
    void look_again() const { application.judge().look_again(call, request); }
    void status(int code) {
        response.status(code);
        call.status = code;
    }
    /// The whole answer.
    void body(const std::string& text) {
        response.body(text);
        call.body = text;
    }
    Coro<void> write(std::string piece) {
        call.body += piece;
        co_await response.write(piece);
        look_again();
    }
};

std::string echo(const Act& act) {
    std::string text(act.request.target());
    // A peer's own address differs between two runs that are compared.
    const std::string_view client = act.request.client();
    text.append("\n").append(AcceptedPeers::number_of(client) != 0 ? "the peer" : client);
    text.append("\n").append(act.request.host()).append("\n");
    for (const char* const name : {"Referer", "User-Agent", "X-Token", "Host"}) {
        text.append(act.request.header(name).value_or("-")).append("\n");
    }
    return text;
}

std::string filler(std::size_t size, std::size_t seed) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i / 97 + i + seed) % 23);
    return text;
}

Coro<void> answer(Act& act) {
    act.body(echo(act));
    co_return;
}

Coro<void> answer_much(Act& act) {
    act.body(echo(act) + filler(act.size(), act.parameter));
    co_return;
}

Coro<void> answer_empty(Act& act) {
    act.body("");
    co_return;
}

Coro<void> stream(Act& act) {
    std::string first = echo(act);
    co_await act.write(std::move(first));
    for (std::size_t i = 0; i < act.parameter % 5; ++i) {
        std::string piece = filler(kSizes[act.parameter / 5 % std::size(kSizes)], i);
        co_await act.write(std::move(piece));
        if (i % 2 == 1) co_await act.response.flush();
        if (act.parameter % 3 == 0) co_await sleep_for(2ms);
    }
}

Coro<void> stream_announced(Act& act) {
    const std::string piece = filler(act.size(), act.parameter);
    const std::string whole = echo(act) + piece;
    act.response.header("Content-Length", std::to_string(whole.size()));
    act.call.announced = true;
    std::string first = whole.substr(0, whole.size() / 2), second = whole.substr(whole.size() / 2);
    co_await act.write(std::move(first));
    co_await act.write(std::move(second));
}

Coro<void> announce_wrongly(Act& act) {
    act.response.header("Content-Length", act.parameter % 2 == 0 ? "10" : "1000000");
    std::string piece = filler(40, 0);
    co_await act.write(std::move(piece));
}

Coro<void> read_whole(Act& act) {
    // How much of a body that is too large has come by then is a matter of timing.
    const bool is_strict = act.parameter % 4 == 3 && !act.application.compares_runs();
    const std::string body = co_await act.request.read_all(is_strict ? 10 : 1'000'000);
    act.look_again();
    act.application.judge().saw_body(act.call, body);
    act.body(echo(act) + body);
}

Coro<void> echo_pieces(Act& act) {
    for (;;) {
        const std::string_view piece = co_await act.request.read();
        if (piece.empty()) break;
        act.look_again();
        act.application.judge().saw_body(act.call, piece);
        std::string copy(piece);
        co_await act.write(std::move(copy));
    }
    std::string last = echo(act);
    co_await act.write(std::move(last));
}

Coro<void> read_half(Act& act) {
    if (act.application.compares_runs()) {
        co_await read_whole(act);
        co_return;
    }
    const std::string_view piece = co_await act.request.read();
    act.application.judge().saw_body(act.call, piece);
    act.body(echo(act));
}

Coro<void> wait_for_gate(Act& act) {
    const Future<void> gate = act.application.gate();
    co_await gate;
    act.look_again();
    act.body(echo(act));
}

Coro<void> nap(Act& act) {
    co_await sleep_for(std::chrono::milliseconds(act.parameter % 10));
    act.look_again();
    act.body(echo(act));
}

Coro<void> sleep_long(Act& act) {
    co_await sleep_for(std::chrono::milliseconds(act.application.compares_runs() ? 3 : act.parameter * 10));
    act.look_again();
    act.body(echo(act));
}

Coro<void> never_end(Act& act) {
    act.call.endless = act.call.obedient = !act.application.compares_runs();
    while (act.call.endless) co_await sleep_for(std::chrono::hours(1));
    act.body("compared");
}

Coro<void> stream_for_ever(Act& act) {
    act.call.endless = !act.application.compares_runs();
    std::uint64_t turn = act.application.loop().turns();
    int writes = 0;
    do {
        std::string piece = filler(act.parameter % 2 == 0 ? 400 : 2000, 1);
        co_await act.write(std::move(piece));
        if (act.parameter % 8 == 0) co_await sleep_for(20ms);
        if (turn != act.application.loop().turns()) writes = 0;
        turn = act.application.loop().turns();
        expect(++writes < kMostWritesInATurn, "who writes without end lets others have their turn", act.call.head);
    } while (act.call.endless);
}

Coro<void> fail(Act&) {
    throw std::runtime_error("the handler fails");
    co_return;
}

Coro<void> fail_with_status(Act& act) {
    constexpr std::array kCodes{404, 200, 204, 503, 400, 100, 700, 413};
    throw HttpError(kCodes[act.parameter % kCodes.size()], "told by an exception");
    co_return;
}

Coro<void> fail_late(Act& act) {
    std::string piece = echo(act) + filler(act.size(), 5);
    co_await act.write(std::move(piece));
    if (act.parameter % 2 == 0) co_await sleep_for(1ms);
    throw std::runtime_error("the handler fails late");
}

/// Cancelled or not, it answers.
Coro<void> insist(Act& act) {
    bool cancelled = false;
    const Future<void> gate = act.application.gate();
    try {
        co_await gate;
    } catch (const Cancelled&) {
        cancelled = true;
    }
    if (cancelled) co_await sleep_for(std::chrono::milliseconds(act.parameter));
    act.look_again();
    act.body(echo(act));
}

Coro<void> cancel_itself(Act&) {
    throw Cancelled{};
    co_return;
}

Coro<void> take_longer(Act& act) {
    act.request.extend_deadline(std::chrono::milliseconds(act.parameter * 10));
    co_await sleep_for(act.application.compares_runs() ? 2ms : std::chrono::milliseconds(act.parameter * 12));
    act.look_again();
    act.body(echo(act));
}

Coro<void> answer_without_body(Act& act) {
    constexpr std::array kCodes{204, 304, 205, 299, 404, 500};
    act.status(kCodes[act.parameter % kCodes.size()]);
    if (act.parameter % 2 == 0) {
        act.body(echo(act));
    } else {
        std::string piece = echo(act);
        co_await act.write(std::move(piece));
    }
}

Coro<void> read_into(Act& act, std::size_t& bytes) {
    for (;;) {
        const std::string_view piece = co_await act.request.read();
        if (piece.empty()) co_return;
        act.application.judge().saw_body(act.call, piece);
        bytes += piece.size();
    }
}

Coro<void> write_beside(TaskGroup& group, Act& act, std::size_t& bytes) {
    group.create_task(read_into(act, bytes));
    std::string piece = echo(act) + filler(act.size(), 3);
    co_await act.write(std::move(piece));
    co_await act.response.flush();
}

/// Reads and writes at the same time.
Coro<void> read_and_write(Act& act) {
    if (act.application.compares_runs()) {  // how much is written before a bad body is seen is a matter of timing
        co_await read_whole(act);
        co_return;
    }
    std::size_t bytes = 0;
    co_await with_task_group(&write_beside, std::ref(act), std::ref(bytes));
    std::string last = std::to_string(bytes) + " bytes";
    co_await act.write(std::move(last));
}

Coro<void> read_impatiently(Act& act) {
    if (act.application.compares_runs()) {
        co_await read_whole(act);
        co_return;
    }
    for (int tries = 0; tries < 4; ++tries) {
        bool late = false;
        try {
            const std::string_view piece = co_await timeout(Duration(5ms), act.request.read());
            act.application.judge().saw_body(act.call, piece);
            if (piece.empty()) break;
        } catch (const TimeoutError&) {
            late = true;
        }
        if (late) act.look_again();
    }
    act.body(echo(act));
}

Coro<void> misuse(Act& act) {
    switch (act.parameter % 5) {
        case 0: act.response.header("X-Bad", "a\r\nb"); break;
        case 1: act.response.header("bad name", "a"); break;
        case 2: act.response.status(42); break;
        case 3: act.body("x"); co_await act.response.write("y"); break;
        default: co_await act.write("y"); act.response.header("X-Late", "a"); break;
    }
    act.body("misused");
}

Coro<void> stream_with_trailer(Act& act) {
    act.response.trailer("X-Sum", act.request.header("X-Token").value_or("none"));
    std::string piece = echo(act);
    co_await act.write(std::move(piece));
}

Coro<void> write_impatiently(Act& act) {
    if (act.application.compares_runs()) {
        co_await answer_much(act);
        co_return;
    }
    for (int tries = 0; tries < 3; ++tries) {
        try {
            std::string piece = filler(act.size(), static_cast<std::size_t>(tries));
            auto writing = act.write(std::move(piece));
            co_await timeout(Duration(5ms), std::move(writing));
        } catch (const TimeoutError&) {
        }
    }
}

using Behaviour = Coro<void> (*)(Act&);

Behaviour behaviour_of(char letter) {
    switch (letter) {
        case 'b': return answer_much;
        case 'c': return insist;
        case 'd': return take_longer;
        case 'e': return echo_pieces;
        case 'f': return stream_for_ever;
        case 'g': return answer_without_body;
        case 'h': return read_half;
        case 'i': return fail_with_status;
        case 'j': return read_and_write;
        case 'k': return cancel_itself;
        case 'l': return stream_announced;
        case 'm': return misuse;
        case 'n': return never_end;
        case 'o': return announce_wrongly;
        case 'p': return read_impatiently;
        case 'q': return stream_with_trailer;
        case 'r': return read_whole;
        case 's': return stream;
        case 't': return fail;
        case 'u': return answer_empty;
        case 'v': return write_impatiently;
        case 'w': return wait_for_gate;
        case 'x': return fail_late;
        case 'y': return sleep_long;
        case 'z': return nap;
        default: return answer;
    }
}

/// Whether the handler is at it.
class Live {
  public:
    explicit Live(Call& call) : call_(call) { call_.live = true; }
    Live(const Live&) = delete;
    Live& operator=(const Live&) = delete;
    ~Live() { call_.live = false; }

  private:
    Call& call_;
};

Coro<void> perform(Behaviour behaviour, Request& request, Response& response, Call& call, FuzzApplication& application,
                   std::size_t parameter) {
    const Live live(call);
    Act act(request, response, call, application, parameter);
    response.header("X-Answer", std::to_string(call.number));
    co_await behaviour(act);
    act.look_again();
    call.finished = true;
}

std::size_t digit(char c) { return static_cast<std::size_t>(c >= 'a' ? c - 'a' + 10 : c - '0') % 16; }

}  // namespace

Coro<void> FuzzApplication::handle(Request& request, Response& response) {
    Call& call = judge_.begin(request, loop_.now());
    const std::string_view path = request.raw_path();
    if (path.size() < 4) return perform(answer, request, response, call, *this, 0);
    if (path[1] == 'S') throw std::runtime_error("the handler can't even be called");
    const std::size_t parameter = digit(path[2]) * 16 + digit(path[3]);
    return perform(behaviour_of(path[1]), request, response, call, *this, parameter);
}

void FuzzApplication::open_gate(bool for_good) {
    if (gate_.done()) return;
    const Future<void> opened = gate_;
    if (!for_good) gate_ = Future<void>(loop_);
    opened.set_result();
}

}  // namespace girin::test
