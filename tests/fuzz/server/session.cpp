#include "tests/fuzz/server/session.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "girin/log.hpp"
#include "girin/loop/task.hpp"
#include "loop/base/log_output.hpp"
#include "tests/fuzz/server/accepted_peers.hpp"
#include "tests/fuzz/server/application.hpp"
#include "tests/fuzz/server/choices.hpp"
#include "tests/fuzz/server/client.hpp"
#include "tests/fuzz/server/composer.hpp"
#include "tests/fuzz/server/verdict.hpp"
#include "worker/serving/server.hpp"

namespace girin::test {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr std::size_t kClients = 8;        // open at once
constexpr unsigned kMostConnections = 60;  // in a session, one after the other
constexpr int kMostSteps = 150;
constexpr std::size_t kMostQueued = 200'000;
// By one client, which goes then: what never ends would take a session's time.
constexpr std::size_t kMostReceived = 100'000;
// Longer than whatever a session's options and handlers may take.
constexpr Duration kLongEnough = 12s;
constexpr Duration kLongestTurn = 1ms;

/// Files of this process that a session writes: made once, emptied each time.
class MemoryFile {
  public:
    explicit MemoryFile(const char* name) : fd_(::memfd_create(name, MFD_CLOEXEC)) {
        expect(static_cast<bool>(fd_), "a file in memory");
        ::fcntl(fd_.get(), F_SETFL, O_APPEND);
    }
    std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }
    int fd() const { return fd_.get(); }
    void empty() { expect(::ftruncate(fd_.get(), 0) == 0, "an empty file"); }
    std::string read() const {
        std::string text(static_cast<std::size_t>(::lseek(fd_.get(), 0, SEEK_END)), '\0');
        expect(::pread(fd_.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()), "what was written");
        return text;
    }

  private:
    UniqueFd fd_;
};

/// What outlives a session.
struct Process {
    MemoryFile log{"log"};
    MemoryFile access_log{"access-log"};
    Scoreboard board = Scoreboard::create(2).value();

    Process() {
        LogOptions options;
        options.file = log.path();
        open_log(options).value();
    }
    static Process& self() {
        static Process* const process = new Process;
        return *process;
    }
};

Limits choose_limits(Choices& choices) {
    Limits limits;
    const std::size_t which = choices.below(8);
    if (which < 4) return limits;
    limits.request_line_bytes = which == 4 ? 4094 : 60;
    limits.request_fields = 8;
    limits.request_field_bytes = 80;
    limits.request_head_bytes = 260;
    limits.request_body_bytes = which == 5 ? 64 : 0;
    limits.chunk_line_bytes = 16;
    limits.trailer_bytes = 40;
    limits.response_buffer_bytes = which == 6 ? 1000 : 20'000;
    limits.discarded_body_bytes = which == 6 ? 100 : 3000;
    if (which == 7) limits.connections = 3;
    return limits;
}

Timeouts choose_timeouts(Choices& choices) {
    Timeouts timeouts;
    const std::size_t which = choices.byte();
    timeouts.header = milliseconds(which % 16 == 1 ? 0 : 400);
    timeouts.body = milliseconds(which % 16 == 2 ? 0 : 500);
    timeouts.keep_alive = milliseconds(which % 16 == 3 ? 0 : 200);
    timeouts.write = milliseconds(which % 16 == 4 ? 0 : 600);
    timeouts.linger = milliseconds(which % 16 == 5 ? 50 : 200);
    timeouts.half_close = milliseconds(which % 16 == 6 ? 0 : 150);
    timeouts.request = milliseconds(which % 4 == 3 ? 300 : 0);
    timeouts.min_rate_grace = milliseconds(which % 32 == 9 ? 0 : 200);
    timeouts.close_spread = milliseconds(which % 32 == 8 ? 300 : 0);
    return timeouts;
}

class Session {
  public:
    explicit Session(Choices& choices);
    ~Session();

    /// Whatever the input says, step by step.
    void play();
    /// The same bytes in one piece and in many get the same answers, whoever was served in between.
    void compare();

  private:
    void start();
    void step();
    void finish();

