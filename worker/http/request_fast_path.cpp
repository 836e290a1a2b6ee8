// RequestParser::take_plain_head(): one pass over a head that has arrived whole and has nothing unusual in it,
// which is nearly every request's.
//
// Why it is equal to the resumable way in request_parser.cpp: it never refuses. What it doesn't know it
// declines, and the other way reads the same bytes from their begin and gives the verdict. So the two could
// only differ where this one accepts, and it accepts little: a method it knows, an origin-form target,
// HTTP/1.1, names of letters, digits and "-", values of printable ASCII, at most one blank before a value and
// none behind it, every bound kept. What the fields mean is decided by the same HeadReader, and a target with
// "%" goes through split_target(). The corpus, its changed bytes (fast_path_test.cpp) and the fuzz target hold
// the two against each other: a head that comes in pieces never goes this way.

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "worker/http/byte_blocks.hpp"
#include "worker/http/chars.hpp"
#include "worker/http/head_reader.hpp"
#include "worker/http/host.hpp"
#include "worker/http/request_parser.hpp"

namespace girin {

#if defined(__SSE2__)

namespace {

constexpr std::string_view kVersionAndEnd = " HTTP/1.1\r\n";
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kFieldsEnd = "\r\n\r\n";

/// Compares as numbers: a constant size becomes one or two instructions.
template <std::size_t Size>
bool begins_with(const char* bytes, const char (&word)[Size]) {
    return std::memcmp(bytes, word, Size - 1) == 0;
}

/// The size of the method, which a blank follows; 0: none of these. CONNECT isn't: its target is no path.
std::size_t plain_method_size(const char* bytes) {
    if (begins_with(bytes, "GET ")) return 3;
    if (begins_with(bytes, "POST ")) return 4;
    if (begins_with(bytes, "HEAD ")) return 4;
    if (begins_with(bytes, "PUT ")) return 3;
    if (begins_with(bytes, "DELETE ")) return 6;
    if (begins_with(bytes, "PATCH ")) return 5;
    if (begins_with(bytes, "OPTIONS ")) return 7;
    return 0;
}

/// Reads one head; every function returns false for what isn't plain, which ends it.
class PlainHead {
  public:
    PlainHead(std::string_view text, const Limits& limits, RequestHead& head, std::vector<FieldSlot>& slots,
              HeadReader& reader)
        : text_(text), blocks_(text), line_bytes_(limits.request_line_bytes), field_bytes_(limits.request_field_bytes),
          fields_(limits.request_fields), head_(head), slots_(slots), reader_(reader) {}

    bool read(std::size_t method_size) { return read_request_line(method_size) && read_fields(); }
    /// After read(): the head's size.
    std::size_t end() const { return at_; }

  private:
    bool read_request_line(std::size_t method_size);
    std::size_t read_target(std::size_t begin, std::string_view method);
    bool read_fields();
    bool read_field();
    bool tell_reader(std::string_view name, std::string_view value);
    bool is_plain_host(std::string_view value) const;

    bool has_at(std::size_t at, std::string_view word) const {
        return std::memcmp(text_.data() + at, word.data(), word.size()) == 0;
    }

