#include "worker/http/chunk_writer.hpp"

#include <charconv>

#include "girin/base/check.hpp"
#include "worker/http/field_values.hpp"

namespace girin {

void append_chunk_head(std::string& out, std::size_t data_bytes) {
    GIRIN_CHECK(data_bytes > 0, "a chunk of no bytes would end the body");
    char line[18];
    char* end = std::to_chars(line, line + 16, data_bytes, 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    out.append(line, static_cast<std::size_t>(end - line));
}

void append_chunk(std::string& out, std::string_view data) {
    if (data.empty()) return;
    append_chunk_head(out, data.size());
    out.append(data).append(kChunkEnd);
}

Result<void> append_last_chunk(std::string& out, FieldList trailers) {
    const std::size_t begin = out.size();
    out.append("0\r\n");
    for (Field field : trailers) {
        const std::string_view value = chars::trim_blanks(field.value);
        if (!is_field_name(field.name) || !is_field_value(value)) {
            out.resize(begin);
            return Error("response trailer: invalid name, or a line break or control character in its value");
        }
        if (is_forbidden_trailer(field.name)) continue;
        out.append(field.name).append(": ").append(value).append("\r\n");
    }
    out.append("\r\n");
    return {};
}

}  // namespace girin