    FuzzClient* current() { return current_ < clients_.size() ? clients_[current_].get() : nullptr; }
    /// In the place of what stands there; nobody when there were enough.
    FuzzClient* connect(std::size_t place);
    void end(FuzzClient& client);
    void compose(FuzzClient& client);
    void queue_scrap(FuzzClient& client);
    void queue(FuzzClient& client, const std::string& bytes);
    void settle();
    void advance(Duration duration);
    void trickle(FuzzClient& client);
    bool read_all();
    void drain(Duration limit, bool last);

    /// No client waits longer than it may.
    void judge_patience();
    void judge_handlers();
    std::vector<Answer> judge(FuzzClient& client);
    void judge_end();
    std::string describe() const;

    /// None: it was answered with more than is kept of a client.
    std::optional<std::vector<Answer>> play_script(const std::string& script, const std::vector<std::size_t>& cuts,
                                                   unsigned original);
    void expect_same(const std::vector<Answer>& whole, const std::vector<Answer>& pieces, const std::string& script);

    Choices& choices_;
    VirtualAsioLoop loop_;
    Judge judge_;
    FuzzApplication application_{loop_, judge_};
    WorkerOptions options_;
    Composer composer_{options_.limits};
    UniqueFd listener_;
    std::string name_;
    std::optional<Server> server_;
    std::vector<Task<void>> drains_;
    std::vector<std::unique_ptr<FuzzClient>> clients_{kClients};
    std::size_t current_ = 0;
    unsigned connected_ = 0;
};

Session::Session(Choices& choices) : choices_(choices) {
    Process& process = Process::self();
    process.log.empty();
    process.access_log.empty();
    process.board[0].reset();
    options_.limits = choose_limits(choices_);
    options_.timeouts = choose_timeouts(choices_);
    const std::size_t flags = choices_.byte();
    options_.forwarded_allow_ips = {(flags & 1) != 0 ? "127.9.0.0/16" : "192.0.2.1"};
    options_.access_log.enabled = (flags & 2) == 0;
    options_.access_log.format = Judge::kAccessFormat;
    options_.access_log.file = process.access_log.path();
    options_.max_requests = (flags & 4) != 0 ? 3 : 0;
    constexpr int kSendBuffers[] = {4608, 4608, 4608, 4608, 4608, 20'000, 20'000, 0};
    AcceptedPeers::reset(kSendBuffers[flags >> 5]);
    loop_.set_exception_handler([](std::exception_ptr, const std::string& message) { wrong("lost: " + message); });
    start();
}

/// As a worker ends: the loop first, so that nothing runs any more that uses the server.
Session::~Session() {
    drains_.clear();
    loop_.close();
    server_.reset();
}

void Session::start() {
    listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socklen_t size = sizeof address.sun_family;
    expect(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0, "a name of the kernel's choice");
    expect(::listen(listener_.get(), 64) == 0, "a listener");
    size = sizeof address;
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    name_.assign(address.sun_path, size - offsetof(sockaddr_un, sun_path));
    WorkerInfo worker;
    worker.pid = 1;
    server_.emplace(loop_, options_, application_, ServerPlace(worker, Process::self().board.slots()));
    ListenerSocket listener;
    listener.fd = listener_.get();
    listener.address = "fuzz";
    const auto opened = server_->open({listener});
    expect(opened.has_value(), "the server opens");
    server_->start_accepting();
}

FuzzClient* Session::connect(std::size_t place) {
    current_ = place;
    if (connected_ == kMostConnections) return current();
    if (clients_[place]) end(*clients_[place]);
    clients_[place] = std::make_unique<FuzzClient>(name_, connected_ + 1, loop_.now());
    if (!clients_[place]->is_open()) {
        clients_[place].reset();
        return nullptr;
    }
    ++connected_;
    return clients_[place].get();
}

/// What it has received is judged, and it is closed.
void Session::end(FuzzClient& client) {
    judge(client);
    client.close();
}

void Session::queue(FuzzClient& client, const std::string& bytes) {
    if (client.queued().size() + bytes.size() <= kMostQueued) client.queue(bytes);
}

