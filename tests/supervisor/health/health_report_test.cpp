// The words of a record: what the judge's tests don't show.

#include "supervisor/health/health_report.hpp"

#include <netinet/in.h>
#include <signal.h>

#include <gtest/gtest.h>

namespace girin {
namespace {

using namespace std::chrono_literals;

TEST(HealthReport, NamesTheRequestWhoseHandlerRuns) {
    RequestNote note{};
    EXPECT_EQ(describe_request(note, TimePoint(10s)), "");
    NotedPeer peer;
    peer.family = AF_INET;
    peer.port = 5312;
    peer.bytes = {192, 0, 2, 1};
    note.set("GET /shop?x=1", peer, Duration(8s).count());
    EXPECT_EQ(describe_request(note, TimePoint(10s)), "; GET /shop?x=1 from 192.0.2.1:5312, for 2 s");
    note.clear();
    EXPECT_EQ(describe_request(note, TimePoint(10s)), "");
}

TEST(HealthReport, TellsWhereAFaultHappened) {
    CrashNote crash{};
    crash.signo = SIGSEGV;
    crash.code = SEGV_MAPERR;
    crash.address = 0x10;
    EXPECT_EQ(describe(crash), "at address 0x10, where nothing is mapped");
    crash.code = SEGV_ACCERR;
    EXPECT_EQ(describe(crash), "at address 0x10, which may not be used so");
    crash.signo = SIGFPE;
    crash.code = FPE_INTDIV;
    EXPECT_EQ(describe(crash), "at address 0x10");
}

TEST(HealthReport, TellsTheThreadWhereNoAddressIsToBlame) {
    CrashNote crash{};
    crash.signo = SIGABRT;
    crash.code = SI_TKILL;
    crash.tid = 77;
    EXPECT_EQ(describe(crash), "in thread 77");
}

TEST(HealthReport, SaysLittleWhereLittleIsKnown) {
    Finding finding;
    finding.silent = 30s;
    EXPECT_EQ(describe(finding), "no sign of life of its loop for 30 s");
    finding.verdict = Verdict::debugged;
    EXPECT_EQ(describe(finding), "no sign of life of its loop for 30 s; held by a debugger");
    finding.verdict = Verdict::blocked;
    EXPECT_EQ(describe(finding), "no sign of life of its loop for 30 s; blocked (CPU 0 %)");
}

}  // namespace
}  // namespace girin
