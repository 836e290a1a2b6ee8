#include "worker/log/access_format.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "loop/base/escape.hpp"
#include "worker/log/access_atoms.hpp"

namespace girin {
namespace {

using detail::AccessStep;

/// The field behind HTTP_X_TRACE is X-TRACE; names are compared without case.
std::optional<std::string> field_of_cgi_variable(std::string_view variable) {
    constexpr std::string_view kPrefix = "HTTP_";
    const bool is_content = variable == "CONTENT_TYPE" || variable == "CONTENT_LENGTH";
    if (!is_content && !variable.starts_with(kPrefix)) return std::nullopt;
    std::string name(variable.substr(is_content ? 0 : kPrefix.size()));
    std::replace(name.begin(), name.end(), '_', '-');
    return name;
}

AccessStep field_step(AccessStep::Kind kind, std::string name) {
    AccessStep step;
    step.kind = kind;
    step.key = name;
    std::transform(step.key.begin(), step.key.end(), step.key.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    step.text = std::move(name);
    return step;
}

AccessStep atom_step(const detail::AccessAtom* atom) {
    AccessStep step;
    step.kind = AccessStep::Kind::atom;
    step.atom = atom;
    step.key = atom->json_key;
    return step;
}

AccessStep variable_step(std::string_view variable) {
    if (const auto* atom = detail::find_cgi_atom(variable)) return atom_step(atom);
    if (auto field = field_of_cgi_variable(variable)) {
        return field_step(AccessStep::Kind::request_field, std::move(*field));
    }
    AccessStep step;
    step.kind = AccessStep::Kind::constant;
    step.key = variable;
    const char* value = std::getenv(step.key.c_str());
    step.text = value ? value : "";
    return step;
}

/// What stands between "%(" and ")s".
std::optional<AccessStep> parse_atom(std::string_view atom) {
    if (atom.size() > 3 && atom[0] == '{' && atom[atom.size() - 2] == '}') {
        const std::string_view name = atom.substr(1, atom.size() - 3);
        switch (atom.back()) {
            case 'i':
                return field_step(AccessStep::Kind::request_field, std::string(name));
            case 'o':
                return field_step(AccessStep::Kind::response_field, std::string(name));
            case 'e':
                return variable_step(name);
            default:
                return std::nullopt;
        }
    }
    const auto* row = atom.size() == 1 ? detail::find_access_atom(atom) : nullptr;
    return row ? std::optional(atom_step(row)) : std::nullopt;
}

Error bad_format(std::string_view format, std::size_t at, const std::string& what) {
    return Error("access log format '" + std::string(format) + "': " + what + " at column " + std::to_string(at + 1));
}

void add_text(std::vector<AccessStep>& steps, std::string_view text) {
    if (text.empty()) return;
    if (steps.empty() || steps.back().kind != AccessStep::Kind::text) steps.emplace_back();
    steps.back().text.append(text);
}

Result<std::vector<AccessStep>> parse(std::string_view format) {
    std::vector<AccessStep> steps;
    for (std::size_t at = 0; at < format.size();) {
        const std::size_t percent = std::min(format.find('%', at), format.size());
        add_text(steps, format.substr(at, percent - at));
        if (percent == format.size()) break;
        const std::string_view rest = format.substr(percent);
        const std::size_t end = rest.find(")s");
        if (rest.starts_with("%%")) {
            add_text(steps, "%");
            at = percent + 2;
        } else if (!rest.starts_with("%(") || end == std::string_view::npos) {
            return bad_format(format, percent, "a '%' that begins no atom (write %% for a percent sign)");
        } else if (auto step = parse_atom(rest.substr(2, end - 2))) {
            steps.push_back(std::move(*step));
            at = percent + end + 2;
        } else {
            return bad_format(format, percent, "unknown atom '" + std::string(rest.substr(0, end + 2)) + "'");
        }
    }
    return steps;
}

/// Members only, each key once.
void keep_members(std::vector<AccessStep>& steps) {
    std::vector<AccessStep> members;
    for (AccessStep& step : steps) {
        const bool known = std::any_of(members.begin(), members.end(),
                                       [&step](const AccessStep& one) { return one.key == step.key; });
        if (step.kind != AccessStep::Kind::text && !known) members.push_back(std::move(step));
    }
    steps = std::move(members);
}

}  // namespace

Result<AccessFormat> AccessFormat::compile(std::string_view format, Style style) {
    if (format.empty()) format = style == Style::json ? kDefaultJsonAccessFormat : kDefaultAccessFormat;
    auto steps = parse(format);
    if (!steps) return steps.error();
    if (style == Style::json) {
        keep_members(*steps);
        if (steps->empty()) return bad_format(format, 0, "no atom, which JSON could take as a member,");
    }
    return AccessFormat(std::move(*steps), style);
}

void AccessFormat::append(std::string& out, const AccessRecord& record) {
    if (style_ == Style::json) {
        append_json(out, record);
    } else {
        append_text(out, record);
    }
}

/// Unescaped; empty when it is missing. Valid until the next call.
std::string_view AccessFormat::value_of(const AccessStep& step, const AccessRecord& record) {
    if (step.kind == AccessStep::Kind::request_field) return record.request_fields.find(step.text).value_or("");
    if (step.kind == AccessStep::Kind::response_field) return record.response_fields.find(step.text).value_or("");
    if (step.kind != AccessStep::Kind::atom) return step.text;
    value_.clear();
    const bool differs = style_ == Style::json && step.atom->append_json != nullptr;
    (differs ? step.atom->append_json : step.atom->append)(value_, record);
    return value_;
}

void AccessFormat::append_text(std::string& out, const AccessRecord& record) {
    for (const AccessStep& step : steps_) {
        const std::string_view value = value_of(step, record);
        if (step.kind == AccessStep::Kind::text) {
            out.append(value);
        } else if (value.empty()) {
            out.append("-");
        } else {
            append_escaped(out, value, Escape::quoted);
        }
    }
    out.append("\n");
}

void AccessFormat::append_json(std::string& out, const AccessRecord& record) {
    char separator = '{';
    for (const AccessStep& step : steps_) {
        out.append(1, separator).append("\"");
        append_escaped(out, step.key, Escape::json);
        out.append("\":");
        separator = ',';
        const std::string_view value = value_of(step, record);
        if (value.empty()) {
            out.append("null");
        } else if (step.atom != nullptr && step.atom->is_number) {
            out.append(value);
        } else {
            out.append("\"");
            append_escaped(out, value, Escape::json);
            out.append("\"");
        }
    }
    out.append("}\n");
}

}  // namespace girin
