// The whole server side of one worker: clients, time and handlers as the input says (server/session.hpp).

#include <cstdint>

#include "tests/fuzz/server/session.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    girin::test::play_session({reinterpret_cast<const char*>(data), size});
    return 0;
}
