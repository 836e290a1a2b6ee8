#include "worker/app/demo_info.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <string_view>

#include "girin/app/request.hpp"

namespace girin {
namespace {

namespace json = boost::json;

/// A client may send any byte; each is told as the character of that number, so that JSON stays JSON.
json::string readable(std::string_view bytes) {
    json::string text;
    text.reserve(bytes.size());
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            text.push_back(c);
        } else {
            text.push_back(static_cast<char>(0xc0 | byte >> 6));
            text.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
        }
    }
    return text;
}

}  // namespace

std::string demo_info(const Request& request) {
    const WorkerInfo& worker = request.worker();
    json::object info;
    info["pid"] = worker.pid;
    info["slot"] = worker.slot;
    info["generation"] = worker.generation;
    info["requests"] = request.number();
    info["scheme"] = readable(request.scheme());
    info["client"] = readable(request.client());
    info["host"] = readable(request.host());
    info["peer"] = readable(request.peer());
    info["method"] = readable(request.method());
    info["protocol"] = request.minor_version() == 0 ? "HTTP/1.0" : "HTTP/1.1";
    return json::serialize(info) + "\n";
}

std::string demo_headers(const Request& request) {
    json::array fields;
    for (const Field field : request.headers()) {
        json::array pair;
        pair.emplace_back(readable(field.name));
        pair.emplace_back(readable(field.value));
        fields.push_back(std::move(pair));
    }
    return json::serialize(fields) + "\n";
}

}  // namespace girin
