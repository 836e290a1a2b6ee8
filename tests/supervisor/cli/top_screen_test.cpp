// girin top's screen, for terminals of every size.

#include "supervisor/cli/top_screen.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <regex>
#include <sstream>

namespace girin::test {
namespace {

namespace json = boost::json;

json::object status_with(int slots) {
    json::object status = json::parse(R"({"version": "0.1.0", "pid": 7, "state": "serving",
        "listeners": ["127.0.0.1:8000"], "workers": {"wanted": 2, "ready": 1}})").as_object();
    json::array all;
    for (int i = 0; i < slots; ++i) {
        all.push_back({{"slot", i}, {"pid", 100 + i}, {"state", i == 1 ? "draining" : "ready"}, {"lag_s", i == 2 ? 3 : 0}});
    }
    status["slots"] = std::move(all);
    return status;
}

std::deque<json::object> events(int count) {
    std::deque<json::object> all;
    for (int i = 1; i <= count; ++i) {
        all.push_back({{"n", i}, {"at_ms", 0}, {"level", i % 2 == 0 ? "error" : "info"},
                       {"text", "event " + std::to_string(i) + " \xe2\x9c\x94 " + std::string(200, 'x')}});
    }
    return all;
}

std::vector<std::string> lines_of(const std::string& screen) {
    std::istringstream text(std::regex_replace(screen, std::regex("\033\\[[0-9]*m"), ""));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
}

Terminal::Size size_of(std::size_t rows, std::size_t columns) {
    Terminal::Size size;
    size.rows = rows;
    size.columns = columns;
    return size;
}

std::size_t characters(const std::string& text) {
    std::size_t count = 0;
    for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1U : 0U;
    return count;
}

TEST(TopScreen, FillsTheTerminalAndNoMore) {
    for (const int slots : {0, 3, 100}) {
        for (std::size_t rows = 2; rows < 60; rows += 3) {
            for (const std::size_t columns : {2u, 40u, 80u, 200u}) {
                const auto lines = lines_of(top_screen(status_with(slots), events(50), size_of(rows, columns)));
                EXPECT_EQ(lines.size(), rows);
                for (const std::string& line : lines) EXPECT_LT(characters(line), columns) << line;
            }
        }
    }
}

TEST(TopScreen, ShowsTheLatestEventsAtTheBottom) {
    const auto lines = lines_of(top_screen(status_with(2), events(50), size_of(24, 80)));
    EXPECT_NE(lines[22].find("event 50 "), std::string::npos) << lines[22];
    EXPECT_NE(lines[21].find("event 49 "), std::string::npos) << lines[21];
    EXPECT_EQ(lines[23], "q: quit");
}

TEST(TopScreen, SaysHowManyWorkersAreNotShown) {
    const auto lines = lines_of(top_screen(status_with(100), events(50), size_of(24, 80)));
    EXPECT_EQ(lines[22], "and 83 more");
    EXPECT_TRUE(lines_of(top_screen(status_with(17), {}, size_of(24, 80)))[21].starts_with("  16")) << "all fit";
}

TEST(TopScreen, MarksWhatIsUnusual) {
    const std::string screen = top_screen(status_with(3), events(2), size_of(24, 80));
    const auto marked = [&](const std::string& with, const std::string& row) {
        return std::regex_search(screen, std::regex("\033\\[" + with + "m *" + row));
    };
    EXPECT_TRUE(marked("7", "SLOT"));
    EXPECT_TRUE(marked("33", "1  101"));   // drains
    EXPECT_TRUE(marked("31", "2  102"));   // lags
    EXPECT_TRUE(marked("31", "..:..:..  event 2"));
    EXPECT_FALSE(marked("3.", "0  100"));
}

}  // namespace
}  // namespace girin::test
