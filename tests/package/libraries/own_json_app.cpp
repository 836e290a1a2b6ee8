// An application with a Boost.JSON of its own, compiled into it.

#include <boost/json.hpp>
#include <boost/json/src.hpp>

#include <girin/app.hpp>

namespace {

namespace json = boost::json;

girin::Coro<void> handle(girin::Request& request, girin::Response& response) {
    json::value told = json::parse(R"({"name": "girin", "list": [1, 2.5, null, true]})");
    told.as_object()["path"] = std::string(request.path());
    response.body(json::serialize(told) + "\n");
    co_return;
}

}  // namespace

GIRIN_HANDLER(app, handle)
