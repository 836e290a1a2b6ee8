// Text from elsewhere in a line, in quotes, in JSON.

#include "loop/base/escape.hpp"

#include <gtest/gtest.h>

#include "loop/base/log_output.hpp"

namespace girin {
namespace {

std::string escaped(std::string_view text, Escape place) {
    std::string out;
    append_escaped(out, text, place);
    return out;
}

TEST(Escape, LeavesPlainTextAsItIs) {
    for (const Escape place : {Escape::bare, Escape::quoted, Escape::json}) {
        EXPECT_EQ(escaped("plain text, in UTF-8: 기린 é 🦄", place), "plain text, in UTF-8: 기린 é 🦄");
    }
}

TEST(Escape, KeepsALineOneLineAndAPlaceClosed) {
    EXPECT_EQ(escaped("a\nb\r\t\x1b[2J\x7f", Escape::bare), "a\\nb\\x0d\\x09\\x1b[2J\\x7f");
    EXPECT_EQ(escaped("a\nb\r\x1b", Escape::json), "a\\nb\\u000d\\u001b");
    EXPECT_EQ(escaped("say \"x\" \\", Escape::bare), "say \"x\" \\\\");
    EXPECT_EQ(escaped("say \"x\" \\", Escape::quoted), "say \\\"x\\\" \\\\");
    EXPECT_EQ(escaped("say \"x\" \\", Escape::json), "say \\\"x\\\" \\\\");
}

TEST(Escape, ShowsWhatAScreenWouldObey) {
    EXPECT_EQ(escaped("\xc2\x9b" "2J", Escape::bare), "\\xc2\\x9b2J") << "CSI of the second set of controls";
    EXPECT_EQ(escaped("\xe2\x80\xae", Escape::json), "\\u202e") << "text turned around";
    EXPECT_EQ(escaped("\xe2\x80\xa8", Escape::json), "\\u2028") << "a line's end to some";
}

TEST(Escape, ShowsBytesThatAreNotUtf8) {
    EXPECT_EQ(escaped("caf\xe9!", Escape::bare), "caf\\xe9!");
    EXPECT_EQ(escaped("caf\xe9!", Escape::json), "caf\xef\xbf\xbd!");
    EXPECT_EQ(escaped("\xc0\xaf\xed\xa0\x80\xf5", Escape::quoted), "\\xc0\\xaf\\xed\\xa0\\x80\\xf5");
    EXPECT_EQ(escaped("cut \xe2\x82", Escape::bare), "cut \\xe2\\x82");
    EXPECT_EQ(to_utf8("caf\xe9 기린"), "caf\xef\xbf\xbd 기린");
}

// FAULTS 7: 25, a field's value can't be taken for another field.
TEST(Escape, ClosesTheFieldsOfALogLine) {
    const std::string line = format_log_line(LogFormat::text, LogLevel::error, 0, 1, "failed",
                                             {{"request", "GET /?x\" level=CRITICAL y=\""}, {"plain", "a-b.c"}});
    EXPECT_NE(line.find("request=\"GET /?x\\\" level=CRITICAL y=\\\"\" plain=a-b.c"), std::string::npos) << line;
}

}  // namespace
}  // namespace girin
