// Any bytes, however they are cut, lead to the same events; and the parser never looks, points or consumes
// beyond what it was given (which request_transcript.cpp checks at every step). The first bytes of an input
// choose limits and cuts. Fed by byte, no request goes the fast path; fed whole, as many as can.

#include <cstdint>
#include <random>

#include "girin/base/check.hpp"
#include "tests/worker/http/request_transcript.hpp"

namespace {

girin::Limits small_limits(std::uint8_t choice) {
    girin::Limits limits;
    if (choice % 2 == 0) return limits;
    limits.request_line_bytes = 40;
    limits.request_fields = 4;
    limits.request_field_bytes = 48;
    limits.request_head_bytes = 120;
    limits.request_body_bytes = 16;
    limits.chunk_line_bytes = 12;
    limits.trailer_bytes = 40;
    return limits;
}

std::vector<std::size_t> cuts_of(std::string_view bytes, unsigned seed) {
    std::mt19937 random(seed);
    const unsigned one_in = 1 + random() % 16;
    std::vector<std::size_t> cuts;
    for (std::size_t i = 1; i < bytes.size(); ++i) {
        if (random() % one_in == 0) cuts.push_back(i);
    }
    return cuts;
}

std::vector<std::size_t> cuts_by_byte(std::string_view bytes) {
    std::vector<std::size_t> cuts;
    for (std::size_t i = 1; i < bytes.size(); ++i) cuts.push_back(i);
    return cuts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const girin::Limits limits = small_limits(data[0]);
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::string whole = girin::test::transcript(bytes, {}, limits);
    const std::string parts = girin::test::transcript(bytes, cuts_of(bytes, data[1]), limits);
    const std::string slow = girin::test::transcript(bytes, cuts_by_byte(bytes), limits);
    GIRIN_CHECK(whole == slow, "the fast path and the slow one tell the same");
    GIRIN_CHECK(whole == parts, "the events don't depend on how the bytes were cut");
    return 0;
}
