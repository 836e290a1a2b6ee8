#pragma once

// Judge: what was sent, handled, answered and logged in one session, and whether each belongs where it turned up. A
// client's bytes may be any rubbish, so it asks only for what holds of all: a token turns up with the client that sent
// it, once in each place, in the order in which it was sent; and an answer is what its handler made.

#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "girin/app/request.hpp"
#include "girin/base/clock.hpp"
#include "tests/fuzz/server/tokens.hpp"

namespace girin::test {

/// One call of the application.
struct Call {
    unsigned number = 0;
    unsigned peer = 0;
    std::string head;         // all that the request said at first
    std::string method;
    std::string target;
    std::string body;         // of the answer, as far as the handler has come
    int status = 200;
    bool announced = false;   // with a length
    TimePoint began_at{};
    bool endless = false;     // only cancelling ends it
    bool obedient = false;    // and does so at once
    bool live = false;
    bool finished = false;    // it returned

    Call() = default;
};

/// What one connection got.
struct Answer {
    int status = 0;
    bool complete = false;
    bool by_application = false;
    std::string text;  // all of it, but for what differs between two runs: date, number, and whether it stays open

    Answer() = default;
};

class Judge {
  public:
    /// What `peer` sends was composed for `original`, and is sent by both.
    void send_again(unsigned peer, unsigned original) { originals_[peer] = original; }

    Call& begin(const Request& request, TimePoint now);
    /// The request still says what it said.
    void look_again(const Call& call, const Request& request) const;
    void saw_body(const Call& call, std::string_view piece) const;

    unsigned live_calls(unsigned peer) const;
    unsigned endless_calls() const;
    /// A handler for `peer` that ends as soon as it is cancelled; nothing: none is at it.
    const Call* obedient_call(unsigned peer) const;
    std::size_t calls() const { return calls_.size(); }

    /// All that `peer` has received; `ended`: by the server, properly.
    std::vector<Answer> judge_answers(unsigned peer, std::string_view received);
    /// Lines of kAccessFormat. `longest`: no request took longer. Returns how many.
    std::size_t judge_records(std::string_view lines, Duration longest);
    /// The server's own log.
    void judge_log(std::string_view lines) const;

    static const char* const kAccessFormat;

  private:
    /// Where tokens turn up: at a call, in an answer, in a record. Of one peer's each only once, and in order.
    struct Place {
        std::map<std::uint32_t, unsigned> seen;   // how often, by the token's key
        std::map<unsigned, unsigned> latest;      // request number, by peer
    };

    unsigned original(unsigned peer) const;
    unsigned copies(unsigned connection) const;
    void saw(Place& place, const char* name, unsigned peer, std::string_view text);
    void judge_application_answer(const Call& call, int status, std::string_view body, bool complete,
                                  bool until_close) const;
    void judge_record(std::string_view line, Duration longest);

    std::map<unsigned, unsigned> originals_;
    std::deque<Call> calls_;
    Place at_calls_, in_answers_, in_records_;
    std::set<unsigned> recorded_;  // calls
};

}  // namespace girin::test
