#pragma once

// Composer: requests as clients write them, most of them right, some near a limit, some wrong; each marked with tokens.

#include <string>

#include "tests/fuzz/server/choices.hpp"
#include "worker/process/options.hpp"

namespace girin::test {

class Composer {
  public:
    explicit Composer(const Limits& limits) : limits_(limits) {}

    /// `connection`, `request`: for the tokens.
    std::string compose(Choices& choices, std::uint8_t connection, std::uint8_t request) const;
    /// Bytes that are no request, or only the beginning or end of one.
    static std::string scrap(Choices& choices);

  private:
    struct Draft;

    void add_fields(Draft& draft) const;
    void add_body(Draft& draft) const;
    std::size_t near_edge(Choices& choices, std::size_t limit) const;

    const Limits& limits_;
};

}  // namespace girin::test
