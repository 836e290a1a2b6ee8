// Every file of tests/requests, fed whole, by line, by byte and at random cuts: the outcome is what the file
// expects, and the same.

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tests/worker/http/request_corpus.hpp"
#include "tests/worker/http/request_transcript.hpp"

namespace girin::test {
namespace {

using Cuts = std::vector<std::size_t>;

constexpr int kRandomRounds = 25;

std::vector<CorpusCase> load(const std::string& kind) {
    Result<std::vector<CorpusCase>> cases = load_corpus(std::string(GIRIN_REQUESTS_FOLDER) + "/" + kind);
    if (!cases) {
        ADD_FAILURE() << cases.error().message();
        return {};
    }
    return *cases;
}

std::string whole(const CorpusCase& c) { return transcript(c.bytes, {}, c.limits); }

Cuts cuts_by_line(const std::string& bytes) {
    Cuts cuts;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (bytes[i] == '\n') cuts.push_back(i + 1);
    }
    return cuts;
}

Cuts cuts_by_byte(const std::string& bytes) {
    Cuts cuts;
    for (std::size_t i = 1; i < bytes.size(); ++i) cuts.push_back(i);
    return cuts;
}

Cuts random_cuts(const std::string& bytes, std::mt19937& random) {
    Cuts cuts;
    const unsigned one_in = 1 + random() % 40;
    for (std::size_t i = 1; i < bytes.size(); ++i) {
        if (random() % one_in == 0) cuts.push_back(i);
    }
    return cuts;
}

std::vector<CorpusCase> load_all() {
    std::vector<CorpusCase> all = load("valid");
    for (CorpusCase& c : load("invalid")) all.push_back(c);
    return all;
}

unsigned seed() {
    const char* given = std::getenv("GIRIN_SEED");
    return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device()();
}

TEST(RequestCorpus, IsLargeEnoughToMean) {
    EXPECT_GE(load("valid").size(), 60u);
    EXPECT_GE(load("invalid").size(), 120u);
}

TEST(RequestCorpus, ValidRequestsAreReadAsExpected) {
    for (const CorpusCase& c : load("valid")) EXPECT_EQ(whole(c), c.transcript) << c.name;
}

TEST(RequestCorpus, InvalidRequestsAreRefusedAsExpected) {
    for (const CorpusCase& c : load("invalid")) {
        SCOPED_TRACE(c.name);
        const std::string said = whole(c);
        const std::size_t error = said.rfind("error ");
        ASSERT_NE(error, std::string::npos) << said;
        EXPECT_EQ(said.substr(error + 6, 3), std::to_string(c.status)) << said;
        ASSERT_FALSE(c.reason.empty());
        EXPECT_NE(said.find(c.reason, error), std::string::npos) << said;
    }
}

TEST(RequestCorpus, OutcomeIsTheSameByLine) {
    for (const CorpusCase& c : load_all()) {
        EXPECT_EQ(transcript(c.bytes, cuts_by_line(c.bytes), c.limits), whole(c)) << c.name;
    }
}

TEST(RequestCorpus, OutcomeIsTheSameByByte) {
    for (const CorpusCase& c : load_all()) {
        EXPECT_EQ(transcript(c.bytes, cuts_by_byte(c.bytes), c.limits), whole(c)) << c.name;
    }
}

TEST(RequestCorpus, OutcomeIsTheSameAtRandomCuts) {
    const unsigned used = seed();
    std::mt19937 random(used);
    for (const CorpusCase& c : load_all()) {
        for (int round = 0; round < kRandomRounds; ++round) {
            ASSERT_EQ(transcript(c.bytes, random_cuts(c.bytes, random), c.limits), whole(c))
                << c.name << ", GIRIN_SEED=" << used;
        }
    }
}

TEST(RequestCorpus, PipelinedRequestsAreReadAsIfAlone) {
    // Any complete keep-alive request may stand before any file: nothing of it is left behind.
    const std::string first =
        "POST /first HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n0\r\nX: y\r\n\r\n";
    for (const CorpusCase& c : load_all()) {
        if (c.limits.trailer_bytes < 100 || c.limits.request_head_bytes < 200) continue;
        const std::string alone = transcript(first, {}, Limits());
        if (transcript(first, {}, c.limits) != alone) continue;
        EXPECT_EQ(transcript(first + c.bytes, {}, c.limits), alone + whole(c)) << c.name;
    }
}

}  // namespace
}  // namespace girin::test