void Session::compose(FuzzClient& client) {
    if (client.requests == 255) return;
    const std::string request =
        composer_.compose(choices_, static_cast<std::uint8_t>(client.number()), ++client.requests);
    client.may_have_body = client.may_have_body || !request.ends_with("\r\n\r\n") ||
        request.find("\r\nContent-Length") != std::string::npos ||
                           request.find("\r\nTransfer-Encoding") != std::string::npos;
    queue(client, request);
}

void Session::queue_scrap(FuzzClient& client) {
    const std::string scrap = Composer::scrap(choices_);
    // Only these can't begin a body.
    client.may_have_body = client.may_have_body || scrap.find_first_not_of("\r\n") != std::string::npos;
    queue(client, scrap);
}

void Session::settle() {
    for (int rounds = 0; rounds < 4; ++rounds) {
        if (!loop_.settle()) wrong("the loop comes to rest" + describe());
        if (!read_all()) return;
    }
}

/// False: there was nothing.
bool Session::read_all() {
    bool any = false;
    for (const auto& client : clients_) {
        while (client && client->reads && client->receive(65536, loop_.now())) any = true;
        if (client && client->waits() && client->received().size() > kMostReceived) end(*client);
    }
    return any;
}

void Session::advance(Duration duration) {
    const TimePoint end = loop_.now() + duration;
    // Step by step, so that clients read meanwhile, and that the patience of the server is not judged at an end only.
    while (loop_.now() < end) {
        const bool any = std::ranges::any_of(clients_, [](const auto& client) { return client && client->waits(); });
        const TimePoint next = any ? loop_.now() + Duration(100ms) : end;
        if (!loop_.run_until(std::min(end, next))) wrong("the loop comes to rest" + describe());
        read_all();
        judge_patience();
    }
    settle();
}

/// So many bytes at a time, so long apart.
void Session::trickle(FuzzClient& client) {
    const std::size_t bytes = 1 + choices_.below(16) * choices_.below(16);
    const Duration apart = milliseconds(choices_.below(4) * 60);
    for (std::size_t i = choices_.below(24); i > 0 && !client.queued().empty(); --i) {
        if (client.send(bytes) == 0) return;
        if (apart.count() > 0) advance(apart);
        settle();
    }
}

void Session::drain(Duration limit, bool last) {
    if (drains_.empty()) drains_.push_back(loop_.create_task(server_->drain(limit, last)));
}

void Session::step() {
    const std::size_t what = choices_.below(32);
    FuzzClient* client = current();
    if (what == 0) {
        current_ = choices_.below(kClients);
        return;
    }
    if (what == 1) {
        connect(choices_.below(kClients));
        return settle();
    }
    if (client == nullptr) client = connect(current_);
    if (client == nullptr) return;
    switch (what) {
        case 2: case 3: case 4: case 5: case 6: case 7:
            compose(*client);
            client->send(kMostQueued);
            return settle();
        case 8: case 9: return compose(*client);
        case 10: case 11: case 12:
            queue_scrap(*client);
            client->send(kMostQueued);
            return settle();
        case 13: return queue_scrap(*client);
        case 14: {
            client->send(1 + choices_.byte());
            return settle();
        }
        case 15: {
            if (!client->queued().empty()) client->send(client->queued().size() - 1 - choices_.byte() % client->queued().size());
            return settle();
        }
        case 16: case 17:
            client->send(kMostQueued);
            return settle();
        case 18: return loop_.run_turns(1 + static_cast<int>(choices_.below(4)));
        case 19: return advance(milliseconds(1 + choices_.below(100)));
        case 20: return advance(milliseconds(10 * choices_.byte()));
        case 21: client->half_close(loop_.now()); return settle();
        case 22:
            end(*client);
            return settle();
        case 23:
            // Goes, with what it has not read.
            client->reads = false;
            client->send(kMostQueued);
            settle();
            end(*client);
            return settle();
        case 24: client->reads = !client->reads; return settle();
        case 25:
            client->receive(1 + 40 * choices_.byte(), loop_.now());
            return settle();
        case 26:
            application_.open_gate(false);
            return settle();
        case 27: {
            const std::size_t how = choices_.byte();
            if (how % 8 == 1) drain(milliseconds(how * 4), how % 16 == 1);
            if (how % 8 == 2) server_->quit();
            if (how % 8 >= 6) server_->use_access_log(duplicate(Process::self().access_log.fd()).value());
            return settle();
        }
        case 28: case 29: return trickle(*client);
        case 30: {
            std::string& queued = client->queued();
            if (queued.empty()) return;
            const std::size_t at = (choices_.byte() * 256U + choices_.byte()) % queued.size();
            const std::string with = without_tokens(choices_.bytes(1));
            client->may_have_body = true;
            if (!with.empty() && queued[at] != '~' && (queued[at] < '0' || queued[at] > '9')) queued[at] = with[0];
            return;
        }
        default:
            for (int i = 0; i < 3; ++i) compose(*client);
            client->send(kMostQueued);
            return settle();
    }
}

