#pragma once

// Adapting a configuration file line by line: how the files of deploy/ get a test's addresses and stay as they are
// otherwise.

#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace girin::test {

/// Replaces the first line that matches by what `make(match)` says, its line's end included, and drops the others.
/// Errors: no line matches.
template <class Make>
std::string replace_lines(const std::string& text, const std::regex& pattern, const Make& make) {
    std::istringstream lines(text);
    std::string out;
    bool replaced = false;
    for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        if (!std::regex_match(line, match, pattern)) {
            out += line + "\n";
        } else if (!std::exchange(replaced, true)) {
            out += make(match);
        }
    }
    if (!replaced) throw std::runtime_error("the configuration has no line that can be adapted:\n" + text);
    return out;
}

}  // namespace girin::test
