#include "json.hpp"

#include <girin/app.hpp>

#include <boost/json.hpp>

namespace notes {
namespace {

namespace json = boost::json;

json::object object_of(const Note& note) { return {{"id", note.id}, {"text", note.text}}; }

}  // namespace

std::string text_of_json(std::string_view body) {
    boost::system::error_code error;
    const json::value value = json::parse(body, error);  // at most 32 levels deep
    if (error) throw girin::HttpError(400, json_error("not JSON: " + error.message())).type("application/json");
    const json::object* object = value.if_object();
    const json::value* text = object != nullptr ? object->if_contains("text") : nullptr;
    if (text == nullptr || !text->is_string() || text->get_string().empty())
        throw girin::HttpError(422, json_error("'text' is a text, and not empty")).type("application/json");
    return std::string(text->get_string());
}

std::string to_json(const Note& note) { return json::serialize(object_of(note)) + "\n"; }

std::string to_json(const std::vector<Note>& notes) {
    json::array list;
    for (const Note& note : notes) list.push_back(object_of(note));
    return json::serialize(list) + "\n";
}

std::string json_error(std::string_view what) { return json::serialize(json::object{{"error", what}}) + "\n"; }
std::string json_bytes(std::uint64_t bytes) { return json::serialize(json::object{{"bytes", bytes}}) + "\n"; }

}  // namespace notes