void Session::play() {
    for (int steps = 0; steps < kMostSteps && !choices_.empty(); ++steps) step();
    finish();
}

/// Silence: whatever has no deadline of its own ends, unless its handler never does.
void Session::finish() {
    application_.open_gate(true);
    for (const auto& client : clients_) {
        if (client) client->reads = true;
    }
    settle();
    const Timeouts& timeouts = options_.timeouts;
    const ScoreboardSlot& slot = Process::self().board[0];
    const TimePoint end = loop_.now() + kLongEnough;
    while (loop_.now() < end && slot.connections > judge_.endless_calls()) advance(500ms);
    const bool all_end = timeouts.header.count() > 0 && timeouts.body.count() > 0 && timeouts.write.count() > 0;
    if (all_end) {
        expect(slot.connections == judge_.endless_calls(), "silent connections end", describe());
        expect(slot.requests_in_flight == judge_.endless_calls(), "no request is left", describe());
    }
    server_->quit();
    drain(Duration::zero(), false);
    for (int i = 0; i < 10 && !(slot.connections == 0 && drains_[0].done()); ++i) advance(200ms);
    expect(slot.connections == 0, "all connections end", describe());
    for (const Task<void>& task : drains_) expect(task.done(), "a drain ends");
    judge_end();
}

/// The same for handlers: by --request-timeout, or because their client has half closed and takes nothing.
void Session::judge_handlers() {
    const Duration request = options_.timeouts.request, half_close = options_.timeouts.half_close;
    for (const auto& client : clients_) {
        const Call* const call = client ? judge_.obedient_call(client->number()) : nullptr;
        if (call == nullptr) continue;
        const Duration took = loop_.now() - call->began_at;
        expect(request.count() == 0 || took < request * 5 / 4 + Duration(50ms), "a request has its time", describe());
        if (!client->is_open() || client->half_closed_at() == TimePoint::max()) continue;
        const TimePoint since = std::max({call->began_at, client->half_closed_at(), client->received_at()});
        expect(loop_.now() - since < half_close * 5 / 4 + Duration(50ms),
            "nobody works for long for a client that has gone", describe());
    }
}

void Session::judge_patience() {
    judge_handlers();
    const Timeouts& timeouts = options_.timeouts;
    if (timeouts.header.count() == 0) return;
    const Duration most = (timeouts.keep_alive + timeouts.header + timeouts.linger) * 5 / 4 + Duration(50ms);
    for (const auto& client : clients_) {
        if (!client || !client->is_open() || client->has_ended()) continue;
        const bool is_waited_for = client->reads && !client->may_have_body && client->number() <= AcceptedPeers::count() &&
                                   judge_.live_calls(client->number()) == 0;
        if (!is_waited_for) {
            client->note_progress(loop_.now());
        } else if (loop_.now() - client->progress() > most) {
            wrong("a client without a request is not waited for " + girin::to_text(loop_.now() - client->progress()) +
                  " (connection " + std::to_string(client->number()) + ")" + describe());
        }
    }
}

/// Once.
std::vector<Answer> Session::judge(FuzzClient& client) {
    if (std::exchange(client.is_judged, true)) return {};
    return judge_.judge_answers(client.number(), client.received());
}

