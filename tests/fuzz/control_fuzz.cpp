// What clients may ask of the control socket and of admin addresses, and what passes between monitor and master about it:
// bodies, requests, answers, hosts, and the desk where outcomes are waited for.

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cmath>
#include <set>

#include "supervisor/control/control_desk.hpp"
#include "supervisor/monitor/asker_check.hpp"
#include "supervisor/monitor/json_text.hpp"
#include "supervisor/monitor/request_body.hpp"
#include "tests/fuzz/server/choices.hpp"
#include "tests/fuzz/server/verdict.hpp"

namespace girin::test {
namespace {

constexpr ControlVerb kVerbs[] = {ControlVerb::reload, ControlVerb::scale, ControlVerb::stop, ControlVerb::reopen,
                                  ControlVerb::upgrade, ControlVerb::kill, ControlVerb::log_level};

/// What is asked with a body reaches the master as it was asked, and by whom is never the client's to say.
void judge_body(ControlVerb verb, std::string_view body) {
    auto asked = parse_request_body(verb, body);
    if (!asked) return;
    expect(asked->verb == verb && asked->asker.empty(), "a body says neither verb nor asker", std::string(body));
    asked->asker = "uid 1000, pid 7";
    const auto heard = ControlRequest::parse(asked->to_text());
    expect(heard.has_value(), "the master understands what a body asks", asked->to_text());
    expect(heard->verb == verb && heard->argument == asked->argument && heard->asker == asked->asker,
           "the master hears what was asked, and of whom", asked->to_text());
    const auto again = make_request_body(verb, asked->argument);
    if (!again) return;
    const auto same = parse_request_body(verb, again->text);
    expect(same && same->argument == asked->argument, "a body says its argument", again->text);
}

void judge_request(std::string_view text) {
    const auto request = ControlRequest::parse(text);
    if (!request) return;
    const auto again = ControlRequest::parse(request->to_text());
    expect(again && again->verb == request->verb && again->argument == request->argument && again->asker == request->asker,
           "a request is read as it was written", std::string(text));
    for (const std::string* part : {&request->argument, &request->asker}) {
        expect(text.find(*part) != std::string_view::npos, "nothing of a request comes from nowhere", *part);
    }
}

void judge_answer(std::string_view text) {
    const auto answer = ControlAnswer::parse(5, text);
    if (!answer) return;
    const auto again = ControlAnswer::parse(5, answer->to_text());
    expect(again && again->id == 5 && again->kind == answer->kind && again->text == answer->text,
           "an answer is read as it was written", std::string(text));
}

void judge_scale(std::string_view text) {
    const auto scale = parse_scale(text);
    if (!scale) return;
    expect(scale->count >= -1'000'000 && scale->count <= 1'000'000, "no count is beyond bounds", std::string(text));
    expect(scale->relative || scale->count > 0, "a number of workers is one", std::string(text));
    const std::string sign = scale->relative && scale->count >= 0 ? "+" : "";
    const auto again = parse_scale(sign + std::to_string(scale->count));
    expect(again && again->count == scale->count && again->relative == scale->relative, "a number is one", std::string(text));
}

/// A page of another site can't call itself by an address, by localhost or by one of ours.
void judge_host(std::string_view host) {
    const bool ours = is_own_host(host, {"shop-7"});
    const std::string_view name = host.substr(0, host.find(':'));
    const bool named = name.size() < 12 && (name.find_first_not_of("0123456789.") == std::string_view::npos);
    const bool letters = std::ranges::any_of(name, [](char c) { return (c >= 'g' && c <= 'z') || (c >= 'G' && c <= 'Z'); });
    const auto lower = [](std::string_view text) {
        std::string small(text);
        for (char& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c;
        if (small.ends_with('.')) small.pop_back();
        return small;
    };
    if (ours && !named && letters && !host.starts_with('[') && host.find('\0') == std::string_view::npos) {
        expect(lower(name) == "localhost" || lower(name) == "shop-7", "no other name is ours", std::string(host));
    }
    expect(is_own_host(host, {"*"}), "* is all");
}

/// However events follow on each other: nobody is answered twice, nor without having asked; and in the end everybody.
void judge_desk(Choices& choices) {
    ControlDesk desk;
    std::set<std::uint64_t> waiting;
    std::uint64_t last = 0;
    const auto ask = [&] {
        waiting.insert(++last);
        return last;
    };
    const auto take = [&] {
        for (const ControlAnswer& answer : desk.take_answers()) {
            expect(waiting.erase(answer.id) == 1, "one answer for one who asked");
            expect(!answer.text.empty(), "an answer says something");
        }
    };
    for (int steps = 0; steps < 200 && !choices.empty(); ++steps) {
        const std::size_t value = choices.below(4);
        FleetGlance glance;
        switch (choices.below(14)) {
            case 0: if (!desk.is_full()) desk.await_reload(ask(), value % 2 == 1); break;
            case 1: if (!desk.is_full()) desk.await_scale(ask(), value); break;
            case 2: if (!desk.is_full()) desk.await_exit(ask(), value, static_cast<pid_t>(100 + value)); break;
            case 3: if (!desk.is_full()) desk.await_stop(ask()); break;
            case 4: desk.on_reload_begins(static_cast<std::uint32_t>(value + 1)); break;
            case 5: desk.on_reload_committed(static_cast<std::uint32_t>(value + 1), std::chrono::seconds(value)); break;
            case 6: desk.on_watch_ended(static_cast<std::uint32_t>(value + 1), value % 2 == 1 ? "it was unwell" : ""); break;
            case 7: desk.on_reload_rolled_back(static_cast<std::uint32_t>(value + 1), "it was unwell"); break;
            case 8: desk.on_worker_exited(value, static_cast<pid_t>(100 + value), "worker exited"); break;
            case 9: desk.on_stopping(); break;
            case 10: desk.answer(ControlAnswer(ask(), AnswerKind::done, "fine")); break;
            default:
                glance.wanted = value;
                glance.ready = choices.below(4);
                glance.degraded = choices.below(4) == 1;
                glance.degraded_why = "workers fail";
                desk.look(glance);
                break;
        }
        take();
    }
    desk.on_stopping();
    desk.on_stopped();
    take();
    expect(waiting.empty(), "who asked is answered when the server has stopped", std::to_string(waiting.size()));
}

/// Boost.JSON 1.81 may read the last digit of a large fraction as its neighbour, and 1e999 as infinite, for which JSON has null.
bool are_alike(const boost::json::value& a, const boost::json::value& b) {
    if (a.is_double() && !std::isfinite(a.get_double())) return b.is_null();
    if (a.is_double() && b.is_number()) {
        const double one = a.get_double(), other = b.to_number<double>();
        return std::abs(one - other) <= 1e-12 * std::max(std::abs(one), std::abs(other));
    }
    if (a.is_array() && b.is_array()) return std::ranges::equal(a.get_array(), b.get_array(), are_alike);
    if (!a.is_object() || !b.is_object()) return a == b;
    const auto has_such = [&](const auto& member) {
        const auto* const other = b.get_object().if_contains(member.key());
        return other != nullptr && are_alike(member.value(), *other);
    };
    return a.get_object().size() == b.get_object().size() && std::ranges::all_of(a.get_object(), has_such);
}

void judge_json(std::string_view text) {
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(text, error);
    if (error) return;
    const std::string told = json_text(value);
    const boost::json::value again = boost::json::parse(told, error);
    expect(!error, "JSON that we write is JSON", told);
    expect(are_alike(value, again), "and says the same", told);
}

}  // namespace
}  // namespace girin::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace girin::test;
    Choices choices({reinterpret_cast<const char*>(data), size});
    const std::size_t what = choices.byte();
    if (what % 8 == 7) {
        judge_desk(choices);
        return 0;
    }
    const std::string_view text = choices.rest();
    judge_body(kVerbs[what / 8 % std::size(kVerbs)], text);
    judge_request(text);
    judge_answer(text);
    judge_scale(text);
    judge_host(text);
    judge_json(text);
    return 0;
}
