#pragma once

// A request and its answer without a connection: Request and Response over plain strings, for tests of applications.

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "girin/app/request.hpp"
#include "girin/app/response.hpp"
#include "girin/loop/future.hpp"

namespace girin {

class Exchange {
  public:
    // what is asked
    std::string method = "GET", target = "/", peer = "192.0.2.1:5312", client = "198.51.100.7", scheme = "https",
                host = "shop.example";
    std::string path = "/", query;
    Fields fields;
    FieldList field_list;
    std::deque<std::string> body_pieces;
    WorkerInfo worker{.pid = 42, .slot = 1, .generation = 3};

    // what is answered
    int status = 200;
    Fields answer;
    std::optional<std::string> body;
    std::vector<std::string> pieces;
    bool head_sent = false;
    /// While set, write() waits for it: a client that takes nothing.
    std::optional<Future<void>> stalled;
    std::string current_piece;
};

namespace test {

/// One request to one application, run to its end on a loop.
class FakeRequest {
  public:
    explicit FakeRequest(std::string method = "GET", const std::string& target = "/");
    FakeRequest& field(std::string_view name, std::string_view value);
    FakeRequest& piece(std::string text);

    /// Errors: what the handler throws.
    void run(Application& application);

    Exchange exchange;
    Request request{exchange};
    Response response{exchange};
};

}  // namespace test
}  // namespace girin
