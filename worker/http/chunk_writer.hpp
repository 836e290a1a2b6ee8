#pragma once

// The chunked coding of an answer's body (RFC 9112 §7.1): what stands around the data, appended to a caller's
// bytes.

#include <cstddef>
#include <string>
#include <string_view>

#include "girin/base/error.hpp"
#include "girin/http/fields.hpp"

namespace girin {

/// What ends a chunk's data.
inline constexpr std::string_view kChunkEnd = "\r\n";

/// The line before `data_bytes` of data; not 0, which would end the body.
void append_chunk_head(std::string& out, std::size_t data_bytes);

/// A whole chunk; nothing for empty data.
void append_chunk(std::string& out, std::string_view data);

/// The last chunk, the trailers and the empty line: the body's end. Trailers that may not be (RFC 9110
/// §6.5.1) are dropped. Errors: a bad name or value; `out` is then as it was.
Result<void> append_last_chunk(std::string& out, FieldList trailers = {});

}  // namespace girin
