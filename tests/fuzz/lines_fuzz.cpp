// What processes say to each other: packets between master and worker, the text that one master hands to the next, what a
// program tells in its master's place (sd_notify) and what is done about it, what a service manager says.

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "girin/run/hook_facts.hpp"
#include "supervisor/exec/exec_command.hpp"
#include "supervisor/exec/exec_keeper.hpp"
#include "supervisor/exec/notify_receiver.hpp"
#include "supervisor/systemd/service_environment.hpp"
#include "supervisor/upgrade/handover.hpp"
#include "supervisor/upgrade/handover_line.hpp"
#include "supervisor/zygote/zygotes.hpp"
#include "tests/fuzz/server/choices.hpp"
#include "tests/fuzz/server/verdict.hpp"
#include "worker/process/channel.hpp"

namespace girin::test {
namespace {

struct Pair {
    UniqueFd ours, theirs;

    Pair() {
        int fds[2];
        expect(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0, "a pair of sockets");
        ours.reset(fds[0]);
        theirs.reset(fds[1]);
    }
};

/// One pair for all inputs: a packet is a packet.
Pair& pair() {
    static Pair one;
    return one;
}

void judge_packet(std::string_view bytes) {
    if (bytes.empty() || bytes.size() > 8000) return;
    expect(::send(pair().theirs.get(), bytes.data(), bytes.size(), MSG_DONTWAIT) >= 0, "a packet goes out");
    Message message;
    const Received received = receive_message(pair().ours.get(), message);
    expect(received != Received::nothing_yet, "a packet is there");
    if (received == Received::closed) return;
    expect(message.kind <= kLastMessageKind, "a kind is one of ours");
    expect(message.text.size() <= Message::kMaxText && bytes.ends_with(message.text), "a text is the packet's", message.text);
}

void judge_message(Choices& choices) {
    const auto kind = static_cast<MessageKind>(choices.below(static_cast<std::size_t>(kLastMessageKind) + 1));
    const std::int64_t value = static_cast<std::int64_t>(choices.byte()) << choices.below(56);
    const std::string text(choices.rest());
    const int lent[] = {pair().ours.get(), pair().theirs.get()};
    const std::size_t count = text.size() % 3;
    expect(send_message(pair().theirs.get(), Message(kind, value, text), std::span(lent, count)).has_value(),
        "a message goes out");
    Message message;
    std::vector<UniqueFd> descriptors;
    expect(receive_message(pair().ours.get(), message, descriptors) == Received::message, "and comes");
    expect(message.kind == kind && message.value == value && message.text == text.substr(0, Message::kMaxText), "as it was sent");
    expect(descriptors.size() == count, "with its descriptors");
}

/// What a zygote says.
void judge_report(std::string_view bytes) {
    const auto report = unpack_report(std::as_bytes(std::span(bytes)));
    if (!report) return;
    expect(report->says <= kLastOfZygoteSays && report->text.size() <= ZygoteReport::kMostText, "a report has its bounds");
    const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; };
    expect(std::ranges::none_of(report->text, is_control), "a report is one line", report->text);
    const auto again = unpack_report(pack(*report));
    expect(again && again->number == report->number && again->value == report->value && again->text == report->text,
        "and comes as it was sent");
}

/// One zygote and a few slots, whatever it says and whenever: each spawn is answered once, and by nobody but a child of ours.
void judge_zygotes(Choices& choices) {
    Zygotes zygotes;
    TimePoint now(std::chrono::hours(1));
    std::set<std::size_t> open;
    std::uint32_t id = 0;
    std::uint64_t number = 0;
    const auto carry_out = [&](const Zygotes::Actions& actions) {
        for (const ZygoteAction& action : actions) {
            if (action.kind == ZygoteAction::Kind::start) id = action.id;
            if (action.kind == ZygoteAction::Kind::order) number = action.number;
            const bool answers = action.kind == ZygoteAction::Kind::take || action.kind == ZygoteAction::Kind::fail;
            if (answers) expect(open.erase(action.slot) == 1, "a spawn is answered once");
            if (action.kind == ZygoteAction::Kind::take) expect(action.pid == 7, "only a child of ours is taken");
        }
    };
    while (!choices.empty()) {
        const std::size_t slot = choices.below(4);
        switch (choices.below(7)) {
            case 0:
                if (open.insert(slot).second) carry_out(zygotes.spawn(slot, 1, now));
                break;
            case 1: carry_out(zygotes.call_off(slot, now)); break;
            case 2: carry_out(zygotes.on_ended(id, "crashed", now)); break;
            case 3: now += std::chrono::seconds(choices.below(12)); carry_out(zygotes.on_deadline(now)); break;
            case 4: carry_out(zygotes.on_impossible(id, "full", now)); break;
            default: {
                const bool is_ours = choices.one_in(2);
                const auto says = static_cast<ZygoteSays>(choices.below(static_cast<std::size_t>(kLastOfZygoteSays) + 1));
                const ZygoteReport report(says, number + choices.below(2), is_ours ? 7 : 8, "why");
                carry_out(zygotes.on_report(id, report, is_ours, now));
            }
        }
    }
    carry_out(zygotes.drop_all());
    expect(open.empty(), "and none is forgotten");
}

void judge_handover(const std::string& text) {
    const auto handover = parse_handover(text);
    if (!handover) return;
    expect(handover->in_place || handover->channel_fd >= 0, "a successor has a channel", text);
    for (const Elder& elder : handover->elders) expect(elder.pid > 1, "an elder is a process", text);
    const auto told = to_text(*handover);
    expect(told.has_value(), "a handover that was read can be told", text);
    const auto again = parse_handover(*told);
    expect(again.has_value(), "and is read", *told);
    expect(*to_text(*again) == *told, "and says the same", *told);
}

std::string a_path(Choices& choices) { return "/run/" + std::string(choices.bytes(choices.below(12))); }

void judge_handed_over(Choices& choices) {
    Handover handover;
    handover.in_place = choices.below(2) == 1;
    if (!handover.in_place) handover.channel_fd = static_cast<int>(choices.byte());
    handover.binary_fd = handover.in_place ? static_cast<int>(choices.byte()) : -1;
    if (handover.in_place) handover.failure = std::string(choices.bytes(choices.below(20)));
    if (choices.below(2) == 1) {
        handover.pidfile_fd = choices.byte();
        handover.pidfile = a_path(choices);
    }
    for (std::size_t i = choices.below(4); i > 0; --i) {
        HandoverSocket& socket = (i % 2 == 0 ? handover.control : handover.sockets).emplace_back();
        socket.fd = choices.byte();
        socket.bind = "unix:" + a_path(choices);
        socket.address = socket.bind;
    }
    const auto told = to_text(handover);
    if (!told) return;
    const auto again = parse_handover(*told);
    expect(again.has_value(), "what one master tells, the next one understands", *told + (again ? "" : again.error().message()));
    expect(again->pidfile == handover.pidfile && again->sockets.size() == handover.sockets.size() &&
               again->control.size() == handover.control.size(),
           "all of it", *told);
    for (std::size_t i = 0; i < again->sockets.size(); ++i) {
        expect(again->sockets[i].bind == handover.sockets[i].bind &&
            again->sockets[i].address == handover.sockets[i].address, "each socket", *told);
    }
}

void judge_said(std::string_view text) {
    if (text.empty()) return;
    say(pair().theirs.get(), text);
    const HeardLine heard = hear(pair().ours.get());
    expect(heard.text && !heard.closed && *heard.text == text.substr(0, 2000), "what is said is heard");
    expect(!hear(pair().ours.get()).text, "once");
}

void judge_news(std::string_view datagram) {
    const NotifyNews news = parse_notification(datagram);
    expect(!news.ready || datagram.find("READY=1") != std::string_view::npos, "ready is said", std::string(datagram));
    expect(!news.alive || datagram.find("WATCHDOG=1") != std::string_view::npos, "alive is said", std::string(datagram));
    expect(news.status.find('\n') == std::string::npos, "a status is a line", news.status);
    expect(news.status.empty() || datagram.find("STATUS=" + news.status) != std::string_view::npos, "a status is said");
}

/// The keeper, whatever comes in whatever order: a program is told to stop once, ends within its time, and isn't started
/// or taken for ready after that.
void judge_keeper(Choices& choices) {
    ExecKeeperOptions options;
    options.must_tell = choices.below(2) == 1;
    options.timeout = std::chrono::seconds(choices.below(3));
    options.graceful = std::chrono::seconds(1 + choices.below(3));
    TimePoint now{std::chrono::hours(1)};
    ExecKeeper keeper(options, now);
    int ready = 0, stops = 0, aborts = 0, kills = 0, recycles = 0, drainings = 0;
    const auto take = [&](const ExecKeeper::Steps& steps) {
        for (const ExecStep& step : steps) {
            switch (step.kind) {
                case ExecStep::Kind::tell_ready:
                    ++ready;
                    expect(stops == 0 && aborts == 0, "nobody gets ready after it was told to stop");
                    break;
                case ExecStep::Kind::tell_draining: ++drainings; break;
                case ExecStep::Kind::tell_recycle: ++recycles; break;
                case ExecStep::Kind::stop_program: ++stops; break;
                case ExecStep::Kind::abort_program: ++aborts; break;
                case ExecStep::Kind::kill_program:
                    ++kills;
                    expect(stops + aborts > 0 && !step.text.empty(), "nobody is killed unasked, or without a reason");
                    break;
            }
        }
    };
    for (int steps = 0; steps < 60 && !choices.empty(); ++steps) {
        NotifyNews news;
        switch (choices.below(10)) {
            case 0: news.ready = true; take(keeper.on_news(news, now)); break;
            case 1: news.alive = true; take(keeper.on_news(news, now)); break;
            case 2: news.stopping = true; take(keeper.on_news(news, now)); break;
            case 3: take(keeper.on_port_open()); break;
            case 4: take(keeper.on_drain(std::chrono::seconds(choices.below(4)), now)); break;
            case 5: take(keeper.on_quit(now)); break;
            case 6: take(choices.below(2) == 0 ? keeper.on_term(now) : keeper.on_master_gone(now)); break;
            case 7: take(keeper.on_abort(now)); break;
            case 8: take(keeper.on_worn_out("max-requests")); break;
            default: now += std::chrono::milliseconds(100 * choices.byte()); take(keeper.on_time(now)); break;
        }
        const auto next = keeper.next_deadline();
        if (next && *next < now) take(keeper.on_time(now));
    }
    expect(ready <= 1 && stops <= 1 && aborts <= 1 && recycles <= 1 && drainings <= 1, "each thing is said once");
    take(keeper.on_drain(options.graceful, now));
    // Within its time it is killed.
    now += std::chrono::seconds(10);
    take(keeper.on_time(now));
    expect(kills >= 1, "a program that doesn't end is killed");
    const ExecEnd end = keeper.on_end(choices.below(2) == 1);
    expect(aborts == 0 || end.kind == ExecEnd::Kind::aborted, "who was aborted ends so");
}

void judge_environment(Choices& choices) {
    const char* const kNames[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"};
    for (const char* const name : kNames) {
        const std::size_t how = choices.below(8);
        std::string value(choices.bytes(choices.below(10)));
        std::erase(value, '\0');
        if (how == 1) value = std::to_string(::getpid());
        if (how == 2) value = "3";
        if (how == 3) value = "99999999999999999999";
        if (how == 0) {
            ::unsetenv(name);
        } else {
            ::setenv(name, value.c_str(), 1);
        }
    }
    const ServiceEnvironment taken = ServiceEnvironment::take();
    for (const char* const name : kNames) expect(std::getenv(name) == nullptr, "nothing of it stays", name);
    expect(taken.sockets <= ServiceEnvironment::kMostSockets && taken.watchdog >= Duration::zero(), "what was taken makes sense");
    for (const std::string& name : taken.names) expect(name.find(':') == std::string::npos, "a name is one", name);
}

void judge_facts(Choices& choices) {
    HookFacts facts(HookEvent::worker_exit);
    facts.name = std::string(choices.bytes(choices.below(30)));
    facts.reason = std::string(choices.bytes(choices.below(30)));
    facts.worker.emplace();
    facts.worker->cause = std::string(choices.rest());
    for (const std::string& variable : to_environment(facts)) {
        expect(variable.starts_with("GIRIN_") && variable.find('=') != std::string::npos, "a variable is one of ours", variable);
        expect(variable.size() < kLongestHookValue + 64, "and not too long");
        expect(std::ranges::none_of(variable, [](char c) { return static_cast<unsigned char>(c) < 0x20; }), "and one line",
            variable);
    }
}

void judge_words(std::string_view text) {
    const std::vector<std::string> filled = fill_in({std::string(text), "{fd}"}, ExecPlace(5, 2, 9000));
    expect(filled.size() == 2 && filled[1] == "5", "as many words as before");
    for (const char* const place : {"{fd}", "{slot}", "{port}"}) {
        const bool there = filled[0].find(place) != std::string::npos;
        expect(!there || text.find("{{") != std::string_view::npos || text.find('{') != text.rfind('{'), "no place is left",
            filled[0]);
    }
}

}  // namespace
}  // namespace girin::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace girin::test;
    Choices choices({reinterpret_cast<const char*>(data), size});
    const std::size_t kind = choices.byte();
    if (kind >= 253) return judge_report(choices.rest()), 0;
    if (kind >= 250) return judge_zygotes(choices), 0;
    switch (kind % 10) {
        case 0: judge_packet(choices.rest()); break;
        case 1: judge_message(choices); break;
        case 2: judge_handover(std::string(choices.rest())); break;
        case 3: judge_handover("girin-handover\t3\n" + std::string(choices.rest())); break;
        case 4: judge_handed_over(choices); break;
        case 5: judge_said(choices.bytes(3000)); break;
        case 6: judge_news(choices.rest()); break;
        case 7: judge_keeper(choices); break;
        case 8: judge_environment(choices); break;
        default:
            judge_facts(choices);
            judge_words(std::string_view(reinterpret_cast<const char*>(data), size));
            break;
    }
    return 0;
}
