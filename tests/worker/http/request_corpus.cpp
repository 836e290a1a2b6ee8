#include "tests/worker/http/request_corpus.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "worker/http/chars.hpp"

namespace girin::test {
namespace {

namespace fs = std::filesystem;

Result<std::string> read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) return Error("read " + path.string() + ": failed");
    return Result<std::string>(boost::system::in_place_value, text.str());
}

Result<void> set_limit(Limits& limits, const std::string& text) {
    std::istringstream words(text);
    std::string name;
    std::uint64_t value = 0;
    if (!(words >> name >> value)) return Error("limit line \"" + text + "\": not a name and a number");
    if (name == "request_line_bytes") limits.request_line_bytes = value;
    else if (name == "request_fields") limits.request_fields = value;
    else if (name == "request_field_bytes") limits.request_field_bytes = value;
    else if (name == "request_head_bytes") limits.request_head_bytes = value;
    else if (name == "request_body_bytes") limits.request_body_bytes = value;
    else if (name == "chunk_line_bytes") limits.chunk_line_bytes = value;
    else if (name == "trailer_bytes") limits.trailer_bytes = value;
    else if (name == "leading_empty_lines") limits.leading_empty_lines = value;
    else return Error("limit \"" + name + "\": unknown");
    return {};
}

Result<void> read_line(CorpusCase& out, const std::string& line) {
    if (line.empty() || line.front() == '#') return {};
    if (line.starts_with("limit ")) return set_limit(out.limits, line.substr(6));
    if (line.starts_with("status: ")) {
        out.status = std::atoi(line.c_str() + 8);
    } else if (line.starts_with("reason: ")) {
        out.reason = line.substr(8);
    } else {
        out.transcript.append(line).append("\n");
    }
    return {};
}

Result<void> read_expectation(CorpusCase& out, const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (Result<void> read = read_line(out, line); !read) return read;
    }
    return {};
}

Result<CorpusCase> load_case(const fs::path& http) {
    CorpusCase out;
    out.name = http.stem().string();
    Result<std::string> text = read_file(http);
    if (!text) return text.error();
    Result<std::string> bytes = unescape(*text);
    if (!bytes) return bytes.error().within(http.string());
    out.bytes = *bytes;
    Result<std::string> expect = read_file(fs::path(http).replace_extension(".expect"));
    if (!expect) return expect.error();
    if (Result<void> read = read_expectation(out, *expect); !read) return read.error().within(http.string());
    return out;
}

/// The byte that the escape at the front of `text` stands for; `text` moves behind it.
Result<char> take_escape(std::string_view& text) {
    constexpr std::string_view kLetters = "rnt0\\", kBytes("\r\n\t\0\\", 5);
    if (text.size() < 2) return Error("escape: cut off");
    const std::size_t letter = kLetters.find(text[1]);
    if (letter != std::string_view::npos) {
        text.remove_prefix(2);
        return kBytes[letter];
    }
    if (text[1] != 'x' || text.size() < 4) return Error("escape: unknown");
    const int high = chars::hex_value(text[2]), low = chars::hex_value(text[3]);
    if (high < 0 || low < 0) return Error("escape: bad hexadecimal digits");
    text.remove_prefix(4);
    return static_cast<char>(high * 16 + low);
}

}  // namespace

Result<std::string> unescape(std::string_view text) {
    std::string bytes;
    while (!text.empty()) {
        if (text.front() == '\\') {
            const Result<char> byte = take_escape(text);
            if (!byte) return byte.error();
            bytes.push_back(*byte);
        } else {
            if (text.front() != '\n') bytes.push_back(text.front());
            text.remove_prefix(1);
        }
    }
    return Result<std::string>(boost::system::in_place_value, bytes);
}

Result<std::vector<CorpusCase>> load_corpus(const std::string& folder) {
    std::vector<CorpusCase> cases;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() != ".http") continue;
        Result<CorpusCase> one = load_case(entry.path());
        if (!one) return one.error();
        cases.push_back(*one);
    }
    std::sort(cases.begin(), cases.end(),
              [](const CorpusCase& a, const CorpusCase& b) { return a.name < b.name; });
    return cases;
}

}  // namespace girin::test