    const std::string_view text_;
    const ByteBlocks blocks_;
    const std::size_t line_bytes_, field_bytes_, fields_;
    RequestHead& head_;
    std::vector<FieldSlot>& slots_;
    HeadReader& reader_;
    std::size_t at_ = 0;
};

bool PlainHead::read_request_line(std::size_t method_size) {
    if (text_[method_size + 1] != '/') return false;
    head_.method = {text_.data(), method_size};
    const std::size_t begin = method_size + 1, end = read_target(begin, head_.method);
    if (end == 0 || text_.size() - end < kVersionAndEnd.size() + kLineEnd.size()) return false;
    if (!has_at(end, kVersionAndEnd)) return false;
    at_ = end + kVersionAndEnd.size();
    head_.raw_target = {text_.data() + begin, end - begin};
    head_.version = HttpVersion::http_1_1;
    return at_ - kLineEnd.size() <= line_bytes_;
}

/// Splits the target, and tells where it ends; 0: it isn't plain.
std::size_t PlainHead::read_target(std::size_t begin, std::string_view method) {
    const std::size_t mark = blocks_.find<&ByteBlock::not_plain_path>(begin);
    if (mark == text_.size()) return 0;
    std::size_t end = mark;
    if (text_[mark] == '?') end = blocks_.find<&ByteBlock::not_target>(mark + 1);
    if (end == text_.size()) return 0;
    if (text_[end] == '%') {
        end = blocks_.find<&ByteBlock::not_target>(end);
        return split_target(method, text_.substr(begin, end - begin), head_.target) ? 0 : end;
    }
    Target& target = head_.target;
    target.form = TargetForm::origin;
    target.scheme = {};
    target.authority = {};
    target.path = {text_.data() + begin, mark - begin};
    target.has_query = end != mark;
    target.query = target.has_query ? std::string_view(text_.data() + mark + 1, end - mark - 1) : std::string_view();
    target.encoded = false;
    return end;
}

/// The field lines, and the empty line behind them. At at_ there are always two more bytes to look at:
/// whoever moves it has checked.
bool PlainHead::read_fields() {
    while (!has_at(at_, kLineEnd)) {
        if (!read_field()) return false;
    }
    at_ += kLineEnd.size();
    return true;
}

bool PlainHead::read_field() {
    // Neither search waits for the other: where the next line begins is what the rest of the head waits for.
    const std::size_t end = blocks_.find<&ByteBlock::not_printable>(at_);
    if (text_.size() - end < kFieldsEnd.size() || !has_at(end, kLineEnd)) return false;
    const std::size_t colon = blocks_.find<&ByteBlock::not_word>(at_);
    if (text_[colon] != ':' || colon == at_) return false;
    const std::size_t begin = colon + (text_[colon + 1] == ' ' ? 2 : 1);
    if (end != begin && (text_[begin] == ' ' || text_[end - 1] == ' ')) return false;
    if (end - at_ > field_bytes_ || slots_.size() == fields_) return false;
    slots_.push_back({static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(colon - at_),
                      static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)});
    const std::string_view name(text_.data() + at_, colon - at_), value(text_.data() + begin, end - begin);
    at_ = end + kLineEnd.size();
    return !HeadReader::may_decide(name) || tell_reader(name, value);
}

bool PlainHead::tell_reader(std::string_view name, std::string_view value) {
    if (!chars::equal_no_case(name, "host")) return !reader_.read(name, value);
    return !reader_.read_host(value, is_plain_host(value) || is_host(value));
}

/// A name or an IPv4 address, with up to four digits of a port: what is_host() would say yes to.
bool PlainHead::is_plain_host(std::string_view value) const {
    const auto begin = static_cast<std::size_t>(value.data() - text_.data());
    const std::size_t name_size = blocks_.find<&ByteBlock::not_host_word>(begin) - begin;
    if (name_size == 0) return false;
    if (name_size == value.size()) return true;  // the line's CR ended it
    return value[name_size] == ':' && value.size() - name_size <= 5 &&
           chars::all(value.substr(name_size + 1), chars::kDigit);
}

}  // namespace

/// True: the head is complete. False: its body is too large (Stage::failed), or it's for the other way to read,
/// which writes everything again that was written here.
bool RequestParser::take_plain_head(std::string_view bytes) {
    const std::string_view text(bytes.data(), std::min({bytes.size(), limits_.request_head_bytes, kOffsetMax}));
    if (text.size() < ByteBlock::kSize) return false;
    const std::size_t method_size = plain_method_size(text.data());
    if (method_size == 0) return false;
    begin_request();
    HeadReader reader(HttpVersion::http_1_1, head_);
    PlainHead plain(text, limits_, head_, slots_, reader);
    if (!plain.read(method_size) || reader.conclude()) {
        forget_request();  // the other way may wait for more, and these bytes move meanwhile
        return false;
    }
    head_.bytes = {text.data(), plain.end()};
    head_.fields = FieldList(text.data(), slots_);
    return accept_head();
}

#else  // the resumable way reads everything

bool RequestParser::take_plain_head(std::string_view) { return false; }

#endif

}  // namespace girin