void Session::judge_end() {
    for (const auto& client : clients_) {
        if (client && client->is_open()) end(*client);
    }
    ScoreboardSlot& slot = Process::self().board[0];
    expect(slot.requests_in_flight == 0, "no request is in flight", describe());
    expect(!slot.request.read().has_value(), "no request is noted as running");
    expect(slot.accepted == AcceptedPeers::count(), "each connection is counted", describe());
    expect(slot.requests >= judge_.calls(), "each request is counted", describe());
    const std::string lines = Process::self().access_log.read();
    const std::size_t records = judge_.judge_records(lines, loop_.elapsed() + kLongestTurn);
    const std::size_t wanted = options_.access_log.enabled ? slot.requests.load() : 0;
    expect(records == wanted, "a record for each request", std::to_string(records) + describe());
    judge_.judge_log(Process::self().log.read());
}

std::string Session::describe() const {
    const ScoreboardSlot& slot = Process::self().board[0];
    return "; connections " + std::to_string(slot.connections.load()) + ", in flight " +
           std::to_string(slot.requests_in_flight.load()) + ", requests " + std::to_string(slot.requests.load()) +
           ", accepted " + std::to_string(slot.accepted.load()) + " of " + std::to_string(connected_) + ", endless " +
           std::to_string(judge_.endless_calls()) + ", calls " + std::to_string(judge_.calls());
}

// --- comparing

std::optional<std::vector<Answer>> Session::play_script(const std::string& script, const std::vector<std::size_t>& cuts,
                                                        unsigned original) {
    FuzzClient* const client = connect(connected_ % kClients);
    expect(client != nullptr, "a client for a script");
    client->may_have_body = true;
    if (original != 0) judge_.send_again(client->number(), original);
    client->queue(script);
    std::size_t sent = 0;
    for (const std::size_t cut : cuts) {
        sent += client->send(cut - sent);
        settle();
        if (sent < cut) break;
    }
    // Time for handlers that sleep, while the kernel may not take all that is to be sent; not enough for any deadline.
    for (int i = 0; i < 6; ++i) {
        client->send(script.size());
        settle();
        advance(20ms);
    }
    if (client->is_judged) return std::nullopt;
    return judge(*client);
}

void Session::expect_same(const std::vector<Answer>& whole, const std::vector<Answer>& pieces, const std::string& script) {
    for (std::size_t i = 0; i < std::min(whole.size(), pieces.size()); ++i) {
        expect(whole[i].text == pieces[i].text, "answers don't depend on segmentation",
               "\n--- in one piece\n" + whole[i].text.substr(0, 600) + "\n--- in pieces\n" + pieces[i].text.substr(0, 600));
    }
    expect(whole.size() == pieces.size(), "as many answers, however the bytes came",
           std::to_string(whole.size()) + " in one piece, " + std::to_string(pieces.size()) + " in pieces" + describe() +
               ", of\n" + script);
}

void Session::compare() {
    application_.compare_runs();
    application_.open_gate(true);
    std::string script, other;
    const std::size_t how = choices_.byte();
    for (std::size_t i = 0; i <= how % 6; ++i) {
        if (choices_.one_in(3)) {
            script += Composer::scrap(choices_);
        } else {
            script += composer_.compose(choices_, 1, static_cast<std::uint8_t>(i + 1));
        }
    }
    for (std::size_t i = 0; i < how / 8 % 3; ++i) {
        other += i % 2 == 1 ? Composer::scrap(choices_) : composer_.compose(choices_, 2, static_cast<std::uint8_t>(i + 1));
    }
    std::vector<std::size_t> cuts;
    const bool by_byte = how >= 192 && script.size() < 400;
    for (std::size_t at = 0; cuts.size() < (by_byte ? 400 : 12);) {
        at += by_byte ? 1 : 1 + choices_.byte() * (1 + script.size() / 1000);
        if (at >= script.size()) break;
        cuts.push_back(at);
    }
    const auto whole = play_script(script, {}, 0);
    play_script(other, {}, 0);
    if (how / 64 % 2 == 1) end(*current());
    if (Process::self().board[0].connections >= options_.limits.connections) return;  // it would wait for its turn
    const auto pieces = play_script(script, cuts, 1);
    if (whole && pieces) expect_same(*whole, *pieces, script);
    finish();
}

}  // namespace

void play_session(std::string_view input) {
    Choices choices(input);
    const bool compares = choices.byte() % 4 == 3;
    Session session(choices);
    compares ? session.compare() : session.play();
}

}  // namespace girin::test
