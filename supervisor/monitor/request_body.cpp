#include "supervisor/monitor/request_body.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>
#include <optional>

namespace girin {
namespace {

namespace json = boost::json;

/// What may stand in a body, and how it is told to the master.
struct Field {
    ControlVerb verb;
    std::string_view name;
    json::kind kind;
    std::string_view words;  // for the error's sentence
};

constexpr Field kFields[] = {
    {ControlVerb::scale, "workers", json::kind::int64, "a number"},
    {ControlVerb::scale, "by", json::kind::int64, "a number"},
    {ControlVerb::reload, "settled", json::kind::bool_, "true or false"},
    {ControlVerb::stop, "quick", json::kind::bool_, "true or false"},
    {ControlVerb::kill, "slot", json::kind::int64, "a number"},
    {ControlVerb::log_level, "level", json::kind::string, "a level's name"},
};

const Field* find_field(ControlVerb verb, std::string_view name) {
    for (const Field& field : kFields) {
        if (field.verb == verb && field.name == name) return &field;
    }
    return nullptr;
}

std::string to_argument(const Field& field, const json::value& value) {
    if (value.is_string()) return std::string(value.get_string());
    if (value.is_bool()) return value.get_bool() ? std::string(field.name) : std::string();
    const std::int64_t number = value.get_int64();
    return (field.name == "by" && number >= 0 ? "+" : "") + std::to_string(number);
}

std::optional<std::int64_t> to_number(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return number;
}

}  // namespace

Result<ControlRequest> parse_request_body(ControlVerb verb, std::string_view body) {
    ControlRequest request;
    request.verb = verb;
    if (body.empty()) return request;
    boost::system::error_code error;
    const json::value parsed = json::parse(body, error);
    if (error || !parsed.is_object()) return Error("the body isn't a JSON object");
    std::string& argument = request.argument;
    for (const auto& [name, value] : parsed.get_object()) {
        const Field* const field = find_field(verb, name);
        if (!field) return Error("'" + std::string(name) + "' is no field of " + std::string(to_text(verb)));
        if (value.kind() != field->kind) {
            return Error("'" + std::string(name) + "' isn't " + std::string(field->words));
        }
        if (!argument.empty()) return Error("one field is enough");
        argument = to_argument(*field, value);
        // The next line of a request says who asks (ControlRequest).
        if (argument.find('\n') != std::string::npos) return Error("'" + std::string(name) + "' has several lines");
    }
    return request;
}

Result<RequestBody> make_request_body(ControlVerb verb, std::string_view argument) {
    json::object body;
    const bool by = argument.starts_with('+') || argument.starts_with('-');
    for (const Field& field : kFields) {
        if (field.verb != verb || argument.empty()) continue;
        if (field.kind == json::kind::bool_) body[field.name] = true;
        if (field.kind == json::kind::string) body[field.name] = argument;
        if (field.kind != json::kind::int64 || (verb == ControlVerb::scale && (field.name == "by") != by)) continue;
        const auto number = to_number(argument);
        if (!number) return Error("'" + std::string(argument) + "' is no number");
        body[field.name] = *number;
    }
    return RequestBody{json::serialize(body)};
}

}  // namespace girin
