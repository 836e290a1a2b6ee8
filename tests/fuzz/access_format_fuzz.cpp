// Access-log formats as an operator may write them, over records of which a client has written every field: a record is one
// line, values end where they seem to, and JSON is JSON with the members that the format names.

#include <boost/json/parse.hpp>

#include "tests/fuzz/server/choices.hpp"
#include "tests/fuzz/server/verdict.hpp"
#include "worker/log/access_format.hpp"

namespace girin::test {
namespace {

const std::string_view kPieces[] = {"%(h)s", "%(l)s", "%(u)s", "%(t)s", "%(r)s", "%(m)s", "%(U)s", "%(q)s", "%(H)s",
    "%(s)s", "%(B)s", "%(b)s",
                                    "%(f)s", "%(a)s", "%(T)s", "%(M)s", "%(D)s", "%(L)s", "%(p)s", "%({x-k}i)s",
                                        "%({x-k}o)s", "%({HTTP_X_K}e)s",
                                    "%({RAW_URI}e)s", "%%", " ", "\"", "%({user-agent}i)s", "text"};

std::string a_format(Choices& choices) {
    std::string format;
    for (std::size_t count = 1 + choices.below(10); count > 0; --count) {
        const std::size_t which = choices.below(std::size(kPieces) + 3);
        format += which < std::size(kPieces) ? kPieces[which] : choices.bytes(1 + choices.below(5));
    }
    return format;
}

void judge_text(std::string_view format, const AccessRecord& record) {
    auto compiled = AccessFormat::compile(format);
    if (!compiled) {
        expect(compiled.error().message().find("column") != std::string::npos, "a refusal names its column", std::string(format));
        return;
    }
    std::string lines = "before\n";
    compiled->append(lines, record);
    expect(lines.starts_with("before\n") && lines.ends_with('\n'), "a record is added, and ends", lines);
    if (format.find_first_of("\n\r") != std::string_view::npos) return;
    for (std::size_t i = 7; i + 1 < lines.size(); ++i) {
        const auto byte = static_cast<unsigned char>(lines[i]);
        const bool is_of_the_format = format.find(lines[i]) != std::string_view::npos;
        expect(is_of_the_format || (byte >= 0x20 && byte != 0x7f), "no control character is a client's", lines);
    }
}

/// Between quotes of the format there is one value, however it was made.
void judge_quotes(const AccessRecord& record) {
    auto compiled = AccessFormat::compile(R"("%(r)s" "%(a)s" "%({x-k}i)s" "%({x-k}o)s" "%(u)s")");
    expect(compiled.has_value(), "a format of ours");
    std::string line;
    compiled->append(line, record);
    std::size_t quotes = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\\') {
            ++i;
        } else if (line[i] == '"') {
            ++quotes;
        }
    }
    expect(quotes == 10, "a quoted value ends where it seems to", line);
}

void judge_json(std::string_view format, const AccessRecord& record) {
    auto compiled = AccessFormat::compile(format, AccessFormat::Style::json);
    if (!compiled) return;
    std::string line;
    compiled->append(line, record);
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(std::string_view(line).substr(0, line.size() - 1), error);
    expect(!error && value.is_object(), "a JSON record is a JSON object", line);
    expect(line.find('\n') == line.size() - 1, "on one line", line);
    const auto& members = value.get_object();
    if (const auto* agent = members.if_contains("user_agent"); agent != nullptr && agent->is_string()) {
        expect(!record.request_fields.find("user-agent").value_or("").empty(), "no agent comes from nowhere", line);
    }
    if (const auto* status = members.if_contains("status"); status != nullptr) {
        expect(status->is_int64() && status->get_int64() == record.status, "a status is the record's", line);
    }
}

}  // namespace
}  // namespace girin::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace girin::test;
    Choices choices({reinterpret_cast<const char*>(data), size});
    const std::string format = a_format(choices);
    girin::Fields request, response;
    const auto field = [&choices] { return choices.bytes(choices.below(24)); };
    request.add("User-Agent", field());
    request.add("Referer", field());
    request.add("X-K", field());
    request.add("Authorization", "Basic " + std::string(field()));
    response.add("X-K", field());
    girin::AccessRecord record;
    record.remote = field();
    record.method = field();
    record.target = field();
    record.path = field();
    record.query = field();
    record.scheme = "http";
    record.status = 200 + choices.byte();
    record.body_bytes = choices.byte();
    record.duration = std::chrono::microseconds(choices.byte() * 997);
    record.request_fields = request.list();
    record.response_fields = response.list();
    judge_text(format, record);
    judge_quotes(record);
    judge_json(format, record);
    return 0;
}
