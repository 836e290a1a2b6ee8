#include "worker/http/request_head.hpp"

#include "worker/http/head_reader.hpp"

namespace girin {

ParseError decide(HttpVersion version, FieldList fields, HeadDecisions& decisions) {
    decisions = HeadDecisions();
    HeadReader reader(version, decisions);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const Field field = fields[i];
        if (!HeadReader::may_decide(field.name)) continue;
        if (ParseError error = reader.read(field.name, field.value)) return error;
    }
    return reader.conclude();
}

void RequestHead::choose_host() {
    if (!target.authority.empty()) host = target.authority;
}

void RequestHead::moved_to(const char* begin) {
    fields = fields.moved_to(begin);
    if (!host.empty()) host = fields.find("host").value_or(std::string_view());
    raw_target = {begin + (raw_target.data() - bytes.data()), raw_target.size()};
    method = {begin, method.size()};
    bytes = {begin, bytes.size()};
    split_target(method, raw_target, target);  // passed once, so it passes again
    choose_host();
}

}  // namespace girin
