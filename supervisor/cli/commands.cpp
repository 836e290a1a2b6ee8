#include "supervisor/cli/commands.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cstdio>
#include <deque>
#include <functional>

#include "girin/run/exit_code.hpp"
#include "supervisor/cli/command_line.hpp"
#include "supervisor/cli/master_end.hpp"
#include "supervisor/cli/status_text.hpp"
#include "supervisor/cli/status_words.hpp"
#include "supervisor/cli/terminal.hpp"
#include "supervisor/cli/top_screen.hpp"
#include "supervisor/monitor/request_body.hpp"

namespace girin {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

constexpr milliseconds kLookLimit{5'000};     // for a status
constexpr milliseconds kRedraw{1'000};
constexpr milliseconds kGoneLimit{10'000};    // from a stop's answer to the process's end

int print(const std::string& text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    return static_cast<int>(written ? ExitCode::ok : ExitCode::failure);
}

int fail(const CommandLine& line, const std::string& text) {
    if (line.json) {
        json::object object;
        object["outcome"] = "failed";
        object["message"] = text;
        print(json::serialize(object) + "\n");
    } else {
        std::fprintf(stderr, "girin %s: %s\n", std::string(line.command->name).c_str(), to_lines(text).c_str());
    }
    return static_cast<int>(ExitCode::failure);
}

json::object parse_object(const std::string& text) {
    boost::system::error_code error;
    const json::value value = json::parse(text, error);
    return error || !value.is_object() ? json::object() : value.get_object();
}

Result<ControlReply> look(const std::string& path) {
    auto reply = ask_blocking(path, "GET", "/v1/status", {}, kLookLimit);
    if (reply && reply->status != 200) return Error("the server answers " + std::to_string(reply->status) + ": " + reply->body);
    return reply;
}

int show_status(const CommandLine& line, const std::string& path) {
    const auto reply = look(path);
    if (!reply) return fail(line, reply.error().message());
    return print(line.json ? reply->body : status_text(parse_object(reply->body)));
}

/// Adds those that came after the last; the oldest make room.
void look_for_events(const std::string& path, std::deque<json::object>& events) {
    const std::string after = events.empty() ? "" : "?after=" + whole_words(member(events.back(), "n"));
    const auto reply = ask_blocking(path, "GET", "/v1/events" + after, {}, kLookLimit);
    if (!reply || reply->status != 200) return;  // the status tells what is wrong
    const json::object news = parse_object(reply->body);
    const json::value& list = member(news, "events");
    for (const json::value& event : list.is_array() ? list.get_array() : json::array()) {
        if (event.is_object()) events.push_back(event.get_object());
    }
    while (events.size() > kTopEvents) events.pop_front();
}

/// Until somebody has had enough. Returns why it can't go on; empty: it could.
std::string watch(const std::string& path) {
    const Terminal terminal;
    std::deque<json::object> events;
    for (bool goes_on = true; goes_on; goes_on = terminal.wait_key(kRedraw) != Terminal::kQuit) {
        const auto reply = look(path);
        if (!reply) return reply.error().message();
        look_for_events(path, events);
        terminal.show(top_screen(parse_object(reply->body), events, terminal.size()));
    }
    return "";
}

int show_top(const CommandLine& line, const std::string& path) {
    if (line.once || line.json || !Terminal::is_there()) return show_status(line, path);
    const std::string failure = watch(path);
    return failure.empty() ? static_cast<int>(ExitCode::ok) : fail(line, failure);
}

/// The end of the server's master; of no process: which it is can't be known, or it has ended.
MasterEnd find_master(const std::string& path) {
    const auto reply = look(path);
    if (!reply) return {};
    const json::object status = parse_object(reply->body);
    const json::value* const pid = status.if_contains("pid");
    if (!pid || !pid->is_int64()) return {};
    return MasterEnd(static_cast<pid_t>(pid->get_int64()));
}

int print_outcome(const CommandLine& line, const ControlReply& reply) {
    const json::object answer = parse_object(reply.body);
    const json::value* const message = answer.if_contains("message");
    std::string text = message && message->is_string() ? std::string(message->get_string()) : reply.body;
    while (text.ends_with('\n')) text.pop_back();
    if (reply.status != 200 && !(line.json && message)) return fail(line, text);
    print(line.json ? reply.body : to_lines(text) + "\n");
    return static_cast<int>(reply.status == 200 ? ExitCode::ok : ExitCode::failure);
}

std::string argument_of(const CommandLine& line) {
    if (line.quick) return "quick";
    return line.settled ? "settled" : line.argument;
}

/// On standard error: standard output is for the outcome.
void tell_what_is_awaited(const CommandLine& line, const std::string& path) {
    const auto reply = look(path);
    if (!reply) return;
    const std::string text = waiting_text(parse_object(reply->body));
    if (text.empty()) return;
    std::fprintf(stderr, "girin %s: waits: %s\n", std::string(line.command->name).c_str(), text.c_str());
}

int request(const CommandLine& line, const std::string& path) {
    const auto named = ControlRequest::parse(line.command->name);
    if (!named) return fail(line, named.error().message());
    const auto body = make_request_body(named->verb, argument_of(line));
    if (!body) return fail(line, body.error().message());
    const bool stops = named->verb == ControlVerb::stop;
    const MasterEnd master = stops ? find_master(path) : MasterEnd();
    std::function<void()> tell;
    if (!line.json) tell = [&] { tell_what_is_awaited(line, path); };
    const auto reply = ask_blocking(path, "POST", "/v1/" + std::string(line.command->name), body->text, std::nullopt, tell);
    if (stops && master && (!reply || reply->status == 200) && !master.wait_blocking(kGoneLimit)) {
        return fail(line, reply ? "the server's process doesn't end" : reply.error().message());
    }
    if (!reply && stops && master) return print(line.json ? "{\"outcome\":\"done\"}\n" : "the server has stopped\n");
    if (!reply) return fail(line, reply.error().message());
    return print_outcome(line, *reply);
}

int run(const CommandLine& line) {
    const auto server = find_server_blocking(line.server);
    if (!server) return fail(line, server.error().message());
    switch (line.command->kind) {
        case CommandKind::status: return show_status(line, server->path);
        case CommandKind::top: return show_top(line, server->path);
        case CommandKind::request: return request(line, server->path);
    }
    return static_cast<int>(ExitCode::failure);
}

}  // namespace

bool is_control_command(int argc, char** argv) { return argc > 1 && find_command(argv[1]) != nullptr; }

int run_control_command(int argc, char** argv) {
    const auto line = parse_command_line(argc, argv);
    if (!line) {
        const CommandRow& command = *find_command(argv[1]);
        std::fprintf(stderr, "girin %s: %s\n%s", argv[1], line.error().message().c_str(), command_usage(command).c_str());
        return static_cast<int>(ExitCode::usage);
    }
    if (line->help) return print(command_usage(*line->command));
    return run(*line);
}

}  // namespace girin
