#include "worker/app/link_error.hpp"

#include <gtest/gtest.h>

using girin::explain_link_error;

TEST(LinkError, ReadsAnUndefinedSymbol) {
    EXPECT_EQ(explain_link_error("/proc/7/fd/3: undefined symbol: _ZN4shop5countEv", "/proc/7/fd/3"),
              "needs shop::count(), which neither it nor its libraries provide");
    EXPECT_EQ(explain_link_error("/proc/7/fd/3: undefined symbol: stock_open, version STOCK_2", "/proc/7/fd/3"),
              "needs stock_open, which neither it nor its libraries provide");
}

TEST(LinkError, TellsWhenTheSymbolWouldBeOurs) {
    EXPECT_EQ(explain_link_error("/proc/7/fd/3: undefined symbol: _ZN5girin7Request5sniffEv", "/proc/7/fd/3"),
              "needs girin::Request::sniff(), which this girin hasn't: build it again with this girin's headers");
}

TEST(LinkError, ReadsAMissingLibrary) {
    EXPECT_EQ(explain_link_error("libpq.so.5: cannot open shared object file: No such file or directory", "/proc/7/fd/3"),
              "needs libpq.so.5: cannot open shared object file: No such file or directory");
}

TEST(LinkError, LeavesOutWhereItWasLoadedFrom) {
    EXPECT_EQ(explain_link_error("/lib/libc.so.6: version `GLIBC_2.38' not found (required by /proc/7/fd/3)", "/proc/7/fd/3"),
              "can't be loaded: /lib/libc.so.6: version `GLIBC_2.38' not found");
}

TEST(LinkError, MakesDoWithoutAMessage) { EXPECT_EQ(explain_link_error(nullptr, "x"), "can't be loaded"); }
