#include "notes.hpp"

#include <girin/girin.hpp>

#include <cstdlib>
#include <vector>

#include "files.hpp"
#include "json.hpp"
#include "query.hpp"

namespace notes {

using girin::Coro;
using girin::HttpError;
using girin::Request;
using girin::Response;
using girin::run_in_executor;

namespace {

std::string variable(const char* name, std::string otherwise) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : std::move(otherwise);
}

/// What follows `prefix`, where `path` begins with it.
std::optional<std::string_view> after(std::string_view path, std::string_view prefix) {
    if (!path.starts_with(prefix)) return std::nullopt;
    return path.substr(prefix.size());
}

HttpError not_allowed(const char* methods) {
    HttpError error(405, json_error("this resource has other methods"));
    error.type("application/json").header("Allow", methods);
    return error;
}

HttpError not_found() {
    HttpError error(404, json_error("no such resource"));
    error.type("application/json");
    return error;
}

void answer_json(Response& response, int status, const std::string& json) {
    response.status(status).header("Content-Type", "application/json").body(json);
}

}  // namespace

Options Options::from_environment() {
    Options options;
    options.database = variable("NOTES_DB", options.database);
    options.files = variable("NOTES_FILES", options.files.string());
    options.statsd = variable("NOTES_STATSD", options.statsd);
    return options;
}

// The worker isn't ready before this has ended; what it throws is told in the log, and the former code serves on.
Coro<void> Notes::startup(const girin::WorkerInfo& worker) {
    std::filesystem::create_directories(options_.files);
    store_ = co_await run_in_executor(&Store::open_blocking, options_.database);
    feed_ = std::make_unique<Feed>(*store_);
    feed_->start();
    girin::log_info("Notes are open", {{"database", options_.database}, {"slot", worker.slot}});
}

// All requests have ended. What was begun in startup() ends here, and is waited for.
Coro<void> Notes::shutdown() {
    co_await feed_->stop();
    co_await run_in_executor(&Store::close_blocking, store_.get());
}

Coro<void> Notes::handle(Request& request, Response& response) {
    const std::string_view path = request.path(), method = request.method();
    if (path == "/notes") {
        if (method == "GET" || method == "HEAD") {
            co_await list(request, response);
        } else if (method == "POST") {
            co_await add(request, response);
        } else {
            throw not_allowed("GET, HEAD, POST");
        }
    } else if (const auto id_text = after(path, "/notes/")) {
        const std::optional<std::int64_t> id = parse_id(*id_text);
        if (!id) throw not_found();
        if (method == "GET" || method == "HEAD") {
            co_await show(*id, response);
        } else if (method == "DELETE") {
            co_await remove(*id, response);
        } else {
            throw not_allowed("GET, HEAD, DELETE");
        }
    } else if (path == "/events") {
        co_await feed_->serve(request, response);
    } else if (const auto name = after(path, "/files/"); name && method == "PUT") {
        co_await upload(request, response, std::string(*name));
    } else {
        throw not_found();
    }
}

Coro<void> Notes::list(Request& request, Response& response) {
    const std::string after_text = query_value(request.query(), "after").value_or("0");
    const std::optional<std::int64_t> after_id = parse_id(after_text);
    if (!after_id) throw HttpError(400, json_error("'after' is a number")).type("application/json");
    const std::vector<Note> notes = co_await run_in_executor(&Store::after_blocking, store_.get(), *after_id, kListMost);
    answer_json(response, 200, to_json(notes));
}

Coro<void> Notes::add(Request& request, Response& response) {
    const std::string body = co_await request.read_all(kJsonMostBytes);  // more than that: 413
    const std::string text = text_of_json(body);
    const std::int64_t id = co_await run_in_executor(&Store::add_blocking, store_.get(), text);
    feed_->look_soon();
    metrics_.count("notes.added");
    girin::log_debug("A note was added", {{"id", id}, {"bytes", text.size()}});
    response.header("Location", "/notes/" + std::to_string(id));
    answer_json(response, 201, to_json(Note(id, text)));
}

Coro<void> Notes::show(std::int64_t id, Response& response) {
    const std::optional<Note> note = co_await run_in_executor(&Store::find_blocking, store_.get(), id);
    if (!note) throw not_found();
    answer_json(response, 200, to_json(*note));
}

Coro<void> Notes::remove(std::int64_t id, Response& response) {
    const bool was_there = co_await run_in_executor(&Store::remove_blocking, store_.get(), id);
    if (!was_there) throw not_found();
    response.status(204);
}

Coro<void> Notes::upload(Request& request, Response& response, std::string name) {
    if (!is_file_name(name)) throw HttpError(400, json_error("that is no name for a file")).type("application/json");
    const std::uint64_t bytes = co_await receive_file(request, options_.files / name, kUploadMostBytes);
    girin::log_info("A file was received", {{"name", name}, {"bytes", static_cast<std::size_t>(bytes)}});
    answer_json(response, 201, json_bytes(bytes));
}

}  // namespace notes
