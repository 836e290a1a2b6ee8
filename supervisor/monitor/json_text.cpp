#include "supervisor/monitor/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <charconv>
#include <cmath>

#include "loop/base/escape.hpp"

namespace girin {
namespace {

namespace json = boost::json;

void write(const json::value& value, std::string& text);

/// The shortest that reads back as the same; only what is too great or small for that gets an exponent.
void write_double(double number, std::string& text) {
    if (!std::isfinite(number)) {
        text += "null";
        return;
    }
    std::array<char, 64> digits{};
    const bool is_usual = number == 0 || (std::abs(number) >= 1e-9 && std::abs(number) < 1e18);
    const std::chars_format format = is_usual ? std::chars_format::fixed : std::chars_format::scientific;
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number, format);
    text.append(digits.data(), end);
}

void write_array(const json::array& array, std::string& text) {
    text += '[';
    for (const json::value& one : array) {
        if (&one != array.begin()) text += ',';
        write(one, text);
    }
    text += ']';
}

void write_object(const json::object& object, std::string& text) {
    text += '{';
    for (const auto& member : object) {
        if (&member != object.begin()) text += ',';
        text += json::serialize(to_utf8(member.key())) + ':';
        write(member.value(), text);
    }
    text += '}';
}

void write(const json::value& value, std::string& text) {
    if (value.is_double()) return write_double(value.get_double(), text);
    if (value.is_array()) return write_array(value.get_array(), text);
    if (value.is_object()) return write_object(value.get_object(), text);
    text += value.is_string() ? json::serialize(to_utf8(value.get_string())) : json::serialize(value);
}

}  // namespace

std::string json_text(const json::value& value) {
    std::string text;
    write(value, text);
    return text;
}

}  // namespace girin
